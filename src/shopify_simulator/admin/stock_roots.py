"""What can be asked of stock at the top of a document: items, levels and locations, by ids and in pages.

Who looks and the arguments enter; things and pages of them leave. What never happens here: a field of a thing
(`stock.py`).
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from shopify_simulator.admin.asked import need, parsed
from shopify_simulator.admin.look import Look
from shopify_simulator.admin.readers import Arguments, Readers
from shopify_simulator.admin.search import Fields, Search, search_of
from shopify_simulator.admin.slices import Key, Slice, cut
from shopify_simulator.admin.stock import (
    ITEMS,
    LOCATION_SORTS,
    OF_ITEMS,
    OF_LOCATIONS,
    PLACES,
    Placed,
    Stocked,
    stocked,
    wanted_locations,
)
from shopify_simulator.shop.location import Location

_OF_AN_ITEM: Final = re.compile(r"gid://shopify/InventoryLevel/(\d+)\?inventory_item_id=(\d+)")


def _searched(look: Look, arguments: Arguments, fields: Fields, field: str) -> Search:
    query = arguments.get("query") or ""
    found = search_of(query, fields)
    look.search(found, query, field)
    return found


def item_of(look: Look, number: int) -> Stocked | None:
    variant = look.world.variant_of_item(number)
    return None if variant is None else stocked(variant, look.inventory)


def level_of(look: Look, identity: str) -> Placed | None:
    """By its whole gid, which names the item."""
    found = _OF_AN_ITEM.fullmatch(identity)
    source = None if found is None else item_of(look, int(found[2]))
    if found is None or source is None:
        return None
    levels = source.inventory.levels_of(source.variant)
    return next((Placed(each, source) for each in levels if each.number == int(found[1])), None)


def _item(_root: Any, look: Look, arguments: Arguments) -> Stocked | None:
    need(look, "inventoryItem", ITEMS)
    kind, number = parsed(arguments["id"])
    return item_of(look, number) if kind == "InventoryItem" else None


def _items(_root: Any, look: Look, arguments: Arguments) -> Slice:
    need(look, "inventoryItems", ITEMS)
    found = _searched(look, arguments, OF_ITEMS, "inventoryItems")
    ordered: Sequence[Any] = look.world.variants_by_item
    if not found.tests:
        page = cut(ordered, lambda each: (each.inventory_item_id, each.inventory_item_id), int, arguments)
        return Slice(
            items=[stocked(each, look.inventory) for each in page.items],
            place=_item_place,
            has_next=page.has_next,
            has_previous=page.has_previous,
        )
    items = (stocked(each, look.inventory) for each in ordered)
    return cut([each for each in items if found.finds(each)], _item_place, int, arguments)


def _item_place(each: Stocked) -> Key:
    return each.item.id, each.item.id


def _level(_root: Any, look: Look, arguments: Arguments) -> Placed | None:
    need(look, "inventoryLevel", ITEMS)
    return level_of(look, arguments["id"])


def _location(_root: Any, look: Look, arguments: Arguments) -> Location | None:
    """Without an id the first one, as Shopify does with the primary one."""
    need(look, "location", PLACES)
    if arguments.get("id") is None:
        return next(iter(look.inventory.locations.values()), None)
    kind, number = parsed(arguments["id"])
    return look.inventory.locations.get(number) if kind == "Location" else None


def _locations(_root: Any, look: Look, arguments: Arguments) -> Slice:
    need(look, "locations", PLACES)
    _searched(look, arguments, OF_LOCATIONS, "locations")
    place, like = LOCATION_SORTS[arguments["sortKey"]]
    return cut(wanted_locations(look.inventory, arguments), place, like, arguments)


QUERIES: Final[Readers] = {
    "inventoryItem": _item,
    "inventoryItems": _items,
    "inventoryLevel": _level,
    "location": _location,
    "locations": _locations,
}
