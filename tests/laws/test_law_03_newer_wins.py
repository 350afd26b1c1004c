"""Law 3: an older version never overwrites a newer one, whether it came by webhook or was pulled."""

import hashlib
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backroom.resources.descriptor import Action
from tests.house import House
from tests.laws.specimen import Specimen, State
from tests.laws.specimens import Event, event, held_look, topic_of, wanted


@dataclass(frozen=True)
class Case:
    """Two versions, and which of them stays whatever the order."""

    name: str
    first: tuple[int, float | None]
    second: tuple[int, float | None]
    stays: int | None


CASES = [
    Case("the larger updated_at", (10, 1.0), (11, 0.0), 1),
    Case("equal updated_at, the larger triggered_at", (10, 1.0), (10, 2.0), 1),
    Case("equal updated_at, a missing triggered_at sorts first", (10, None), (10, 0.5), 1),
    Case("a second apart in nothing but the fraction", (10, 1.0), (10, 1.000001), 1),
    Case("all equal: the larger SHA-256", (10, 1.0), (10, 1.0), None),
    Case("all equal and no triggered_at: the larger SHA-256", (10, None), (10, None), None),
]


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_newer_body_stays(
    house: House, specimen: Specimen, case: Case, turned: bool, together: bool
) -> None:
    sent = [
        event(specimen, specimen.whole(State(1, at, look=place)), f"w{place}", triggered=triggered)
        for place, (at, triggered) in enumerate((case.first, case.second))
    ]
    stays = sent[case.stays] if case.stays is not None else max(sent, key=_digest)
    for each in reversed(sent) if turned else sent:
        each.deliver(house)
        if not together:
            house.settle()
    house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert bytes(cached["raw_data"]) == stays.body
    assert held_look(house, specimen, 1) == sent.index(stays)
    assert wanted(house, specimen) == ({1} if case.stays is None else set())


def _digest(sent: Event) -> bytes:
    return hashlib.sha256(sent.body).digest()


def test_a_late_webhook_is_called_stale(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 9, look=1)), "new").deliver(house)
    event(specimen, specimen.whole(State(1, 3, look=2)), "late").deliver(house)
    house.settle()

    assert [row["outcome"] for row in house.deliveries()] == ["cached", "stale"]


def test_an_equal_body_is_unchanged_and_its_later_trigger_is_kept(house: House, specimen: Specimen) -> None:
    body = specimen.whole(State(1, 3))
    event(specimen, body, "one", triggered=1).deliver(house)
    house.settle()
    event(specimen, body, "two", triggered=7).deliver(house)
    house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert cached["revision"] == 1
    assert [row["outcome"] for row in house.deliveries()] == ["cached", "unchanged"]
    event(specimen, specimen.whole(State(1, 3, look=5)), "between", triggered=4).deliver(house)
    house.settle()
    assert house.deliveries()[-1]["outcome"] == "stale"


def test_offsets_are_compared_as_instants_not_as_text(house: House, specimen: Specimen) -> None:
    topic = topic_of(specimen.resource, Action.UPSERT)
    newer = {**specimen.whole(State(1, 0, look=1)), "updated_at": "2026-03-01T01:00:00-05:00"}
    older = {**specimen.whole(State(1, 0, look=2)), "updated_at": "2026-03-01T05:30:00+00:00"}
    house.play(topic, msgspec.json.encode(newer))
    house.play(topic, msgspec.json.encode(older))

    assert house.deliveries()[-1]["outcome"] == "stale"


def test_a_late_pull_does_not_undo_a_newer_webhook(house: House, specimen: Specimen) -> None:
    asked_at = house.ask()
    event(specimen, specimen.whole(State(1, 9, look=1)), "new").deliver(house)
    house.settle()
    house.fetched(specimen.resource, specimen.pulled(State(1, 3, look=2)), asked_at=asked_at)
    house.settle()
    assert held_look(house, specimen, 1) == 1
    assert not wanted(house, specimen)


def test_of_one_instant_a_pull_beats_what_came_before_it_was_asked(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 3, look=1)), "w").deliver(house)
    house.settle()
    house.fetched(specimen.resource, specimen.pulled(State(1, 3, look=2)))
    house.settle()
    assert held_look(house, specimen, 1) == 2
    assert not wanted(house, specimen)


@pytest.mark.parametrize("pull_first", [True, False])
def test_of_one_instant_a_webhook_that_came_later_and_differs_wants_a_refetch(
    house: House, specimen: Specimen, pull_first: bool
) -> None:
    asked_at = house.ask()
    pulled = specimen.pulled(State(1, 3, look=2))
    if pull_first:
        house.fetched(specimen.resource, pulled, asked_at=asked_at)
    event(specimen, specimen.whole(State(1, 3, look=1)), "w").deliver(house)
    house.settle()
    if not pull_first:
        house.fetched(specimen.resource, pulled, asked_at=asked_at)
    assert wanted(house, specimen) == {1}

    house.fetched(specimen.resource, specimen.pulled(State(1, 3, look=1)))
    house.settle()
    assert held_look(house, specimen, 1) == 1
    assert not wanted(house, specimen)


def test_pulls_and_webhooks_in_any_order_end_as_shopify_says_once_wants_are_answered(
    house: House, specimen: Specimen
) -> None:
    """Three changes, of which some share a second; webhooks and pulls of them, shuffled."""

    @given(
        looks=st.lists(st.integers(0, 15), min_size=3, max_size=3),
        arrivals=st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=1, max_size=6),
        asked_first=st.booleans(),
    )
    def check(looks: list[int], arrivals: list[tuple[bool, int]], asked_first: bool) -> None:
        house.clear()
        states = [State(1, step // 2, each) for step, each in enumerate(looks)]
        first = house.ask()
        for place, (is_pull, step) in enumerate(arrivals):
            if is_pull:
                body = specimen.pulled(states[step])
                house.fetched(specimen.resource, body, asked_at=first if asked_first else None)
            else:
                event(specimen, specimen.whole(states[step]), f"w{place}", triggered=step).deliver(house)
            house.settle()
        newest = max(step for _, step in arrivals)
        if wanted(house, specimen):
            house.fetched(specimen.resource, specimen.pulled(states[newest]))
            house.settle()
            assert not wanted(house, specimen), "a fetch asked afterwards answers"
            assert held_look(house, specimen, 1) == looks[newest]
        assert held_look(house, specimen, 1) in {
            looks[step] for step in range(3) if states[step].at == states[newest].at
        }

    check()
