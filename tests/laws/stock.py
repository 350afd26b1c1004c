"""Locations, inventory items and levels, as the law tests see them."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from backroom.erp.tables import inventory_item as item_table
from backroom.erp.tables import inventory_level as level_table
from backroom.erp.tables import location as location_table
from backroom.resources.inventory import inventory
from backroom.resources.inventory_item import inventory_item
from backroom.resources.location import location
from backroom.vocabulary.ids import ResourceKey
from tests import stock_bodies as bodies
from tests.bodies import without as without_keys
from tests.house import House
from tests.laws.specimen import ActiveRows, Json, Specimen, State, without

UNTRACKED_LOOK: Final = 13
LOWEST_AVAILABLE: Final = -5


class LocationSpecimen(Specimen):
    """Looks differ in name, address, and in whether it is activated."""

    resource = location
    complaint = "name contains a NUL character"
    text_key = b'"name"'

    def whole(self, state: State) -> Json:
        return bodies.location(
            state.number,
            at=state.at,
            name=f"Look {state.look}",
            active=state.look % 3 != 0,
            address2="Second floor" if state.look % 2 else None,
            province_code="" if state.look % 5 == 0 else "ON",
        )

    def pulled(self, state: State) -> Json:
        return bodies.pulled_location(self.whole(state))

    def broken(self, state: State) -> Json:
        return {**self.whole(state), "name": "\0"}

    def partial(self, state: State) -> Json:
        return without_keys(self.whole(state), "phone")

    def unsaid(self, row: Any) -> Any:
        return row["phone"]

    def active_rows(self, house: House) -> ActiveRows:
        rows = house.rows(location_table, "shop_id", "shopify_location_id")
        return {row["shopify_location_id"]: without(row) for row in rows if row["is_active"]}

    def look(self, row: Any) -> int:
        return int(row["name"].removeprefix("Look "))


class InventoryItemSpecimen(Specimen):
    """Looks differ in SKU, cost, and in whether it is tracked."""

    resource = inventory_item
    complaint = "a lot"
    text_key = b'"sku"'

    def whole(self, state: State) -> Json:
        return bodies.item(
            state.number,
            at=state.at,
            sku=f"LOOK-{state.look}",
            tracked=state.look % 2 == 0,
            cost=None if state.look % 3 == 0 else f"{state.look}.50",
            country_code_of_origin="" if state.look % 5 == 0 else "DE",
            harmonized_system_code=None if state.look % 5 == 1 else "610910",
        )

    def pulled(self, state: State) -> Json:
        return bodies.pulled_item(self.whole(state))

    def broken(self, state: State) -> Json:
        return {**self.whole(state), "cost": "a lot"}

    def partial(self, state: State) -> Json:
        return without_keys(self.whole(state), "harmonized_system_code")

    def unsaid(self, row: Any) -> Any:
        return row["harmonized_system_code"]

    def active_rows(self, house: House) -> ActiveRows:
        rows = house.rows(item_table, "shop_id", "shopify_inventory_item_id")
        return {row["shopify_inventory_item_id"]: without(row) for row in rows if row["is_active"]}

    def look(self, row: Any) -> int:
        return int(row["sku_code"].removeprefix("LOOK-"))


class InventorySpecimen(Specimen):
    """Levels, two of each item. Looks differ in what is available: negative, none, or not tracked."""

    resource = inventory
    complaint = "available is out of range"
    partial_has_look = False
    id_key = b'"location_id": 7, "inventory_item_id"'
    pulled_fields = frozenset({"on_hand", "committed", "incoming", "quantities_at"})

    def key(self, number: int) -> ResourceKey:
        return (1000 + (number + 1) // 2, 8 - number % 2)

    def whole(self, state: State) -> Json:
        tracked = state.look != UNTRACKED_LOOK
        return bodies.level(
            *self.key(state.number),
            at=state.at,
            available=state.look + LOWEST_AVAILABLE if tracked else None,
        )

    def pulled(self, state: State) -> Json:
        return bodies.pulled_level(self.whole(state))

    def broken(self, state: State) -> Json:
        return {**self.whole(state), "available": 2**40}

    def partial(self, state: State) -> Json:
        return without_keys(self.whole(state), "available")

    def bare(self, number: int) -> Json:
        return bodies.disconnected(*self.key(number))

    def roots(self, states: Sequence[State]) -> list[Json]:
        """An item that is not tracked is so at all of its locations."""
        levels = sorted((self.whole(state) for state in states), key=_item_of)
        return [bodies.pulled_levels(list(group)) for _, group in groupby(levels, key=_item_of)]

    def active_rows(self, house: House) -> ActiveRows:
        rows = house.rows(level_table, "shop_id", "shopify_inventory_item_id", "shopify_location_id")
        return {self._number(row): without(row, *self.pulled_fields) for row in rows if row["is_active"]}

    def look(self, row: Any) -> int:
        available: int | None = row["available"]
        return UNTRACKED_LOOK if available is None else available - LOWEST_AVAILABLE

    def _number(self, row: Any) -> int:
        item_id, location_id = row["shopify_inventory_item_id"], row["shopify_location_id"]
        return int(2 * (item_id - 1000) - (8 - location_id))


def _item_of(level: Json) -> int:
    return int(level["inventory_item_id"])
