"""The demo's verdict finds whatever stock is not as the shop says: each field is broken in the tables."""

from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select, update

from backroom.demo.expected_stock import (
    expected_item,
    expected_level,
    expected_location,
    expected_quantities,
)
from backroom.demo.held import Held, read_held
from backroom.demo.judge import REFETCH, judge
from backroom.demo.verdict import CREATIONS, Verdict
from backroom.erp.tables import field_change, inventory_item, inventory_level, location
from tests.bodies import Json
from tests.demo.shop import shirt_body, shirt_truth, shop_status, truth_of
from tests.demo.stock_shop import ITEM, LEVEL, PLACE, stock_truth, stock_up
from tests.house import House, instant
from tests.stock_bodies import disconnected

DOMAIN = "one.myshopify.com"
CALM = shop_status()

BREAKS: list[tuple[Table, str, Any]] = [
    (location, "name", "Somewhere"),
    (location, "active", False),
    (location, "address1", None),
    (location, "address2", "2nd floor"),
    (location, "city", "Toronto"),
    (location, "zip", None),
    (location, "province_code", "QC"),
    (location, "country_code", "US"),
    (location, "phone", None),
    (location, "is_active", False),
    (inventory_item, "sku_code", "LINEN-s"),
    (inventory_item, "tracked", False),
    (inventory_item, "cost", 125_001),
    (inventory_item, "requires_shipping", False),
    (inventory_item, "country_code_of_origin", None),
    (inventory_item, "harmonized_system_code", "610911"),
    (inventory_item, "is_active", False),
    (inventory_level, "available", None),
    (inventory_level, "updated_at", instant(1)),
    (inventory_level, "is_active", False),
    (inventory_level, "on_hand", 8),
    (inventory_level, "committed", None),
    (inventory_level, "incoming", 0),
    (inventory_level, "quantities_at", instant(8)),
]
PULLED = ("on_hand", "committed", "incoming", "quantities_at")


@pytest.fixture
def stocked(house: House) -> House:
    """A product, and stock of its first variant."""
    house.play("products/create", shirt_body())
    stock_up(house)
    return house


def truth(**others: Any) -> Json:
    return {**truth_of([shirt_truth()]), **stock_truth(), **others}


def held_by(house: House) -> Held:
    with house.database.reading() as transaction:
        return read_held(transaction, DOMAIN)


def verdict_on(house: House, said: Json, *, pulled: bool = True) -> Verdict:
    return judge(said, held_by(house), CALM, pulled=pulled)


def found(verdict: Verdict) -> list[tuple[str, str]]:
    return [(difference.what, difference.field) for difference in verdict.differences]


def by_hand(house: House, statement: Any) -> None:
    with house.database.writing() as transaction:
        transaction.execute(statement)


def test_stock_as_the_shop_has_it_is_no_difference_and_is_counted(stocked: House) -> None:
    verdict = verdict_on(stocked, truth())
    assert (found(verdict), verdict.holds) == ([], True)
    assert verdict.stock == {"location": 1, "inventory_item": 1, "inventory_level": 1}


@pytest.mark.parametrize(("table", "column", "value"), BREAKS, ids=[f"{t.name}.{c}" for t, c, _ in BREAKS])
def test_each_field_of_stock_that_is_not_as_it_should_be_is_found(
    stocked: House, table: Table, column: str, value: Any
) -> None:
    by_hand(stocked, update(table).values({column: value}))
    assert [field for _, field in found(verdict_on(stocked, truth()))] == [f"{table.name}.{column}"]
    without = found(verdict_on(stocked, truth(), pulled=False))
    assert bool(without) == (column not in PULLED), "webhooks do not tell it: only a pull has to"


def test_every_field_of_stock_that_is_compared_is_broken_once_above() -> None:
    said = stock_truth()
    (place,), (item,), (level,) = said["locations"], said["inventory_items"], said["inventory_levels"]
    compared = {
        *expected_location(place),
        *expected_item(item),
        *expected_level(level),
        *expected_quantities(level),
    }
    assert compared == {f"{table.name}.{column}" for table, column, _ in BREAKS}


def test_what_is_missing_and_what_nobody_has_is_found(stocked: House) -> None:
    by_hand(stocked, delete(inventory_level))
    assert found(verdict_on(stocked, truth())) == [(LEVEL, "inventory_level")]
    first = {"shop_id": stocked.shop_id, "shopify_inventory_item_id": ITEM, "is_active": True}
    by_hand(stocked, insert(inventory_level).values(**first, shopify_location_id=PLACE + 1))
    verdict = verdict_on(stocked, truth(inventory_levels=[]))
    assert found(verdict) == [(f"inventory level {ITEM}:{PLACE + 1}", "inventory_level.is_active")]


@pytest.mark.parametrize("plural", ["locations", "inventory_items", "inventory_levels"])
def test_what_the_shop_has_no_more_is_to_be_inactive(stocked: House, plural: str) -> None:
    ((_, field),) = found(verdict_on(stocked, truth(**{plural: []})))
    assert field.endswith(".is_active")


def test_a_level_that_is_disconnected_is_there_and_inactive(stocked: House) -> None:
    (level,) = stock_truth()["inventory_levels"]
    said = truth(inventory_levels=[{**level, "is_active": False}])
    assert found(verdict_on(stocked, said)) == [(LEVEL, "inventory_level.is_active")]
    stocked.play("inventory_levels/disconnect", disconnected(ITEM, PLACE), triggered_at=instant(20))
    asked = [(f"inventory {ITEM}:{PLACE}", REFETCH)]
    assert found(verdict_on(stocked, said)) == asked, "it was pulled before: which of the two is later?"


def test_a_level_that_is_asked_for_still_is_a_difference_that_names_it(stocked: House) -> None:
    cache = f"inventory {ITEM}:{PLACE}"
    body = {"inventory_item_id": ITEM, "location_id": PLACE}
    stocked.play("inventory_levels/update", body)
    assert (cache, REFETCH) in found(verdict_on(stocked, truth()))


def test_a_level_that_came_into_being_twice_or_never_is_found(stocked: House) -> None:
    row_id = select(inventory_level.c.id).scalar_subquery()
    of_level = (field_change.c.entity == "inventory_level", field_change.c.entity_id == row_id)
    by_hand(stocked, delete(field_change).where(*of_level))
    assert found(verdict_on(stocked, truth())) == [(LEVEL, CREATIONS)]


def test_a_truth_without_stock_is_compared_without_it(stocked: House) -> None:
    by_hand(stocked, update(inventory_level).values(available=4_711))
    verdict = verdict_on(stocked, truth_of([shirt_truth()]))
    assert (found(verdict), verdict.stock) == ([], {})
