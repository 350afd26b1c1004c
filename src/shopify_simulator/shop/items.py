"""What happens to inventory items: they come and go with their variants, and a merchant sets their traits.

Products before and after a change enter; the items follow, and their events fire. What never happens here: a
quantity (`levels.py`), or an item without a variant.
"""

from dataclasses import replace
from typing import TypedDict, Unpack

from shopify_simulator.shop.bodies import deleted_body
from shopify_simulator.shop.item import InventoryItem, deleted_item_body, item_body
from shopify_simulator.shop.levels import Levels
from shopify_simulator.shop.product import Product, Variant
from shopify_simulator.shop.storeroom import Storeroom


class Settings(TypedDict, total=False):
    """What a merchant may set of an item."""

    tracked: bool
    requires_shipping: bool
    cost_cents: int | None
    country_code_of_origin: str | None
    province_code_of_origin: str | None
    harmonized_system_code: str | None


class Items:
    """See the module. `tracking_touches_levels`: where tracking begins or ends, each active level is told.

    Whether Shopify does that no page says.
    """

    def __init__(self, storeroom: Storeroom, levels: Levels, *, tracking_touches_levels: bool) -> None:
        self.tracking_touches_levels = tracking_touches_levels
        self._room = storeroom
        self._levels = levels

    def get(self, item_id: int) -> InventoryItem:
        """The item as it is now. Raises UnknownItem."""
        with self._room.lock:
            return self._room.inventory.item(self._room.find(item_id)[1])

    def change(self, item_id: int, **settings: Unpack[Settings]) -> InventoryItem:
        """A merchant sets some of its traits; fires inventory_items/update. Raises UnknownItem."""
        with self._room.lock:
            _, variant = self._room.find(item_id)
            before = self._room.inventory.item(variant).traits
            act = self._room.news.new_event_id()
            self._set(variant, act, settings)
            if self._room.inventory.item(variant).traits.tracked != before.tracked:
                self._say_levels_again(variant, act)
            return self._room.inventory.item(variant)

    def set_tracked(self, item_id: int, tracked: bool) -> InventoryItem:
        """Whether Shopify counts it from now on. Raises UnknownItem."""
        return self.change(item_id, tracked=tracked)

    def came(self, variant: Variant, act: str) -> None:
        """A variant was made: its item, and its levels where items begin."""
        if self._room.news.wanted("inventory_items/create"):
            self._tell("inventory_items/create", variant, act)
        if self._room.news.wanted("inventory_levels/connect"):
            for level in self._room.inventory.levels_of(variant):
                if level.active:
                    self._room.tell_of_level("inventory_levels/connect", variant, level, act)

    def followed(self, before: Product, after: Product, act: str) -> None:
        """A product was changed: items come and go with its variants, codes and quantities are theirs."""
        known = {variant.inventory_item_id: variant for variant in before.variants}
        for variant in after.variants:
            was = known.pop(variant.inventory_item_id, None)
            if was is None:
                self.came(variant, act)
                continue
            if was.sku != variant.sku:
                self._set(variant, act, {})
            if was.inventory_quantity != variant.inventory_quantity:
                self._levels.follow(variant, was, act)
        for gone in known.values():
            self.went(gone, act)

    def went(self, variant: Variant, act: str) -> None:
        """A variant is gone, and its item with it; that its levels are, nobody is told."""
        topic, number = "inventory_items/delete", variant.inventory_item_id
        if self._room.news.wanted(topic):
            body = deleted_item_body(self._room.inventory.item(variant))
            self._room.news.tell(topic, number, body, id_only=deleted_body(number), event_id=act)
        self._room.inventory.forget(number)

    def _set(self, variant: Variant, act: str, settings: Settings) -> None:
        before = self._room.inventory.item(variant).traits
        after = replace(before, updated_at=max(self._room.now(), before.updated_at), **settings)
        self._room.inventory.traits[variant.inventory_item_id] = after
        self._room.changes += 1
        self._tell("inventory_items/update", variant, act)

    def _tell(self, topic: str, variant: Variant, act: str) -> None:
        if self._room.news.wanted(topic):
            number = variant.inventory_item_id
            body = item_body(self._room.inventory.item(variant), self._room.offset)
            self._room.news.tell(topic, number, body, id_only=deleted_body(number), event_id=act)

    def _say_levels_again(self, variant: Variant, act: str) -> None:
        if not self.tracking_touches_levels:
            return
        now = self._room.now()
        levels = self._room.inventory.levels_of(variant)
        self._room.put(variant, [each.said_again(now) if each.active else each for each in levels])
        for level in self._room.inventory.levels_of(variant):
            if level.active:
                self._room.tell_of_level("inventory_levels/update", variant, level, act)
