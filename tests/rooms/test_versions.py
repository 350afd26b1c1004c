"""Law 3, as a table and as an order: among webhooks, and between them and pulls."""

from dataclasses import replace
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
    return Version(
        updated_at=updated_at, partial=partial, triggered_at=triggered_at, sha256=sha256, known_at=OLD
    )


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


def pull(
    updated_at: datetime = OLD, asked: float = 0, sha256: bytes = b"p", *, partial: bool = False
) -> Version:
    return Version(
        updated_at=updated_at,
        partial=partial,
        triggered_at=None,
        sha256=sha256,
        pulled=True,
        known_at=instant(asked),
    )


def webhook(
    updated_at: datetime = OLD, received: float = 0, sha256: bytes = b"w", *, partial: bool = False
) -> Version:
    return Version(
        updated_at=updated_at,
        partial=partial,
        triggered_at=OLD,
        sha256=sha256,
        known_at=instant(received),
    )


DOUBTFUL = Decision(False, Outcome.STALE, doubtful=True)
WITH_PULLS: dict[str, tuple[Version | None, Version, Decision]] = {
    "the first body, pulled": (None, pull(), CACHED),
    "a newer pull": (webhook(OLD, 9), pull(NEW, 0), CACHED),
    "an older pull, asked later": (webhook(NEW, 0), pull(OLD, 9), STALE),
    "a newer webhook, received earlier": (pull(OLD, 9), webhook(NEW, 0), CACHED),
    "an older webhook, received later": (pull(NEW, 0), webhook(OLD, 9), STALE),
    "as new, a pull asked after the webhook came": (webhook(OLD, 1), pull(OLD, 2), CACHED),
    "as new, a webhook that came before the pull was asked": (pull(OLD, 2), webhook(OLD, 1), STALE),
    "as new, a webhook that came after the pull was asked": (pull(OLD, 1), webhook(OLD, 2), DOUBTFUL),
    "as new, a pull asked before the webhook came": (webhook(OLD, 2), pull(OLD, 1), DOUBTFUL),
    "as new, at the very instant that the pull was asked": (pull(OLD, 2), webhook(OLD, 2), DOUBTFUL),
    "as new, a whole pull asked before the partial webhook came": (
        webhook(OLD, 2, partial=True),
        pull(OLD, 1),
        Decision(True, Outcome.CACHED, doubtful=True),
    ),
    "as new, a partial webhook after the pull": (pull(OLD, 1), webhook(OLD, 2, partial=True), DOUBTFUL),
    "as new, a partial pull asked after a whole webhook": (
        webhook(OLD, 1),
        pull(OLD, 2, partial=True),
        STALE,
    ),
    "as new, a whole webhook that came before a partial pull": (
        pull(OLD, 2, partial=True),
        webhook(OLD, 1),
        CACHED,
    ),
    "as new, a pull asked later": (pull(OLD, 1), pull(OLD, 2, b"q"), CACHED),
    "as new, twice in one answer and not the same": (
        pull(OLD, 1),
        pull(OLD, 1, b"q"),
        Decision(False, Outcome.STALE, tied=True),
    ),
    "as new, a pull asked earlier": (pull(OLD, 2), pull(OLD, 1, b"q"), STALE),
    "as new, a whole pull asked earlier than a partial one": (
        pull(OLD, 2, partial=True),
        pull(OLD, 1, b"q"),
        CACHED,
    ),
    "the same bytes, now known to be whole": (pull(OLD, 1, partial=True), pull(OLD, 2), CACHED),
    "the same bytes, now in doubt": (
        pull(OLD, 1),
        pull(OLD, 2, partial=True),
        Decision(False, Outcome.UNCHANGED),
    ),
    "the same bytes, pulled again": (pull(OLD, 1), pull(OLD, 2), Decision(False, Outcome.UNCHANGED)),
}


@pytest.mark.parametrize("what", WITH_PULLS)
def test_pulls_and_webhooks_follow_the_table(what: str) -> None:
    held, incoming, decision = WITH_PULLS[what]
    assert decide(held, incoming) == decision


few_instants = st.sampled_from([instant(-1), instant(0), instant(0.000001)])
versions = st.builds(
    Version,
    updated_at=few_instants,
    partial=st.booleans(),
    triggered_at=st.none() | few_instants,
    sha256=st.sampled_from([b"a", b"b", b"c", b"d"]),
    known_at=few_instants,
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


anything = st.builds(
    Version,
    updated_at=few_instants,
    partial=st.booleans(),
    triggered_at=st.none() | few_instants,
    sha256=st.sampled_from([b"a", b"b", b"c", b"d"]),
    pulled=st.booleans(),
    known_at=few_instants,
)


@given(anything, anything)
def test_with_pulls_too_the_larger_updated_at_wins(one: Version, other: Version) -> None:
    if one.updated_at < other.updated_at and one.sha256 != other.sha256:
        assert decide(one, other) == CACHED
        assert decide(other, one) == STALE


@given(anything, anything)
def test_with_pulls_too_two_bodies_end_the_same_in_both_orders_or_are_doubtful(
    one: Version, other: Version
) -> None:
    if one.sha256 == other.sha256 or (one.pulled and other.pulled and _rank(one) == _rank(other)):
        return
    forth, back = decide(one, other), decide(other, one)
    assert forth.doubtful is back.doubtful
    assert forth.doubtful or forth.replaces is not back.replaces


@given(anything, st.floats(0.001, 9), st.booleans())
def test_a_pull_beats_every_webhook_of_its_instant_that_came_before_it_was_asked(
    any_version: Version, seconds: float, partial: bool
) -> None:
    came = replace(any_version, pulled=False, partial=partial)
    pulled = pull(came.updated_at, asked=2 + seconds, sha256=b"p")
    assert decide(came, pulled) == CACHED
    assert decide(pulled, came) == STALE


def _rank(version: Version) -> tuple[object, ...]:
    return version.updated_at, version.partial, version.known_at
