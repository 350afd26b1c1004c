"""How locations, inventory items and their levels are read: sources and arguments enter, values leave.

What lies where is taken from the inventory of one moment that a source carries with it. A level's quantities
are numbers also where its item is not tracked: only webhooks are silent of them then. What never happens
here: a change.

Source: the schema of 2026-10; InventoryItem.inventoryLevels searches by `id`, `created_at`, `updated_at`,
inventoryItems by those and `sku`, and levels that are not active are left out unless they are asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from shopify_simulator.admin.asked import need, parsed
from shopify_simulator.admin.readers import THINGS, TYPE_OF_SOURCE, Arguments, Readers, connection, edge, gid
from shopify_simulator.admin.search import Fields, Search, instant, search_of
from shopify_simulator.admin.slices import Key, Slice, cut, stamp
from shopify_simulator.shop.bodies import price_text
from shopify_simulator.shop.inventory import Inventory
from shopify_simulator.shop.item import InventoryItem
from shopify_simulator.shop.level import QUANTITIES, Level
from shopify_simulator.shop.location import Location
from shopify_simulator.shop.product import Variant

ITEMS, PLACES = "read_inventory", "read_locations"


@dataclass(frozen=True, slots=True)
class Stocked:
    """An item with its variant, and the inventory that says where it lies."""

    item: InventoryItem
    variant: Variant
    inventory: Inventory


@dataclass(frozen=True, slots=True)
class Placed:
    """A level with its item."""

    level: Level
    stocked: Stocked


def stocked(variant: Variant, inventory: Inventory) -> Stocked:
    """The item of a variant."""
    return Stocked(inventory.item(variant), variant, inventory)


OF_ITEMS: Final[Fields] = {
    "id": (lambda each: each.item.id, int),
    "sku": (lambda each: (each.item.sku or "").casefold(), str.casefold),
    "created_at": (lambda each: each.item.created_at, instant),
    "updated_at": (lambda each: each.item.traits.updated_at, instant),
}
_OF_LEVELS: Final[Fields] = {
    "id": (lambda level: level.number, int),
    "inventory_item_id": (lambda level: level.item_id, int),
    "created_at": (lambda level: level.created_at, instant),
    "updated_at": (lambda level: level.updated_at, instant),
}
OF_LOCATIONS: Final[Fields] = {
    "id": (lambda each: each.id, int),
    "name": (lambda each: each.name.casefold(), str.casefold),
    "created_at": (lambda each: each.created_at, instant),
}
LOCATION_SORTS: Final[Mapping[str, tuple[Callable[[Location], Key], type]]] = {
    "ID": (lambda each: (each.id, each.id), int),
    "NAME": (lambda each: (each.name, each.id), str),
    "RELEVANCE": (lambda each: (each.id, each.id), int),
}


@lru_cache(maxsize=64)
def _level_search(query: str) -> Search:
    """A bulk operation asks the same of every item."""
    return search_of(query, _OF_LEVELS)


def wanted_locations(inventory: Inventory, arguments: Arguments) -> list[Location]:
    """Those that the arguments ask for, ascending by the sort key."""
    found = search_of(arguments.get("query"), OF_LOCATIONS)
    wanted = [
        each
        for each in list(inventory.locations.values())
        if (each.active or arguments["includeInactive"])
        and (not each.legacy or arguments["includeLegacy"])
        and found.finds(each)
    ]
    return sorted(wanted, key=LOCATION_SORTS[arguments["sortKey"]][0])


def _levels(source: Stocked, look: Any, arguments: Arguments) -> Slice:
    need(look, "inventoryLevels", ITEMS)
    found = _level_search(arguments.get("query") or "")
    look.search(found, arguments.get("query") or "", "inventoryLevels")
    levels = [
        Placed(each, source)
        for each in source.inventory.levels_of(source.variant)
        if (each.active or arguments["includeInactive"]) and found.finds(each)
    ]
    levels.sort(key=_level_place)
    return cut(levels, _level_place, int, arguments)


def _level_place(placed: Placed) -> Key:
    return placed.level.number, placed.level.number


def _level_at(source: Stocked, look: Any, arguments: Arguments) -> Placed | None:
    need(look, "inventoryLevel", ITEMS)
    _, number = parsed(arguments["locationId"])
    return next(
        (
            Placed(each, source)
            for each in source.inventory.levels_of(source.variant)
            if each.location_id == number and (each.active or arguments["includeInactive"])
        ),
        None,
    )


def _quantities(placed: Placed, _look: Any, arguments: Arguments) -> list[tuple[Level, str]]:
    """Those that are named, in that order; names that there are not have none."""
    return [(placed.level, name) for name in arguments["names"] if name in QUANTITIES]


def _unit_cost(source: Stocked, look: Any, _arguments: Arguments) -> tuple[int, str] | None:
    cents = source.item.traits.cost_cents
    return None if cents is None else (cents, look.shop.currency)


def _decimal(cents: int) -> str:
    """Shopify writes 12.50 as 12.5 and 12.00 as 12.0."""
    text = price_text(cents)
    return text.removesuffix("0")


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else stamp(instant)


_ADDRESS: Final = {
    "address1": "address1",
    "address2": "address2",
    "city": "city",
    "country": "country",
    "countryCode": "country_code",
    "phone": "phone",
    "province": "province",
    "provinceCode": "province_code",
    "zip": "zip",
}


def _attribute(name: str) -> Callable[[Any, Any, Arguments], Any]:
    return lambda source, _look, _arguments: getattr(source, name)


TYPES: Final[Mapping[str, Readers]] = {
    "InventoryItem": {
        "id": lambda each, *_: gid("InventoryItem", each.item.id),
        "legacyResourceId": lambda each, *_: str(each.item.id),
        "sku": lambda each, *_: each.item.sku,
        "tracked": lambda each, *_: each.item.traits.tracked,
        "requiresShipping": lambda each, *_: each.item.traits.requires_shipping,
        "unitCost": _unit_cost,
        "countryCodeOfOrigin": lambda each, *_: each.item.traits.country_code_of_origin,
        "provinceCodeOfOrigin": lambda each, *_: each.item.traits.province_code_of_origin,
        "harmonizedSystemCode": lambda each, *_: each.item.traits.harmonized_system_code,
        "createdAt": lambda each, *_: stamp(each.item.created_at),
        "updatedAt": lambda each, *_: stamp(each.item.traits.updated_at),
        "inventoryLevel": _level_at,
        "inventoryLevels": _levels,
    },
    "MoneyV2": {"amount": lambda money, *_: _decimal(money[0]), "currencyCode": lambda money, *_: money[1]},
    "InventoryLevel": {
        "id": lambda each, *_: each.level.gid,
        "isActive": lambda each, *_: each.level.active,
        "item": lambda each, *_: each.stocked,
        "location": lambda each, *_: each.stocked.inventory.locations[each.level.location_id],
        "quantities": _quantities,
        "createdAt": lambda each, *_: stamp(each.level.created_at),
        "updatedAt": lambda each, *_: stamp(each.level.updated_at),
    },
    "InventoryQuantity": {
        "id": lambda pair, *_: gid("InventoryQuantity", pair[0].number) + f"?name={pair[1]}",
        "name": lambda pair, *_: pair[1],
        "quantity": lambda pair, *_: getattr(pair[0], pair[1]),
        "updatedAt": lambda pair, *_: stamp(getattr(pair[0], f"{pair[1]}_at")),
    },
    "Location": {
        "id": lambda each, *_: gid("Location", each.id),
        "legacyResourceId": lambda each, *_: str(each.id),
        "name": _attribute("name"),
        "isActive": _attribute("active"),
        "address": _attribute("address"),
        "createdAt": lambda each, *_: stamp(each.created_at),
        "deactivatedAt": lambda each, *_: _text(each.deactivated_at),
        "updatedAt": lambda each, *_: stamp(each.updated_at),
    },
    "LocationAddress": {name: _attribute(attribute) for name, attribute in _ADDRESS.items()},
    **{f"{name}Connection": connection() for name in ("InventoryItem", "InventoryLevel", "Location")},
    **{f"{name}Edge": edge() for name in ("InventoryItem", "InventoryLevel", "Location")},
}

EXPORTED: Final[Mapping[str, Readers]] = {
    **THINGS,
    **TYPES,
    "ProductVariant": {
        **THINGS["ProductVariant"],
        "inventoryItem": lambda sold, look, _: stocked(sold.variant, look.inventory),
    },
}
"""The readers of what bulk operations may export."""

TYPE_OF_EXPORTED: Final[Mapping[type, str]] = {
    **TYPE_OF_SOURCE,
    Stocked: "InventoryItem",
    Placed: "InventoryLevel",
    Location: "Location",
}
"""What a source is where the schema names an interface."""
