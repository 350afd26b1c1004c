"""What happens to inventory levels: sold, packed, counted, sent on, connected, disconnected.

An item, a location and pieces enter; the level is replaced, its variant's quantity follows, an event fires.
What never happens here: an event for what no webhook tells (a fulfilment, what is incoming), or a level of
an item that no variant has.

Source: shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps.
"""

from collections.abc import Callable

from shopify_simulator.shop.level import Level, new_level
from shopify_simulator.shop.product import Variant
from shopify_simulator.shop.rules import MOST_PIECES, Refused
from shopify_simulator.shop.storeroom import Storeroom


class UnknownLevel(LookupError):
    """The item never was at this location."""


class Levels:
    """See the module. `touched` is told the product whose stock changed. Fit for several threads."""

    def __init__(self, storeroom: Storeroom, *, touched: Callable[[int], None]) -> None:
        self._room = storeroom
        self._touched = touched

    def of(self, item_id: int) -> list[Level]:
        """All levels of an item, inactive ones too. Raises UnknownItem."""
        with self._room.lock:
            return list(self._room.inventory.levels_of(self._room.find(item_id)[1]))

    def get(self, item_id: int, location_id: int) -> Level:
        """The level, active or not. Raises UnknownItem, UnknownLevel."""
        for each in self.of(item_id):
            if each.location_id == location_id:
                return each
        raise UnknownLevel(f"inventory item {item_id} never was at location {location_id}")

    def set_available(self, item_id: int, location_id: int, available: int) -> Level:
        """Somebody counted: so many can be sold. Nothing happens where it was so before."""
        with self._room.lock:
            before = self._stocked(item_id, location_id)
            if before.available == available:
                return before
            return self._move(item_id, location_id, available=available - before.available)

    def restock(self, item_id: int, location_id: int, pieces: int) -> Level:
        """A delivery: so many more are available and on hand."""
        return self._move(item_id, location_id, available=pieces)

    def order(self, item_id: int, location_id: int, pieces: int = 1) -> Level:
        """A customer orders: available becomes committed, below zero too. What is on hand stays."""
        return self._move(item_id, location_id, available=-pieces, committed=pieces)

    def fulfil(self, item_id: int, location_id: int, pieces: int = 1) -> Level:
        """They are sent: committed and on hand fall. `available` and its instant stay; no webhook tells."""
        return self._move(item_id, location_id, committed=-pieces)

    def set_incoming(self, item_id: int, location_id: int, pieces: int) -> Level:
        """So many are on their way here; no webhook tells."""
        with self._room.lock:
            before = self._stocked(item_id, location_id)
            return self._move(item_id, location_id, incoming=pieces - before.incoming)

    def transfer(self, item_id: int, source: int, target: int, pieces: int = 1) -> None:
        """From one location to another: two updates that are one act. Raises Refused where it is stocked
        at one of them only.
        """
        with self._room.lock:
            for location_id in (source, target):
                self._stocked(item_id, location_id)
            act = self._room.news.new_event_id()
            self._move(item_id, source, available=-pieces, act=act)
            self._move(item_id, target, available=pieces, act=act)

    def connect(self, item_id: int, location_id: int, available: int | None = None) -> Level:
        """Stocks the item there: anew, or with what it had before unless it is said.

        Raises Refused where it is stocked, or where there is no such location.
        """
        with self._room.lock:
            _, variant = self._room.find(item_id)
            if location_id not in self._room.inventory.locations:
                raise Refused(f"there is no location {location_id}")
            before = next((each for each in self.of(item_id) if each.location_id == location_id), None)
            if before is not None and before.active:
                raise Refused(f"inventory item {item_id} is stocked at location {location_id}")
            now = self._room.now()
            if before is None:
                level = new_level(item_id, location_id, available or 0, now)
            else:
                more = 0 if available is None else available - before.available
                level = before.moved(now, available=more).said_again(now)
            return self._put("inventory_levels/connect", variant, level)

    def disconnect(self, item_id: int, location_id: int) -> Level:
        """The item is not stocked there any more. What lay there does not count; it is kept."""
        with self._room.lock:
            _, variant = self._room.find(item_id)
            level = self._stocked(item_id, location_id).said_again(self._room.now(), active=False)
            return self._put("inventory_levels/disconnect", variant, level)

    def reconnect(self, item_id: int, location_id: int) -> Level:
        """Disconnected and connected again at once, within one second mostly."""
        with self._room.lock:
            self.disconnect(item_id, location_id)
            return self.connect(item_id, location_id)

    def follow(self, variant: Variant, before: Variant, act: str) -> None:
        """Somebody changed the quantity of a variant by its product: one level takes the difference."""
        levels = list(self._room.inventory.levels_of(before))
        is_open = self._room.inventory.is_open
        place = next((n for n, each in enumerate(levels) if each.active and is_open(each.location_id)), None)
        if place is not None:
            more = variant.inventory_quantity - before.inventory_quantity
            levels[place] = levels[place].moved(self._room.now(), available=more)
            self._room.inventory.levels[variant.inventory_item_id] = tuple(levels)
            self._room.changes += 1
            self._room.tell_of_level("inventory_levels/update", variant, levels[place], act)
        self._room.recount(self._room.find(variant.inventory_item_id)[0], [variant])

    def _stocked(self, item_id: int, location_id: int) -> Level:
        """The level, if it is active. Raises UnknownItem, UnknownLevel, Refused."""
        level = self.get(item_id, location_id)
        if not level.active:
            raise Refused(f"inventory item {item_id} is not stocked at location {location_id}")
        return level

    def _move(
        self,
        item_id: int,
        location_id: int,
        *,
        available: int = 0,
        committed: int = 0,
        incoming: int = 0,
        act: str | None = None,
    ) -> Level:
        """Raises UnknownItem, UnknownLevel, and Refused for what Shopify would not store."""
        with self._room.lock:
            _, variant = self._room.find(item_id)
            level = self._stocked(item_id, location_id).moved(
                self._room.now(), available=available, committed=committed, incoming=incoming
            )
            if level.committed < 0 or level.incoming < 0:
                raise Refused("committed and incoming pieces are 0 or more")
            if max(abs(level.available), abs(level.on_hand), level.incoming) > MOST_PIECES:
                raise Refused(f"there are more than {MOST_PIECES} pieces")
            topic = "inventory_levels/update" if available else None
            return self._put(topic, variant, level, act)

    def _put(self, topic: str | None, variant: Variant, level: Level, act: str | None = None) -> Level:
        """The level is this one now; without a topic nobody is told."""
        held = {each.location_id: each for each in self._room.inventory.levels_of(variant)}
        self._room.put(variant, list({**held, level.location_id: level}.values()))
        if topic is not None:
            act = act or self._room.news.new_event_id()
            self._room.tell_of_level(topic, variant, level, act)
            self._touched(variant.inventory_item_id)
        return level
