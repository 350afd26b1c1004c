"""What has to be in the ERP of a shop's stock: its truth, row by row, and nothing else that is active."""

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from sqlalchemy import Table, select

from backroom.db.database import Database
from backroom.erp.tables import inventory_item, inventory_level, location
from backroom.vocabulary.clock import format_instant, parse_instant
from backroom.vocabulary.ids import ShopId
from backroom.vocabulary.money import Amount, format_amount
from shopify_simulator.simulation import Simulation

Json = Mapping[str, Any]
Rows = dict[tuple[int, ...], Json]
PULLED: Final = ("on_hand", "committed", "incoming", "quantities_at")
"""What only a pull tells."""
OURS: Final = ("id", "shop_id")
RENAMED: Final = {
    "shopify_location_id": "location_id",
    "shopify_inventory_item_id": "inventory_item_id",
    "sku_code": "sku",
}
UNKEPT: Final = ("province_code_of_origin",)
"""What the simulator tells of an item, and Backroom leaves out."""
KEYS: Final = {
    "locations": (location, ("location_id",)),
    "inventory_items": (inventory_item, ("inventory_item_id",)),
    "inventory_levels": (inventory_level, ("inventory_item_id", "location_id")),
}


class Stocked(Protocol):
    """A shop."""

    simulation: Simulation


def stock_differences(shop: Stocked, database: Database, shop_id: ShopId, *, pulled: bool) -> list[str]:
    """What is not as it should be, one line each. `pulled`: what only a pull tells, too."""
    truth = json.loads(json.dumps(shop.simulation.truth(), default=str))
    found: list[str] = []
    for name, (table, keys) in KEYS.items():
        wanted = {_key(row, keys): row for row in map(_said, truth[name]) if row.get("is_active", True)}
        held = _held(database, table, shop_id, keys)
        found += _compared(name, wanted, held, () if pulled else PULLED)
    return found


def _compared(name: str, wanted: Rows, held: Rows, without: tuple[str, ...]) -> list[str]:
    found = [f"{name} {key} is missing" for key in wanted.keys() - held.keys()]
    found += [f"{name} {key} is there" for key in held.keys() - wanted.keys()]
    for key in wanted.keys() & held.keys():
        found += [
            f"{name} {key}: {field} is {held[key].get(field)!r}, not {value!r}"
            for field, value in wanted[key].items()
            if field not in without and held[key].get(field) != value
        ]
    return found


def _held(database: Database, table: Table, shop_id: ShopId, keys: tuple[str, ...]) -> Rows:
    with database.reading() as transaction:
        rows = transaction.execute(
            select(table).where(table.c.shop_id == shop_id, table.c.is_active)
        ).mappings()
        said = [
            {RENAMED.get(name, name): _plain(name, value) for name, value in row.items() if name not in OURS}
            for row in rows
        ]
    return {_key(row, keys): row for row in said}


def _plain(name: str, value: Any) -> Any:
    if name == "cost" and value is not None:
        return format_amount(Amount(value))
    return format_instant(value) if name.endswith("_at") and value is not None else value


def _said(row: Json) -> Json:
    """The truth's row in the words of the tables."""
    own = "location_id" if "address1" in row else "inventory_item_id"
    said = {own if name == "id" else name: value for name, value in row.items() if name not in UNKEPT}
    if "location_id" not in said or "inventory_item_id" not in said:
        # When a location or an item was changed is no column of theirs.
        del said["updated_at"]
    return {
        name: format_instant(parse_instant(value))
        if name.endswith("_at") and value
        else value or _zero(value)
        for name, value in said.items()
    }


def _zero(value: Any) -> Any:
    """An empty text is null; 0 and False are themselves."""
    return None if value == "" else value


def _key(row: Json, keys: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(row[name] for name in keys)
