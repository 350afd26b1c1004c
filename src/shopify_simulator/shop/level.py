"""An inventory level: how many of one item lie at one location. Its bodies as Shopify writes them.

A level is replaced, never changed in place. What never happens here: the question whether the item is
tracked, which decides only what a webhook says of `available`.

Source: shopify.dev/docs/api/webhooks, inventory_levels/update, connect, disconnect;
shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps (quantities).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Final, Self

import msgspec

from shopify_simulator.shop.numbers import mixed
from shopify_simulator.shop.product import Variant

_encode = msgspec.json.Encoder().encode

QUANTITIES: Final = ("available", "on_hand", "committed", "incoming")
ELSEWHERE_EVERY: Final = 16
"""One item in so many is not stocked at the last location."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Pieces, each with the instant of its last change. `active`: the item is stocked there now.

    `available` may be below zero. `on_hand` is `available` and `committed` together: the shop has no
    reserved, damaged, safety or quality control stock.
    """

    item_id: int
    location_id: int
    available: int
    committed: int
    incoming: int
    available_at: datetime
    on_hand_at: datetime
    committed_at: datetime
    incoming_at: datetime
    created_at: datetime
    updated_at: datetime
    active: bool = True

    @property
    def on_hand(self) -> int:
        return self.available + self.committed

    @property
    def number(self) -> int:
        """Of its gid: its own, and not its location's."""
        return 100_000_000_000 + mixed(self.location_id, self.item_id)

    @property
    def gid(self) -> str:
        return f"gid://shopify/InventoryLevel/{self.number}?inventory_item_id={self.item_id}"

    def moved(self, at: datetime, *, available: int = 0, committed: int = 0, incoming: int = 0) -> Self:
        """With so many more of each; the instants of those that changed move, never back."""
        now = max(at, self.updated_at)
        return replace(
            self,
            available=self.available + available,
            committed=self.committed + committed,
            incoming=self.incoming + incoming,
            available_at=now if available else self.available_at,
            on_hand_at=now if available + committed else self.on_hand_at,
            committed_at=now if committed else self.committed_at,
            incoming_at=now if incoming else self.incoming_at,
            updated_at=now,
        )

    def said_again(self, at: datetime, *, active: bool = True) -> Self:
        """The same pieces, said anew: it is connected, disconnected, or its item is tracked or no more."""
        now = max(at, self.updated_at)
        return replace(self, active=active, available_at=now, updated_at=now)


def new_level(item_id: int, location_id: int, available: int, at: datetime) -> Level:
    """Of an item that has just been connected to a location."""
    return Level(
        item_id=item_id,
        location_id=location_id,
        available=available,
        committed=0,
        incoming=0,
        available_at=at,
        on_hand_at=at,
        committed_at=at,
        incoming_at=at,
        created_at=at,
        updated_at=at,
    )


def first_levels(variant: Variant, locations: Sequence[int]) -> tuple[Level, ...]:
    """Where an item lies that nobody touched: its variant's quantity, split over these locations.

    The first one has what the others leave, and so alone may be below zero.
    """
    item_id, at, rest = variant.inventory_item_id, variant.created_at, variant.inventory_quantity
    if len(locations) > 1 and mixed(item_id) % ELSEWHERE_EVERY == 0:
        locations = locations[:-1]
    found = []
    for place, location_id in enumerate(reversed(locations), 1):
        last = place == len(locations)
        part = rest if last else max(0, rest) * (mixed(item_id, place) % 50) // 100
        rest -= part
        found.append(new_level(item_id, location_id, part, at))
    return tuple(reversed(found))


def level_body(level: Level, *, tracked: bool, offset: timezone) -> bytes:
    """The body of inventory_levels/update and connect; `updated_at` is that of the pieces available."""
    return _encode(
        {
            "inventory_item_id": level.item_id,
            "location_id": level.location_id,
            "available": level.available if tracked else None,
            "updated_at": level.available_at.astimezone(offset).isoformat(timespec="seconds"),
            "admin_graphql_api_id": level.gid,
        }
    )


def disconnected_body(level: Level) -> bytes:
    """The body of inventory_levels/disconnect: whose it was, and no instant."""
    return b'{"inventory_item_id":%d,"location_id":%d}' % (level.item_id, level.location_id)
