"""A cache row and what arrives: bodies, marks, wants."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backroom.cache.rows import Body, CacheRow, Origin, copy_of
from backroom.cache.versions import Outcome, Version
from backroom.vocabulary.ids import DeliveryId, RunId
from tests.house import instant

_deliveries = count(1)
LATER = instant(1000)


def origin(triggered: float | None = None, *, topic: str = "products/update") -> Origin:
    """A delivery; each is received a second after the one made before."""
    number = next(_deliveries)
    return Origin(
        delivery_id=DeliveryId(number),
        topic=topic,
        triggered_at=None if triggered is None else instant(triggered),
        received_at=instant(10_000 + number),
    )


def body(raw: bytes = b"one", *, at: float = 0, by: Origin | None = None, partial: bool = False) -> Body:
    version = Version(
        updated_at=instant(at),
        partial=partial,
        triggered_at=by.triggered_at if by else None,
        sha256=hashlib.sha256(raw).digest(),
        known_at=by.received_at if by else instant(0),
    )
    return Body(raw=raw, version=version, lookups={"title": raw.decode()})


def empty() -> CacheRow:
    return CacheRow(
        key=(1,), lookups={}, last_synced_at=instant(0), received_at=instant(0), processed_at=instant(0)
    )


def held(**changed: object) -> CacheRow:
    """A row that was processed."""
    row = empty()
    row.take_body(body(b"one"), origin())
    row.processed_at, row.new_body = LATER, None
    for name, value in changed.items():
        setattr(row, name, value)
    return row


def test_the_first_body_makes_the_row() -> None:
    row, by = empty(), origin(5)
    assert row.take_body(body(b"one", at=3, by=by), by) is Outcome.CACHED
    assert (row.new_body, row.revision, row.processed_at) == (b"one", 1, None)
    assert (row.updated_at, row.triggered_at, row.received_at) == (instant(3), instant(5), by.received_at)
    assert (row.delivery_id, row.topic, row.lookups) == (by.delivery_id, by.topic, {"title": "one"})
    assert row.body_sha256 == hashlib.sha256(b"one").digest()
    assert row.wanted_at is None


def test_a_newer_body_is_a_new_revision_to_process() -> None:
    row = held()
    assert row.take_body(body(b"two", at=1), origin()) is Outcome.CACHED
    assert (row.new_body, row.revision, row.processed_at) == (b"two", 2, None)


def test_an_older_body_changes_nothing_but_the_sign_of_life() -> None:
    row = held(updated_at=instant(5))
    before, late = copy_of(row), origin()
    assert row.take_body(body(b"two", at=1), late) is Outcome.STALE
    assert row.last_synced_at == late.received_at
    row.last_synced_at = before.last_synced_at
    assert row == before


def test_equal_content_is_not_processed_again_but_advances_the_version() -> None:
    row, again = held(triggered_at=instant(1)), origin(7)
    assert row.take_body(body(b"one", by=again), again) is Outcome.UNCHANGED
    assert (row.processed_at, row.revision, row.new_body) == (LATER, 1, None)
    assert row.triggered_at == instant(7)
    early = origin(3)
    assert row.take_body(body(b"one", by=early), early) is Outcome.UNCHANGED
    assert row.triggered_at == instant(7)


def test_an_advanced_version_keeps_out_what_was_triggered_before() -> None:
    row, again, between = held(triggered_at=instant(1)), origin(9), origin(5)
    row.take_body(body(b"one", by=again), again)
    assert row.take_body(body(b"two", by=between), between) is Outcome.STALE


def test_two_different_bodies_of_one_instant_want_a_refetch_whoever_stays() -> None:
    for first, second in ((b"one", b"two"), (b"two", b"one")):
        row = empty()
        row.take_body(body(first), origin())
        late = origin()
        row.take_body(body(second), late)
        assert (row.wanted_at, row.wanted_updated_at) == (late.received_at, instant(0))
        assert row.body_sha256 == max(hashlib.sha256(raw).digest() for raw in (b"one", b"two"))


def test_a_partial_body_wants_a_refetch() -> None:
    row, by = empty(), origin()
    assert row.take_body(body(partial=True), by) is Outcome.CACHED
    assert (row.partial, row.wanted_at, row.wanted_updated_at) == (True, by.received_at, instant(0))


@pytest.mark.parametrize(
    ("whole", "partial", "wants"),
    [(1.0, 2.0, True), (2.0, 1.0, False), (None, None, True), (1.0, None, False)],
)
def test_a_partial_body_of_the_same_instant_gives_way_but_not_unheard(
    whole: float | None, partial: float | None, wants: bool
) -> None:
    row, by = empty(), origin(partial)
    row.take_body(body(b"one", by=origin(whole)), origin(whole))
    assert row.take_body(body(b"two", by=by, partial=True), by) is Outcome.STALE
    assert (row.new_body, row.wanted_at is not None) == (b"one", wants)


def test_a_stale_partial_body_wants_nothing() -> None:
    row = held(updated_at=instant(5))
    row.take_body(body(b"two", at=1, partial=True), origin())
    assert row.wanted_at is None


def test_a_deletion_is_a_mark_beside_the_body() -> None:
    row, gone = held(), origin(3, topic="products/delete")
    assert row.take_deletion(gone) is Outcome.CACHED
    assert (row.deleted_at, row.deleted_delivery_id, row.deleted_topic) == (
        instant(3),
        gone.delivery_id,
        "products/delete",
    )
    assert (row.revision, row.processed_at, row.new_body) == (2, None, None)
    assert row.body_sha256 == hashlib.sha256(b"one").digest()


def test_a_deletion_without_a_trigger_is_of_the_instant_it_was_received() -> None:
    row, gone = held(), origin()
    row.take_deletion(gone)
    assert row.deleted_at == gone.received_at


def test_the_first_deletion_counts() -> None:
    row = held()
    row.take_deletion(origin(3))
    row.processed_at = LATER
    before = copy_of(row)
    assert row.take_deletion(origin(9)) is Outcome.UNCHANGED
    assert (row.deleted_at, row.revision, row.processed_at) == (before.deleted_at, 2, LATER)


def test_a_body_after_a_deletion_is_kept_and_wants_a_refetch_and_the_mark_stays() -> None:
    row = held()
    row.take_deletion(origin(3))
    late = origin(9)
    assert row.take_body(body(b"two", at=9, by=late), late) is Outcome.CACHED
    assert (row.new_body, row.deleted_at, row.wanted_at) == (b"two", instant(3), late.received_at)


def test_a_deletion_before_any_body_is_remembered() -> None:
    row = empty()
    row.take_deletion(origin(3))
    assert row.take_body(body(), origin(1)) is Outcome.CACHED
    assert row.deleted_at == instant(3)
    assert row.wanted_at is not None


def test_a_want_leaves_the_body_and_the_work_alone() -> None:
    row = held()
    before, by = copy_of(row), origin()
    assert row.take_want("a reason", by) is Outcome.REFETCH
    assert (row.wanted_at, row.wanted_reason, row.wanted_updated_at) == (by.received_at, "a reason", None)
    row.wanted_at = row.wanted_reason = None
    assert row == before


def test_wants_only_grow() -> None:
    row = held()
    row.want("first", instant(5), instant(50))
    row.want("second", instant(3), instant(40))
    row.want("third", instant(4), None)
    assert (row.wanted_at, row.wanted_updated_at, row.wanted_reason) == (instant(5), instant(50), "third")


def test_a_new_revision_revives_the_dead_and_forgets_their_attempts() -> None:
    takes: list[Callable[[CacheRow], Outcome]] = [
        lambda row: row.take_body(body(b"two", at=1), origin()),
        lambda row: row.take_deletion(origin()),
    ]
    for take in takes:
        row = held(dead_at=LATER, attempts=6, processing_error="broken", next_attempt_at=LATER)
        take(row)
        assert (row.dead_at, row.attempts, row.processing_error, row.next_attempt_at) == (None, 0, None, None)


def test_what_brings_nothing_new_revives_nobody() -> None:
    row = held(dead_at=LATER, attempts=6, processing_error="broken", processed_at=None)
    row.take_body(body(b"one"), origin())
    row.take_want("a reason", origin())
    assert (row.dead_at, row.attempts, row.processing_error) == (LATER, 6, "broken")


def test_a_copy_is_not_the_row() -> None:
    row = held()
    copied = copy_of(row)
    row.lookups["title"] = "changed"
    row.revision = 99
    assert (copied.lookups["title"], copied.revision) == ("one", 1)


def asked(at: float, run: int = 7) -> Origin:
    return Origin(run_id=RunId(run), received_at=instant(10_000 + at))


def pulled(raw: bytes = b"one", *, at: float = 0, by: Origin, partial: bool = False) -> Body:
    version = Version(
        updated_at=instant(at),
        partial=partial,
        triggered_at=None,
        sha256=hashlib.sha256(raw).digest(),
        pulled=True,
        known_at=by.received_at,
    )
    return Body(raw=raw, version=version, lookups={}, shape="graphql")


def same(_row: CacheRow, _body: Body) -> bool:
    return True


FAR = 1_000_000.0
"""Later than whatever a test delivers."""


def test_a_pulled_body_says_which_run_brought_it_and_when_it_was_asked() -> None:
    row, by = held(), asked(FAR)
    assert row.take_fetched(pulled(b"two", at=1, by=by), by) is Outcome.CACHED
    assert (row.source, row.shape, row.run_id, row.received_at) == ("pull", "graphql", 7, by.received_at)
    assert (row.delivery_id, row.topic, row.triggered_at) == (None, None, None)


def test_a_webhook_after_a_pull_is_a_webhook_again() -> None:
    row, by = held(), asked(0)
    row.take_fetched(pulled(b"two", at=1, by=by), by)
    row.take_body(body(b"three", at=2), origin())
    assert (row.source, row.shape, row.run_id) == ("webhook", "rest", None)


def test_a_want_is_answered_by_a_fetch_asked_after_it() -> None:
    row = held(wanted_at=instant(10_500), wanted_reason="a reason", want_attempts=3)
    early, late = asked(499), asked(501)
    row.take_fetched(pulled(b"two", at=1, by=early), early)
    assert row.wanted_at == instant(10_500)
    row.take_fetched(pulled(b"two", at=1, by=late), late)
    assert [row.wanted_at, row.wanted_reason, row.want_attempts] == [None, None, 0]


@pytest.mark.parametrize(("at", "answered"), [(8, False), (9, True), (10, True)])
def test_a_want_is_answered_by_nothing_older_than_the_body_that_wanted(at: float, answered: bool) -> None:
    row, by = held(wanted_at=instant(5), wanted_updated_at=instant(9)), asked(FAR)
    row.take_fetched(pulled(b"two", at=at, by=by), by)
    assert (row.wanted_at is None) is answered


def test_a_want_is_answered_by_nothing_older_than_the_body_held() -> None:
    row, by = held(updated_at=instant(9), wanted_at=instant(5)), asked(FAR)
    assert row.take_fetched(pulled(b"two", at=8, by=by), by) is Outcome.STALE
    assert row.wanted_at == instant(5)


def test_a_wanting_body_without_a_version_does_not_count() -> None:
    row, by = held(), asked(FAR)
    row.take_want("only an id", origin())
    row.take_fetched(pulled(b"two", at=-5, by=by), by)
    assert row.wanted_at is not None, "what is held is newer"
    row.take_fetched(pulled(b"two", at=0, by=by), by)
    assert row.wanted_at is None


def test_a_fetch_that_is_not_whole_answers_nothing() -> None:
    row, by = held(wanted_at=instant(5)), asked(FAR)
    row.take_fetched(pulled(b"two", at=1, by=by, partial=True), by)
    assert row.wanted_at is not None
    assert row.partial


def test_the_same_bytes_now_whole_make_the_row_whole_and_dirty() -> None:
    row, first, again = empty(), asked(FAR), asked(FAR + 1)
    row.take_fetched(pulled(by=first, partial=True), first)
    assert row.take_fetched(pulled(by=again), again) is Outcome.CACHED
    assert [row.partial, row.wanted_at, row.revision] == [False, None, 2]


def test_how_often_a_want_was_not_answered_is_remembered_until_it_is() -> None:
    row, by = held(), origin()
    row.take_want("a reason", by)
    row.put_off_want(3, LATER)
    row.take_want("another one", origin())
    assert (row.want_attempts, row.want_next_at) == (3, None), "due at once, and patient again after it"


def test_every_pull_that_mentions_it_says_when_it_was_asked() -> None:
    row, by = held(updated_at=instant(9)), asked(FAR)
    assert row.take_fetched(pulled(b"older", by=by), by) is Outcome.STALE
    assert row.pulled_at == by.received_at
    row.take_body(body(b"two", at=10), origin())
    assert row.pulled_at == by.received_at


def test_a_differing_webhook_of_the_pulls_instant_wants_a_refetch_asked_after_both() -> None:
    row, by = empty(), asked(0)
    row.take_fetched(pulled(b"pulled", by=by), by)
    late = origin()
    assert row.take_body(body(b"webhook", by=late), late) is Outcome.STALE
    assert (row.new_body, row.wanted_at) == (b"pulled", late.received_at)
    answer = asked(FAR)
    row.take_fetched(pulled(b"pulled", by=answer), answer)
    assert row.wanted_at is None


def test_a_pull_asked_before_a_differing_webhook_came_leaves_it_and_wants_a_refetch() -> None:
    row, late, by = empty(), origin(), asked(-1)
    row.take_body(body(b"webhook", by=late), late)
    assert row.take_fetched(pulled(b"pulled", by=by), by) is Outcome.STALE
    assert (row.new_body, row.wanted_at) == (b"webhook", late.received_at)


def test_a_webhook_that_says_the_same_as_the_pull_wants_nothing() -> None:
    row, by, late = empty(), asked(0), origin()
    row.take_fetched(pulled(b"pulled", by=by), by)
    assert row.take_body(body(b"webhook", by=late), late, same) is Outcome.UNCHANGED
    assert (row.new_body, row.wanted_at) == (b"pulled", None)


def test_equal_content_pulled_again_keeps_out_webhooks_from_before() -> None:
    row, first, again, between = empty(), asked(-5), asked(FAR), origin()
    row.take_fetched(pulled(b"pulled", by=first), first)
    assert row.take_fetched(pulled(b"pulled", by=again), again) is Outcome.UNCHANGED
    assert row.take_body(body(b"webhook", by=between), between) is Outcome.STALE
    assert row.wanted_at is None


def test_only_a_fetch_asked_after_the_deletion_clears_its_mark() -> None:
    row, gone = held(), origin(3)
    row.take_deletion(gone)
    early, late = asked(-1), asked(FAR)
    row.take_fetched(pulled(b"two", at=1, by=early), early)
    assert (row.deleted_at, row.wanted_at) == (instant(3), early.received_at)
    row.take_fetched(pulled(b"two", at=1, by=late), late)
    assert [row.deleted_at, row.deleted_delivery_id, row.wanted_at] == [None, None, None]
    assert row.processed_at is None, "it is dirty again"


def test_a_stale_copy_of_what_was_deleted_does_not_bring_it_back() -> None:
    row, by = held(updated_at=instant(9)), asked(FAR)
    row.take_deletion(origin(3))
    row.take_fetched(pulled(b"two", at=8, by=by), by)
    assert row.deleted_at == instant(3)


def test_what_is_absent_when_asked_by_id_is_deleted() -> None:
    row, by = held(wanted_at=instant(5)), asked(FAR)
    assert row.take_absence(by) is Outcome.CACHED
    assert [row.deleted_at, row.deleted_run_id, row.wanted_at] == [by.received_at, 7, None]
    assert row.revision == 2, "it is dirty again"
    assert row.take_absence(asked(FAR + 1)) is Outcome.UNCHANGED


def test_an_absence_asked_before_the_last_body_or_want_came_says_nothing() -> None:
    by = asked(-1)
    row = held()
    assert row.take_absence(by) is Outcome.STALE
    assert row.deleted_at is None
    wanting = empty()
    wanting.take_want("only an id", origin())
    assert wanting.take_absence(by) is Outcome.STALE
    assert [wanting.deleted_at, wanting.wanted_reason] == [None, "only an id"]


contents = st.sampled_from([(b"a", 0.0, False), (b"b", 0.0, False), (b"c", 0.0, True), (b"d", 1.0, False)])
arrivals = st.lists(st.tuples(contents, st.sampled_from([None, 0.0, 1.0, 2.0])), min_size=1, max_size=6)


def final(
    schedule: list[tuple[tuple[bytes, float, bool], float | None]],
) -> tuple[bytes | None, datetime | None]:
    row = empty()
    for (raw, at, partial), triggered in schedule:
        by = origin(triggered)
        row.take_body(body(raw, at=at, by=by, partial=partial), by)
    return row.new_body, row.updated_at


@given(arrivals, st.randoms(use_true_random=False))
def test_any_order_and_repetition_ends_with_the_same_body(
    schedule: list[tuple[tuple[bytes, float, bool], float | None]], random: Random
) -> None:
    shuffled = [*schedule, *schedule[:2]]
    random.shuffle(shuffled)
    assert final(shuffled) == final(schedule)
