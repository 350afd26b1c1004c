"""Law 4: a delete is a mark beside the body; later bodies replace it, inactive and wanting a refetch."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house import House, instant
from tests.laws.specimen import Specimen, State
from tests.laws.specimens import Event, deletion, event, those, wanted

those_that_reconnect = those(lambda specimen: specimen.resource.reconnects)


def test_a_delete_makes_the_rows_inactive_and_keeps_the_body(house: House, specimen: Specimen) -> None:
    sent = event(specimen, specimen.whole(State(1, 0)), "create")
    sent.deliver(house)
    house.settle()
    deletion(specimen, 1, "delete", triggered=50).deliver(house)
    house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert specimen.active_rows(house) == {}
    assert bytes(cached["raw_data"]) == sent.body
    assert cached["deleted_at"] == instant(50)
    assert wanted(house, specimen) == set()


def test_a_body_newer_than_its_deletion_is_kept_but_stays_inactive(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 0)), "create").deliver(house)
    deletion(specimen, 1, "delete").deliver(house)
    house.settle()
    late = event(specimen, specimen.whole(State(1, 9, look=1)), "late")
    late.deliver(house)
    house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert specimen.active_rows(house) == {}
    assert bytes(cached["raw_data"]) == late.body
    assert cached["deleted_at"] is not None
    assert wanted(house, specimen) == {1}


def test_a_create_that_comes_after_its_delete_brings_nothing_back(house: House, specimen: Specimen) -> None:
    deletion(specimen, 1, "delete").deliver(house)
    house.settle()
    event(specimen, specimen.whole(State(1, 0)), "create").deliver(house)
    house.settle()

    assert specimen.active_rows(house) == {}
    assert wanted(house, specimen) == {1}


def test_a_second_delete_changes_nothing(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 0)), "create").deliver(house)
    deletion(specimen, 1, "delete").deliver(house)
    house.settle()
    before = len(house.changes())
    deletion(specimen, 1, "again").deliver(house)
    house.settle()

    assert house.deliveries()[-1]["outcome"] == "unchanged"
    assert len(house.changes()) == before


def test_the_delete_of_something_unknown_is_remembered(house: House, specimen: Specimen) -> None:
    deletion(specimen, 1, "delete").deliver(house)
    house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert cached["deleted_at"] is not None
    assert cached["raw_data"] is None
    assert cached["processed_at"] is not None


def test_only_a_fetch_asked_after_the_deletion_brings_the_rows_back(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 0)), "create").deliver(house)
    house.settle()
    before = house.ask()
    deletion(specimen, 1, "delete").deliver(house)
    house.settle()

    house.fetched(specimen.resource, specimen.pulled(State(1, 1)), asked_at=before)
    house.settle()
    assert specimen.active_rows(house) == {}, "it was there when the question was asked, and is gone since"
    assert wanted(house, specimen) == {1}

    house.fetched(specimen.resource, specimen.pulled(State(1, 1)))
    house.settle()
    assert 1 in specimen.active_rows(house)
    assert wanted(house, specimen) == set()


def test_what_shopify_has_nothing_under_is_deleted(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 0)), "create").deliver(house)
    event(specimen, specimen.bare(1), "only an id").deliver(house)
    house.settle()
    house.fetched(specimen.resource, absent=[specimen.key(1)])
    house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert specimen.active_rows(house) == {}
    assert cached["deleted_at"] is not None
    assert wanted(house, specimen) == set()


def test_an_absence_from_before_the_newest_body_deletes_nothing(house: House, specimen: Specimen) -> None:
    before = house.ask()
    event(specimen, specimen.whole(State(1, 0)), "create").deliver(house)
    house.settle()
    house.fetched(specimen.resource, absent=[specimen.key(1)], asked_at=before)
    house.settle()
    assert 1 in specimen.active_rows(house)


@dataclass(frozen=True)
class Told:
    """A delivery about one level: its look, or None for a disconnect, and its triggered_at in seconds."""

    look: int | None
    triggered: float | None
    at: int = 0


@dataclass(frozen=True)
class Reconnection:
    """What is told of one level, and the look that it has in any order; None: it stays inactive."""

    name: str
    told: tuple[Told, ...]
    ends: int | None


RECONNECTIONS = [
    Reconnection("connected before", (Told(1, 1), Told(None, 2)), None),
    Reconnection("connected later", (Told(None, 1), Told(1, 2)), 1),
    Reconnection("later by a fraction", (Told(None, 1), Told(1, 1.000001)), 1),
    Reconnection("at one instant", (Told(None, 1), Told(1, 1)), None),
    Reconnection("a body that does not say when", (Told(None, 1), Told(1, None)), None),
    Reconnection("a disconnect that does not say when", (Told(None, None), Told(1, 1)), None),
    Reconnection("back", (Told(1, 1), Told(None, 2), Told(2, 3, at=1)), 2),
    Reconnection("back within a second", (Told(1, 1), Told(None, 1.2), Told(2, 1.4)), 2),
    Reconnection("back with the same bytes", (Told(1, 1), Told(None, 2), Told(1, 3)), 1),
    Reconnection("gone, back and gone", (Told(None, 1), Told(1, 2), Told(None, 3)), None),
    Reconnection("back twice", (Told(None, 1), Told(1, 2), Told(None, 3), Told(2, 4)), 2),
    Reconnection("an older body was sent late", (Told(1, 9, at=3), Told(None, 5), Told(2, 4)), 1),
]


@those_that_reconnect
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
@pytest.mark.parametrize("case", RECONNECTIONS, ids=lambda case: case.name)
def test_a_disconnect_and_a_body_are_compared_by_when_they_were_triggered(
    house: House, specimen: Specimen, case: Reconnection, together: bool
) -> None:
    for order in permutations(_sent(specimen, case.told)):
        house.clear()
        for each in order:
            each.deliver(house)
            if not together:
                house.settle()
        house.settle()

        assert _active_looks(house, specimen) == ([] if case.ends is None else [case.ends])


@those_that_reconnect
def test_a_disconnect_from_before_the_held_body_is_stale_and_wants_nothing(
    house: House, specimen: Specimen
) -> None:
    body, disconnect = _sent(specimen, (Told(1, 5), Told(None, 3)))
    body.deliver(house)
    disconnect.deliver(house)
    house.settle()

    assert [row["outcome"] for row in house.deliveries()] == ["cached", "stale"]
    assert wanted(house, specimen) == set()


@those_that_reconnect
def test_a_body_from_after_the_disconnect_wants_nothing(house: House, specimen: Specimen) -> None:
    for each in _sent(specimen, (Told(1, 1), Told(None, 2), Told(2, 3, at=1))):
        each.deliver(house)
        house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert cached["deleted_at"] is None
    assert wanted(house, specimen) == set()


@those_that_reconnect
def test_the_latest_disconnect_is_the_one_that_a_body_is_compared_with(
    house: House, specimen: Specimen
) -> None:
    for each in _sent(specimen, (Told(None, 6), Told(None, 2), Told(1, 4))):
        each.deliver(house)
        house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert cached["deleted_at"] == instant(6)
    assert specimen.active_rows(house) == {}


@those_that_reconnect
def test_connects_updates_and_disconnects_in_any_order_end_as_the_last_one_says(
    house: House, specimen: Specimen
) -> None:
    """Some share an instant with the one before, some bodies say none: those may end inactive."""

    @given(
        steps=st.lists(
            st.tuples(st.none() | st.integers(0, 15), st.sampled_from(["own"] * 6 + ["shared", "none"])),
            min_size=1,
            max_size=6,
        ),
        data=st.data(),
    )
    def check(steps: list[tuple[int | None, str]], data: st.DataObject) -> None:
        told = _told(steps)
        sent = data.draw(st.permutations(_sent(specimen, told)), label="order")
        cuts = data.draw(st.sets(st.integers(0, len(sent))), label="cuts")
        house.clear()
        for place, each in enumerate(sent):
            each.deliver(house)
            if place in cuts:
                house.settle()
        house.settle()

        looks, last = _active_looks(house, specimen), told[-1].look
        if last is None:
            assert not looks, "what is disconnected is never taken for stock"
        elif {how for _, how in steps} == {"own"}:
            assert looks == [last]

    check()


def _told(steps: Sequence[tuple[int | None, str]]) -> list[Told]:
    """Three of them to a second of Shopify's updated_at."""
    told: list[Told] = []
    for place, (look, how) in enumerate(steps):
        before = next((each.triggered for each in reversed(told) if each.triggered is not None), 0.0)
        own = float(place + 1)
        triggered = {"own": own, "shared": before, "none": own if look is None else None}[how]
        told.append(Told(look, triggered, at=place // 3))
    return told


def _sent(specimen: Specimen, told: Sequence[Told]) -> list[Event]:
    return [
        deletion(specimen, 1, f"w{place}", triggered=each.triggered)
        if each.look is None
        else event(
            specimen, specimen.whole(State(1, each.at, each.look)), f"w{place}", triggered=each.triggered
        )
        for place, each in enumerate(told)
    ]


def _active_looks(house: House, specimen: Specimen) -> list[int]:
    return [specimen.look(row) for row in specimen.active_rows(house).values()]
