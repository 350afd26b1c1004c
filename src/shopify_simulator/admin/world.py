"""The shop's products and stock at one moment, in every order asked for, and what happened until then.

What the shop holds enters; products by id, by variant, by item, and sorted leave. What never happens here: a
change, or the shop's lock held while something is sorted.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from shopify_simulator.admin.search import Search
from shopify_simulator.admin.slices import Key
from shopify_simulator.shop.inventory import Inventory
from shopify_simulator.shop.product import Product, Variant
from shopify_simulator.shop.shop import Shop
from shopify_simulator.shop.timeline import Entry

SORTS: Final[Mapping[str, tuple[Callable[[Product], Key], type]]] = {
    "ID": (lambda product: (product.id, product.id), int),
    "TITLE": (lambda product: (product.title, product.id), str),
    "CREATED_AT": (lambda product: (product.created_at, product.id), datetime),
    # A product that changes moves to the end: a reader on its way meets it again.
    "UPDATED_AT": (lambda product: (product.updated_at, product.id), datetime),
}
"""What products are sorted by, the id deciding between equals, and the type of its values."""


class World:
    """See the module. Products are replaced on their shelf, never changed, so holding them is enough."""

    def __init__(
        self,
        products: dict[int, Product],
        version: Any = None,
        timeline: Sequence[Entry] = (),
        inventory: Inventory | None = None,
        home_of: Callable[[int], int] = lambda _: 0,
    ) -> None:
        self.inventory = inventory or Inventory()
        self._home_of = home_of
        self.products = products
        self.timeline = timeline
        self.version = version
        self._sorted: dict[str, Sequence[Product]] = {}
        self._found: dict[tuple[str, str], Sequence[Product]] = {}

    def ordered(self, sort: str) -> Sequence[Product]:
        """All products, ascending. Two threads may sort at once, and get the same."""
        if sort not in self._sorted:
            self._sorted[sort] = sorted(self.products.values(), key=SORTS[sort][0])
        return self._sorted[sort]

    def found(self, sort: str, query: str, search: Search) -> Sequence[Product]:
        """Those that a search finds, ascending; the same query's answer is kept."""
        if not search.tests:
            return self.ordered(sort)
        if (sort, query) not in self._found:
            self._found[sort, query] = [each for each in self.ordered(sort) if search.finds(each)]
        return self._found[sort, query]

    def variant(self, number: int) -> tuple[Product, Variant] | None:
        """A variant with its product."""
        return self._variants.get(number)

    def variant_of_item(self, item_id: int) -> Variant | None:
        """The variant that this inventory item belongs to."""
        product = self.products.get(self._home_of(item_id))
        variants = () if product is None else product.variants
        return next((each for each in variants if each.inventory_item_id == item_id), None)

    @cached_property
    def variants_by_item(self) -> Sequence[Variant]:
        """All variants, ascending by their items' ids."""
        found = (variant for product in self.products.values() for variant in product.variants)
        return sorted(found, key=lambda each: each.inventory_item_id)

    def happened_to(self, product_id: int) -> Sequence[Entry]:
        """Of the timeline, what is about one product."""
        return self._stories.get(product_id, ())

    @cached_property
    def _stories(self) -> dict[int, list[Entry]]:
        found: dict[int, list[Entry]] = {}
        for entry in self.timeline:
            found.setdefault(entry.product_id, []).append(entry)
        return found

    @cached_property
    def _variants(self) -> dict[int, tuple[Product, Variant]]:
        return {
            variant.id: (product, variant)
            for product in self.products.values()
            for variant in product.variants
        }


class Present:
    """Hands out the world as it is now; the same one until something changes."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._last = World({})

    def look(self) -> World:
        with self._shop.lock:
            version = (self._shop.changes(), self._shop.stock_changes(), len(self._shop.products))
            if self._last.version == version:
                return self._last
            products, timeline = dict(self._shop.products), self._shop.timeline.entries()
            inventory = self._shop.inventory.copy()
        self._last = World(products, version, timeline, inventory, self._shop.home_of)
        return self._last
