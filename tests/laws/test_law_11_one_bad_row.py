"""Law 11: one bad row never blocks its batch or its neighbours."""

import pytest
from sqlalchemy import update

from backroom.ingress.tables import webhook_delivery
from tests.house import House, instant
from tests.laws.specimen import Specimen, State
from tests.laws.specimens import event, those


@pytest.mark.parametrize("place", [0, 20, 39])
def test_one_bad_body_among_many_parks_alone(house: House, specimen: Specimen, place: int) -> None:
    for number in range(1, 41):
        make = specimen.broken if number == place + 1 else specimen.whole
        event(specimen, make(State(number, 0)), f"w{number}").deliver(house)
    house.settle()

    parked = [row for row in house.cache(specimen.resource.name) if row["processing_error"]]
    assert len(parked) == 1
    assert specimen.complaint in parked[0]["processing_error"]
    assert parked[0]["next_attempt_at"] is not None
    assert set(specimen.active_rows(house)) == set(range(1, 41)) - {place + 1}


@those(lambda specimen: specimen.claiming(State(2, 0), 1))
def test_rows_that_only_the_writer_refuses_are_found_by_halving(house: House, specimen: Specimen) -> None:
    """Two products claim one variant: neither body is wrong by itself."""
    thief = specimen.claiming(State(2, 0), 1)
    for number in (1, 3, 4, 5):
        event(specimen, specimen.whole(State(number, 0)), f"w{number}").deliver(house)
    house.settle()
    event(specimen, thief, "thief").deliver(house)
    event(specimen, specimen.whole(State(6, 0)), "w6").deliver(house)
    house.settle()

    assert set(specimen.active_rows(house)) == {1, 3, 4, 5, 6}
    (parked,) = [row for row in house.cache(specimen.resource.name) if row["processing_error"]]
    assert "belongs to product 1 already" in parked["processing_error"]


def test_a_newer_body_revives_a_parked_row(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.broken(State(1, 0)), "bad").deliver(house)
    house.settle()
    assert specimen.active_rows(house) == {}
    event(specimen, specimen.whole(State(1, 1)), "good").deliver(house)
    house.settle()

    assert set(specimen.active_rows(house)) == {1}
    (cached,) = house.cache(specimen.resource.name)
    assert (cached["processing_error"], cached["attempts"], cached["next_attempt_at"]) == (None, 0, None)


def test_a_row_that_keeps_failing_is_given_up_and_a_newer_body_revives_it(
    house: House, specimen: Specimen
) -> None:
    event(specimen, specimen.broken(State(1, 0)), "bad").deliver(house)
    for _ in range(7):
        house.settle()
        with house.database.writing() as transaction:
            transaction.execute(
                update(specimen.resource.cache)
                .where(specimen.resource.cache.c.dead_at.is_(None))
                .values(next_attempt_at=instant(0))
            )
    (cached,) = house.cache(specimen.resource.name)
    assert cached["dead_at"] is not None
    event(specimen, specimen.whole(State(1, 1)), "good").deliver(house)
    house.settle()
    assert set(specimen.active_rows(house)) == {1}


def test_a_delivery_that_can_not_be_read_is_retried_and_then_dead(house: House, specimen: Specimen) -> None:
    house.deliver(next(iter(specimen.resource.topics)), b"nonsense")
    attempts = []
    for _ in range(7):
        house.settle()
        attempts.append(house.deliveries()[0]["attempts"])
        with house.database.writing() as transaction:
            transaction.execute(
                update(webhook_delivery)
                .where(webhook_delivery.c.state == "parked")
                .values(next_attempt_at=instant(0))
            )
    assert attempts == [1, 2, 3, 4, 5, 6, 6]
    assert house.deliveries()[0]["state"] == "dead"
