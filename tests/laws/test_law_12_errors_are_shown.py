"""Law 12: an error is shown where people look: status, the list of failures, the metrics."""

import pytest
from sqlalchemy import update

from backroom.flow.failures import read_failures
from backroom.flow.status import Status, read_status
from backroom.ingress.tables import webhook_delivery
from backroom.resources.registry import RESOURCES
from backroom.vocabulary.ids import key_text
from tests.house import House, instant
from tests.laws.specimen import Specimen, State
from tests.laws.specimens import event


def _status(house: House) -> Status:
    with house.database.reading() as transaction:
        return read_status(transaction, RESOURCES)


@pytest.mark.parametrize("kind", ["delivery", "row"])
def test_what_failed_is_counted_and_listed_with_its_reason(
    house: House, specimen: Specimen, kind: str
) -> None:
    body = event(specimen, specimen.broken(State(7, 0)), "broken")
    house.deliver(body.topic, b"nonsense" if kind == "delivery" else body.body)
    house.settle()

    assert (_status(house).parked, _status(house).dead) == (1, 0)
    with house.database.reading() as transaction:
        (failure,) = read_failures(transaction, RESOURCES, None, 50).items
    row = f"{specimen.resource.name}:{key_text(specimen.key(7))}"
    expected = f"delivery:{house.deliveries()[0]['id']}" if kind == "delivery" else row
    assert failure.id == expected
    assert failure.reason is not None
    assert ("not JSON" if kind == "delivery" else specimen.complaint) in failure.reason


@pytest.mark.parametrize("kind", ["delivery", "row"])
def test_what_was_given_up_is_counted_and_listed_too(house: House, specimen: Specimen, kind: str) -> None:
    body = event(specimen, specimen.broken(State(7, 0)), "broken")
    house.deliver(body.topic, b"nonsense" if kind == "delivery" else body.body)
    for _ in range(7):
        house.settle()
        _let_time_pass(house, specimen)
    house.settle()

    assert (_status(house).parked, _status(house).dead) == (0, 1)
    with house.database.reading() as transaction:
        (failure,) = read_failures(transaction, RESOURCES, None, 50).items
    assert failure.state == "dead"


def _let_time_pass(house: House, specimen: Specimen) -> None:
    cache = specimen.resource.cache
    with house.database.writing() as transaction:
        transaction.execute(
            update(cache).where(cache.c.next_attempt_at.is_not(None)).values(next_attempt_at=instant(0))
        )
        transaction.execute(
            update(webhook_delivery)
            .where(webhook_delivery.c.next_attempt_at.is_not(None))
            .values(next_attempt_at=instant(0))
        )


def test_a_wanted_refetch_is_counted_and_never_called_dirty(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.bare(7), "id only").deliver(house)
    house.settle()

    status = _status(house)
    assert (status.wanted, status.dirty, status.parked, status.inbox_pending) == (1, 0, 0, 0)


def test_what_waits_is_counted_before_it_is_worked_on(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(7, 0)), "one").deliver(house)
    assert (_status(house).inbox_pending, _status(house).dirty) == (1, 0)
    house.loop._stations[0].run(house.shop_id, 10)
    assert (_status(house).inbox_pending, _status(house).dirty) == (0, 1)
    house.settle()
    assert (_status(house).inbox_pending, _status(house).dirty) == (0, 0)
