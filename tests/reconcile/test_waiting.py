"""Which resources deliveries that wait may be about."""

from sqlalchemy import update

from backroom.drift import waiting
from backroom.drift.waiting import Waiting, read_waiting
from backroom.ingress.tables import webhook_delivery
from backroom.resources.product import product
from tests.house import House


def test_nothing_waits(house: House) -> None:
    assert read(house) == Waiting()


def test_a_delivery_that_waits_is_about_its_resource(house: House) -> None:
    put(house, 7)
    found = read(house)
    assert found.soon
    assert found.may_explain((7,))
    assert not found.may_explain((8,))


def test_one_that_is_about_to_be_sorted_and_can_not_be_read_may_be_about_anything(house: House) -> None:
    house.deliver("products/update", b"{")
    found = read(house)
    assert (found.any_key, found.soon) == (True, True)


def test_one_that_is_parked_and_can_not_be_read_explains_nothing(house: House) -> None:
    house.deliver("products/update", b"{")
    park(house)
    put(house, 7)
    found = read(house)
    assert (found.any_key, found.soon, found.keys) == (False, True, frozenset({(7,)}))


def test_one_that_is_parked_explains_what_it_is_about(house: House) -> None:
    put(house, 7)
    park(house)
    assert read(house) == Waiting(keys=frozenset({(7,)}))


def test_too_many_may_be_about_anything_unless_they_are_parked(house: House) -> None:
    for number in range(waiting.MOST + 1):
        put(house, number + 1)
    assert read(house).any_key
    park(house)
    found = read(house)
    assert (found.any_key, len(found.keys)) == (False, waiting.MOST)


def put(house: House, number: int) -> None:
    house.deliver("products/update", {"id": number})


def park(house: House) -> None:
    with house.database.writing() as transaction:
        transaction.execute(update(webhook_delivery).values(state="parked"))


def read(house: House) -> Waiting:
    with house.database.reading() as transaction:
        return read_waiting(transaction, product, house.shop_id)
