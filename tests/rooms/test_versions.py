"""Law 3 among webhooks, as a table and as an order."""

from datetime import datetime
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backroom.cache.versions import Decision, Outcome, Version, decide
from tests.house import instant

OLD, NEW = instant(0), instant(1)
CACHED = Decision(True, Outcome.CACHED)
STALE = Decision(False, Outcome.STALE)


def version(
    updated_at: datetime = OLD,
    triggered_at: datetime | None = OLD,
    sha256: bytes = b"b",
    *,
    partial: bool = False,
) -> Version:
    return Version(updated_at=updated_at, partial=partial, triggered_at=triggered_at, sha256=sha256)


TABLE: dict[str, tuple[Version | None, Version, Decision]] = {
    "the first body": (None, version(), CACHED),
    "the first body, partial": (None, version(partial=True, triggered_at=None), CACHED),
    "a newer one": (version(OLD), version(NEW, sha256=b"a"), CACHED),
    "an older one": (version(NEW), version(OLD, sha256=b"c"), STALE),
    "newer by a microsecond": (version(instant(0)), version(instant(0.000001), sha256=b"a"), CACHED),
    "a newer one, triggered earlier": (version(OLD, NEW), version(NEW, OLD, b"a"), CACHED),
    "a newer one, partial": (version(OLD), version(NEW, sha256=b"a", partial=True), CACHED),
    "an older one, whole": (version(NEW, partial=True), version(OLD, sha256=b"c"), STALE),
    "as new, whole against partial": (version(partial=True), version(triggered_at=None, sha256=b"a"), CACHED),
    "as new, partial against whole": (version(OLD, NEW), version(sha256=b"c", partial=True), STALE),
    "as new, partial against whole, triggered later": (
        version(),
        version(triggered_at=NEW, sha256=b"c", partial=True),
        Decision(False, Outcome.STALE, overruled=True),
    ),
    "as new, triggered later": (version(OLD, OLD), version(OLD, NEW, b"a"), CACHED),
    "as new, triggered earlier": (version(OLD, NEW), version(OLD, OLD, b"c"), STALE),
    "as new, held was never triggered": (version(OLD, None), version(OLD, OLD, b"a"), CACHED),
    "as new, never triggered": (version(OLD, OLD), version(OLD, None, b"c"), STALE),
    "a tie, larger hash": (version(), version(sha256=b"c"), Decision(True, Outcome.CACHED, True)),
    "a tie, smaller hash": (version(), version(sha256=b"a"), Decision(False, Outcome.STALE, True)),
    "a tie without triggers": (
        version(OLD, None),
        version(OLD, None, b"c"),
        Decision(True, Outcome.CACHED, True),
    ),
    "the same bytes": (version(), version(), Decision(False, Outcome.UNCHANGED)),
    "the same bytes, triggered later": (
        version(OLD, OLD),
        version(OLD, NEW),
        Decision(False, Outcome.UNCHANGED),
    ),
}


@pytest.mark.parametrize("what", TABLE)
def test_the_newer_body_stays(what: str) -> None:
    held, incoming, decision = TABLE[what]
    assert decide(held, incoming) == decision


few_instants = st.sampled_from([instant(-1), instant(0), instant(0.000001)])
versions = st.builds(
    Version,
    updated_at=few_instants,
    partial=st.booleans(),
    triggered_at=st.none() | few_instants,
    sha256=st.sampled_from([b"a", b"b", b"c", b"d"]),
)
different = st.lists(versions, min_size=2, max_size=4, unique_by=lambda each: each.sha256)


def newer(held: Version, incoming: Version) -> Version:
    return incoming if decide(held, incoming).replaces else held


@given(different)
def test_of_two_bodies_exactly_one_is_newer(bodies: list[Version]) -> None:
    one, other = bodies[:2]
    assert decide(one, other).replaces is not decide(other, one).replaces
    assert decide(one, other).tied is decide(other, one).tied


@given(different)
def test_newer_than_newer_is_newer(bodies: list[Version]) -> None:
    for first, second, third in permutations(bodies, 3):
        if decide(first, second).replaces and decide(second, third).replaces:
            assert decide(first, third).replaces


@given(different)
def test_the_winner_does_not_depend_on_the_order(bodies: list[Version]) -> None:
    assert len({reduce(newer, order) for order in permutations(bodies)}) == 1


@given(different)
def test_the_winner_has_the_largest_updated_at(bodies: list[Version]) -> None:
    assert reduce(newer, bodies).updated_at == max(body.updated_at for body in bodies)


@given(versions)
def test_a_body_never_replaces_itself(body: Version) -> None:
    assert decide(body, body) == Decision(False, Outcome.UNCHANGED)
