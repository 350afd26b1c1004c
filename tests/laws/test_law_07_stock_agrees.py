"""Law 7 between stock's resources: what is gone takes its levels along, and a level agrees with its item.

In whatever order they are heard of, one by one or in one batch: the row ends right, or Shopify is asked.
"""

from itertools import permutations
from typing import Any

import pytest

from backroom.erp.skus_reader import SkuFilter, read_skus
from backroom.resources.inventory import inventory
from backroom.resources.inventory_item import inventory_item
from tests.bodies import product, variant
from tests.house import House, instant
from tests.stock_bodies import item, level, location, pulled_item, pulled_level

ITEM, PLACE = 1101, 7
Delivery = tuple[str, dict[str, Any], float]
LEVEL: Delivery = ("inventory_levels/update", level(ITEM, PLACE, available=4, at=1), 1)
CREATED: Delivery = ("inventory_items/create", item(ITEM, at=0), 0)
DELETED: Delivery = ("inventory_items/delete", {"id": ITEM}, 9)
CLOSED: Delivery = ("locations/delete", {"id": PLACE}, 9)
OPENED: Delivery = ("locations/create", location(PLACE), 0)


def play(house: House, deliveries: tuple[Delivery, ...], *, together: bool) -> None:
    for topic, body, at in deliveries:
        house.deliver(topic, body, triggered_at=instant(at))
        if not together:
            house.settle()
    house.settle()


def level_row(house: House) -> dict[str, Any]:
    from backroom.erp.tables import inventory_level

    (row,) = house.rows(inventory_level)
    return row


def wanted(house: House) -> bool:
    (row,) = house.cache("inventory")
    return row["wanted_at"] is not None


def available(house: House) -> int | None:
    house.play("products/create", product(1, variants=[variant(101, inventory_item_id=ITEM)]))
    with house.database.reading() as transaction:
        (sku,) = read_skus(transaction, SkuFilter(), None, 5).items
    return sku.available


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
@pytest.mark.parametrize("gone", [(CREATED, DELETED), (OPENED, CLOSED), (DELETED,), (CLOSED,)], ids=str)
def test_what_is_gone_takes_its_levels_along(
    house: House, gone: tuple[Delivery, ...], together: bool
) -> None:
    for order in permutations((LEVEL, *gone)):
        house.clear()
        play(house, order, together=together)
        row = level_row(house)
        assert not row["is_active"], [topic for topic, _, _ in order]


def test_a_level_that_is_pulled_after_its_items_deletion_is_there(house: House) -> None:
    """Shopify has said so since: the deletion was of an earlier life."""
    play(house, (CREATED, DELETED, LEVEL), together=False)
    assert not level_row(house)["is_active"]
    house.fetched(inventory, pulled_level(level(ITEM, PLACE, available=6, at=20)))
    house.settle()
    assert (level_row(house)["is_active"], level_row(house)["available"]) == (True, 6)


def test_an_item_that_is_back_has_its_levels_asked_for(house: House) -> None:
    play(house, (LEVEL, CREATED, DELETED), together=False)
    assert not level_row(house)["is_active"]
    house.fetched(inventory_item, pulled_item(item(ITEM, at=20)))
    house.settle()
    assert wanted(house)
    house.fetched(inventory, pulled_level(level(ITEM, PLACE, available=4, at=1)))
    house.settle()
    assert level_row(house)["is_active"]
    assert not wanted(house)


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
@pytest.mark.parametrize(
    ("tracked", "number", "agrees"),
    [
        ((True,), 4, True),
        ((False,), 4, False),
        ((True,), None, False),
        ((False,), None, True),
        ((False, True), None, False),
        ((True, False), 4, False),
        ((True, False, True), 4, True),
    ],
)
def test_a_level_agrees_with_whether_its_item_is_tracked_or_is_asked_for(
    house: House, tracked: tuple[bool, ...], number: int | None, agrees: bool, together: bool
) -> None:
    items = tuple(
        ("inventory_items/update", item(ITEM, at=step, tracked=each), float(step))
        for step, each in enumerate(tracked)
    )
    said: Delivery = ("inventory_levels/update", level(ITEM, PLACE, available=number, at=1), 1)
    for place in range(len(items) + 1):
        house.clear()
        play(house, (*items[:place], said, *items[place:]), together=together)
        # One that agrees in the end may have been asked for on the way.
        assert agrees or wanted(house)
        if wanted(house):
            answer = 4 if tracked[-1] else None
            house.fetched(inventory, pulled_level(level(ITEM, PLACE, available=answer, at=1)))
            house.settle()
            assert level_row(house)["available"] == answer
        assert not wanted(house), "asked once, it is answered"


def test_a_level_of_an_export_that_was_asked_before_its_item_changed_is_asked_for(house: House) -> None:
    asked = house.ask()
    house.play("inventory_items/update", item(ITEM, at=5, tracked=True))
    house.fetched(inventory, pulled_level(level(ITEM, PLACE, available=None, at=1)), asked_at=asked)
    house.settle()
    assert wanted(house)


def test_what_is_stocked_nowhere_any_more_is_0_and_what_nobody_told_is_null(house: House) -> None:
    house.play("inventory_items/create", item(ITEM))
    assert available(house) is None
    disconnect = ("inventory_levels/disconnect", {"inventory_item_id": ITEM, "location_id": PLACE}, 9.0)
    for order in permutations((LEVEL, disconnect)):
        house.clear()
        play(house, order, together=False)
        assert available(house) == 0
