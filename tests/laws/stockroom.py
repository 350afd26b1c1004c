"""A shop's stock that changes step by step: the deliveries that tell of it, and what a SKU has in the end.

Two products share an inventory item. Nothing is told of a location, or of whether an item is tracked, until
that changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from backroom.vocabulary.ids import ResourceKey
from tests.bodies import Json, product, pulled, variant
from tests.house import instant
from tests.stock_bodies import (
    disconnected,
    item,
    level,
    location,
    pulled_item,
    pulled_level,
    pulled_location,
)

SHARED_ITEM: Final = 1011
OWN_ITEM: Final = 1012
ITEMS: Final = (SHARED_ITEM, OWN_ITEM)
LOCATIONS: Final = (7, 8, 9)
VARIANTS: Final[Mapping[int, Mapping[int, int]]] = {1: {11: SHARED_ITEM, 12: OWN_ITEM}, 2: {21: SHARED_ITEM}}
"""By product: its variants, and the item of each."""
KINDS: Final = (
    *("set",) * 6,
    *("disconnect", "track", "untrack", "deactivate", "activate", "delete location", "change product"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A change. What its kind has no use for is ignored."""

    kind: str
    item_id: int
    location_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery; `triggered_at` tells the true order."""

    topic: str
    body: Json
    triggered_at: datetime


@dataclass(frozen=True, slots=True)
class Stock:
    """A SKU's stock: what is available in all, and by location."""

    available: int | None
    levels: tuple[tuple[int, int | None], ...]


class Stockroom:
    """See the module. What it has is kept as the newest webhook bodies."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._products: dict[int, Json] = {}
        self._items: dict[int, Json] = {}
        self._locations: dict[int, Json] = {}
        self._levels: dict[ResourceKey, Json] = {}
        self._deleted: set[int] = set()
        self._stocked: set[int] = set()
        for number in VARIANTS:
            self._change_product(number)

    def take(self, step: Step) -> None:
        """One change, and its deliveries. What Shopify would refuse changes nothing."""
        match step.kind:
            case "set":
                self._set((step.item_id, step.location_id), step.number)
            case "disconnect":
                if self._levels.pop((step.item_id, step.location_id), None):
                    self._send("inventory_levels/disconnect", disconnected(step.item_id, step.location_id))
            case "track" | "untrack":
                self._track(step.item_id, step.kind == "track")
            case "change product":
                self._change_product(1 + step.number % 2)
            case _:
                self._change_location(step.location_id, step.kind)

    def pulled(self, resource: str, key: ResourceKey) -> Json | None:
        """What Shopify answers, asked for one resource; None: it has none."""
        if resource == "inventory":
            held = self._levels.get(key)
            return None if held is None else pulled_level(self._shown(held))
        bodies, shape = {
            "product": (self._products, pulled),
            "inventory_item": (self._items, pulled_item),
            "location": (self._locations, pulled_location),
        }[resource]
        body = bodies.get(key[0])
        return None if body is None else shape(body)

    def stock(self) -> dict[int, Stock]:
        """What each variant's SKU has."""
        return {
            variant_id: self._stock_of(item_id)
            for variants in VARIANTS.values()
            for variant_id, item_id in variants.items()
        }

    def _stock_of(self, item_id: int) -> Stock:
        levels = {
            key[1]: self._shown(body)["available"]
            for key, body in sorted(self._levels.items())
            if key[0] == item_id
        }
        summed = [number for location_id, number in levels.items() if self._counts(location_id)]
        known = item_id in self._stocked and self._is_tracked(item_id)
        return Stock(sum(summed) if known else None, tuple(levels.items()))

    def _set(self, key: ResourceKey, number: int) -> None:
        if self._is_tracked(key[0]) and key[1] not in self._deleted:
            self._stocked.add(key[0])
            topic = "update" if key in self._levels else "connect"
            self._levels[key] = level(*key, at=self._now, available=number)
            self._send(f"inventory_levels/{topic}", self._levels[key])

    def _track(self, item_id: int, tracked: bool) -> None:
        """What becomes tracked is counted anew; of what is tracked no more only the item tells."""
        self._items[item_id] = item(item_id, at=self._now, tracked=tracked)
        self._send("inventory_items/update", self._items[item_id])
        for key, held in self._levels.items() if tracked else ():
            if key[0] == item_id:
                self._set(key, held["available"])

    def _change_location(self, location_id: int, kind: str) -> None:
        if location_id in self._deleted:
            return
        if kind == "delete location":
            # Nobody is told of the levels there.
            self._levels = {key: held for key, held in self._levels.items() if key[1] != location_id}
            self._deleted.add(location_id)
            self._locations.pop(location_id, None)
            self._send("locations/delete", {"id": location_id})
        else:
            self._locations[location_id] = location(location_id, at=self._now, active=kind == "activate")
            self._send(f"locations/{kind}", self._locations[location_id])

    def _change_product(self, number: int) -> None:
        held = [variant(each, inventory_item_id=item_id) for each, item_id in VARIANTS[number].items()]
        title = f"Title {len(self.sent)}"
        self._products[number] = product(number, at=self._now, variants=held, title=title)
        self._send("products/update", self._products[number])

    def _send(self, topic: str, body: Json) -> None:
        self.sent.append(Sent(topic, body, instant(len(self.sent))))

    @property
    def _now(self) -> int:
        """Shopify's updated_at, in seconds: several changes share one."""
        return len(self.sent) // 3

    def _is_tracked(self, item_id: int) -> bool:
        return item_id not in self._items or bool(self._items[item_id]["tracked"])

    def _counts(self, location_id: int) -> bool:
        told = self._locations.get(location_id)
        return location_id not in self._deleted and (told is None or bool(told["active"]))

    def _shown(self, body: Json) -> dict[str, Any]:
        """A level as it is shown: what is not tracked has no number."""
        return body if self._is_tracked(body["inventory_item_id"]) else {**body, "available": None}
