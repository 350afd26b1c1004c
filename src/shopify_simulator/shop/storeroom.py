"""The shop from behind: the inventory, the products whose variants it belongs to, and whoever is to be told.

It is what all have in common who act on stock (`levels.py`, `items.py`, `locations.py`): an item is found by
its id, its variant's quantity follows its levels, events leave. What never happens here: a decision.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from threading import RLock

from shopify_simulator.shop.inventory import Inventory
from shopify_simulator.shop.level import Level, disconnected_body, level_body
from shopify_simulator.shop.news import News
from shopify_simulator.shop.product import Product, Variant


class UnknownItem(LookupError):
    """No variant on the shelf has this inventory item."""


class Storeroom:
    """See the module. `lock` is the shop's: whoever acts holds it. `changes`: how often stock changed."""

    def __init__(
        self,
        *,
        products: dict[int, Product],
        news: News,
        lock: RLock,
        now: Callable[[], datetime],
        offset: timezone,
    ) -> None:
        self.inventory = Inventory()
        self.products = products
        self.news = news
        self.lock = lock
        self.now = now
        self.offset = offset
        self.changes = 0
        self._homes: dict[int, int] | None = None

    def find(self, item_id: int) -> tuple[Product, Variant]:
        """The product and the variant that this item belongs to. Raises UnknownItem."""
        product = self.products.get(self.home_of(item_id))
        for variant in () if product is None else product.variants:
            if variant.inventory_item_id == item_id:
                assert product is not None
                return product, variant
        raise UnknownItem(f"no inventory item {item_id} belongs to a variant")

    def home_of(self, item_id: int) -> int:
        """Its product's id, or 0. All are looked through once, when the first item is asked for."""
        with self.lock:
            if self._homes is None:
                self._homes = {}
                for product in self.products.values():
                    self.shelved(product)
            return self._homes.get(item_id, 0)

    def shelved(self, product: Product) -> None:
        """The product has come, or has other variants than before."""
        if self._homes is not None:
            self._homes.update((each.inventory_item_id, product.id) for each in product.variants)

    def put(self, variant: Variant, levels: Sequence[Level]) -> None:
        """The item's levels are these now; its variant's quantity follows on a copy of the product."""
        product, _ = self.find(variant.inventory_item_id)
        self.inventory.levels[variant.inventory_item_id] = tuple(levels)
        self.changes += 1
        self.recount(product, [variant])

    def recount(self, product: Product, variants: Sequence[Variant]) -> None:
        """The quantities of these variants of it are what their levels say; no `updated_at` moves."""
        counted: dict[int, Variant] = {}
        for variant in variants:
            quantity = self.inventory.quantity(self.inventory.levels_of(variant))
            if quantity != variant.inventory_quantity:
                changed = counted[variant.id] = variant.copy()
                changed.old_inventory_quantity = variant.inventory_quantity
                changed.inventory_quantity = quantity
        if counted:
            self.products[product.id] = product.with_variants(counted)

    def tell_of_level(self, topic: str, variant: Variant, level: Level, act: str) -> None:
        """inventory_levels/connect, update or disconnect, as a part of the act that has this event id."""
        if not self.news.wanted(topic):
            return
        if topic == "inventory_levels/disconnect":
            body = disconnected_body(level)
        else:
            tracked = self.inventory.item(variant).traits.tracked
            body = level_body(level, tracked=tracked, offset=self.offset)
        # Cut to its id it would name nothing: a level's id is a pair.
        self.news.tell(topic, level.number, body, id_only=body, event_id=act)
