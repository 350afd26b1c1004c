"""What bulk operations begin with: products, inventory items, locations of the living shop.

A root's name and arguments enter; the ids to go through, and each thing as it is when its turn comes, leave.
What never happens here: a line.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shopify_simulator.admin.readers import Arguments
from shopify_simulator.admin.search import Search, search_of
from shopify_simulator.admin.stock import OF_ITEMS, stocked, wanted_locations
from shopify_simulator.admin.world import SORTS
from shopify_simulator.shop.inventory import Inventory
from shopify_simulator.shop.product import Variant
from shopify_simulator.shop.shop import Shop

SCOPES: Final[Mapping[str, str]] = {
    "products": "read_products",
    "inventoryItems": "read_inventory",
    "locations": "read_locations",
}
"""The roots that are exported, and the scope that each needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Who looks, for the readers of a bulk operation's lines: it may see all, and sees the present."""

    shop: Shop
    scopes: tuple[str, ...] = tuple(SCOPES.values())

    @property
    def inventory(self) -> Inventory:
        return self.shop.inventory

    def search(self, _search: Search, _query: str, _field: str) -> None:
        """A bulk operation has nobody to tell of what it ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """`get` answers None for what is gone meanwhile."""

    numbers: Callable[[Arguments], list[int]]
    get: Callable[[int], Any]


def roots_of(shop: Shop) -> Mapping[str, Root]:
    """By the name of the connection."""
    inventory = shop.inventory

    def products(arguments: Arguments) -> list[int]:
        found = search_of(arguments.get("query"))
        with shop.lock:
            held = [each for each in shop.products.values() if found.finds(each)]
        held.sort(key=SORTS[arguments["sortKey"]][0])
        return _turned([each.id for each in held], arguments)

    def items(arguments: Arguments) -> list[int]:
        found = search_of(arguments.get("query"), OF_ITEMS)
        with shop.lock:
            variants = [each for product in shop.products.values() for each in product.variants]
            wanted = [each for each in variants if not found.tests or found.finds(stocked(each, inventory))]
        return _turned(sorted(each.inventory_item_id for each in wanted), arguments)

    def item(number: int) -> Any:
        variant = _variant(shop, number)
        return None if variant is None else stocked(variant, inventory)

    def locations(arguments: Arguments) -> list[int]:
        return _turned([each.id for each in wanted_locations(inventory, arguments)], arguments)

    return {
        "products": Root(numbers=products, get=shop.products.get),
        "inventoryItems": Root(numbers=items, get=item),
        "locations": Root(numbers=locations, get=inventory.locations.get),
    }


def _variant(shop: Shop, item_id: int) -> Variant | None:
    product = shop.products.get(shop.home_of(item_id))
    variants = () if product is None else product.variants
    return next((each for each in variants if each.inventory_item_id == item_id), None)


def _turned(numbers: list[int], arguments: Arguments) -> list[int]:
    return numbers[::-1] if arguments.get("reverse") else numbers
