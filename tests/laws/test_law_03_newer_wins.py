"""Law 3: an older version never overwrites a newer one (among webhooks; pulls come with fetch)."""

import hashlib
from dataclasses import dataclass

import msgspec
import pytest

from backroom.resources.descriptor import Action
from tests.house import House
from tests.laws.specimens import Event, Specimen, State, event, topic_of, wanted


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
        event(specimen, specimen.whole(State(1, at, look=look)), f"w{look}", triggered=triggered)
        for look, (at, triggered) in enumerate((case.first, case.second))
    ]
    stays = sent[case.stays] if case.stays is not None else max(sent, key=_digest)
    for each in reversed(sent) if turned else sent:
        each.deliver(house)
        if not together:
            house.settle()
    house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert bytes(cached["raw_data"]) == stays.body
    look = sent.index(stays)
    assert specimen.active_rows(house)[1]["title"] == f"Look {look}"
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
