"""The life of the shop's stock: believable changes from a seed, one at a time, of some kinds or all.

What never happens here: a change that does not go through the shop, or one of a product.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from shopify_simulator.shop.level import Level
from shopify_simulator.shop.shop import Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """Whoever works in the stockroom, with a seeded mind.

    `ordered`: items and locations of what was ordered and not sent yet.
    """

    shop: Shop
    random: Random
    ordered: list[tuple[int, int]]


Deed = Callable[[Clerk, Level], bool]
"""Does something with a level that is active; False where it does not suit."""


def order(clerk: Clerk, level: Level) -> bool:
    """A customer orders one to three, whether there are so many or not."""
    clerk.shop.levels.order(level.item_id, level.location_id, clerk.random.randrange(1, 4))
    clerk.ordered.append((level.item_id, level.location_id))
    return True


def fulfil(clerk: Clerk, level: Level) -> bool:
    """What is committed is sent, of the level at hand or of one that was ordered before."""
    if level.committed == 0:
        return False
    clerk.shop.levels.fulfil(level.item_id, level.location_id, level.committed)
    return True


def restock(clerk: Clerk, level: Level) -> bool:
    clerk.shop.levels.restock(level.item_id, level.location_id, 12 * clerk.random.randrange(1, 5))
    return True


def count(clerk: Clerk, level: Level) -> bool:
    """Somebody counted, and it is not what it was thought to be."""
    clerk.shop.levels.set_available(
        level.item_id, level.location_id, max(0, level.available) + clerk.random.randrange(1, 9)
    )
    return True


def send_on(clerk: Clerk, level: Level) -> bool:
    """Some go to another location where the item is stocked."""
    others = [each for each in clerk.shop.levels.of(level.item_id) if each.active and each != level]
    if not others:
        return False
    target = others[clerk.random.randrange(len(others))]
    clerk.shop.levels.transfer(level.item_id, level.location_id, target.location_id, 2)
    return True


def expect(clerk: Clerk, level: Level) -> bool:
    """So many are on their way here."""
    clerk.shop.levels.set_incoming(level.item_id, level.location_id, clerk.random.randrange(50))
    return True


def reconnect(clerk: Clerk, level: Level) -> bool:
    """Not stocked there any more, and stocked there again within a second."""
    clerk.shop.levels.reconnect(level.item_id, level.location_id)
    return True


def disconnect(clerk: Clerk, level: Level) -> bool:
    """Not stocked there any more; where another location of it was left so before, it is stocked there."""
    levels = clerk.shop.levels.of(level.item_id)
    for each in levels:
        if not each.active:
            clerk.shop.levels.connect(each.item_id, each.location_id)
            return True
    if len(levels) < 2:
        return False
    clerk.shop.levels.disconnect(level.item_id, level.location_id)
    return True


def track(clerk: Clerk, level: Level) -> bool:
    """It is counted from now on, or no more."""
    tracked = clerk.shop.items.get(level.item_id).traits.tracked
    clerk.shop.items.set_tracked(level.item_id, not tracked)
    return True


def cost_more(clerk: Clerk, level: Level) -> bool:
    clerk.shop.items.change(level.item_id, cost_cents=clerk.random.randrange(100, 9_000))
    return True


def close_or_open(clerk: Clerk, level: Level) -> bool:
    """A closed location opens; else the level's closes with all that lies there, unless it is the last."""
    locations = clerk.shop.locations.all()
    closed = next((each for each in locations if not each.active), None)
    if closed is not None:
        clerk.shop.locations.activate(closed.id)
        return True
    if len(locations) < 2:
        return False
    clerk.shop.locations.deactivate(level.location_id)
    return True


DEEDS: Final[Mapping[str, tuple[int, Deed]]] = {
    "ordered": (400, order),
    "fulfilled": (250, fulfil),
    "restocked": (80, restock),
    "counted": (80, count),
    "transferred": (80, send_on),
    "expected": (30, expect),
    "reconnected": (20, reconnect),
    "disconnected or connected": (20, disconnect),
    "tracking changed": (10, track),
    "cost changed": (20, cost_more),
    "location closed or opened": (2, close_or_open),
}
"""What happens to stock, and how often in comparison."""

HOT_SHARE: Final = 0.3
MOST_ORDERED: Final = 1_000


class StockLife:
    """See the module. `counts` says how often each kind of change happened."""

    def __init__(self, shop: Shop, *, seed: int) -> None:
        self._shop = shop
        self._random = Random(f"stock:{seed}")
        self._clerk = Clerk(shop=shop, random=self._random, ordered=[])
        self.counts: Counter[str] = Counter()
        self.choose()

    def choose(
        self, *, locations: Collection[int] | None = None, kinds: Collection[str] | None = None
    ) -> None:
        """From now on changes are of levels at these locations alone, and of these kinds.

        Raises ValueError.
        """
        if unknown := set(kinds or ()) - DEEDS.keys():
            raise ValueError(f"kinds: there is no {', '.join(sorted(unknown))}")
        self._locations = None if locations is None else frozenset(locations)
        self._names = [name for name in DEEDS if kinds is None or name in kinds]
        self._weights = [DEEDS[name][0] for name in self._names]

    def change_once(self) -> str:
        """One change, and its name; another kind or item is drawn where it does not suit.

        Raises UnknownProduct where the shop has no products, and ValueError where nothing can be found.
        """
        with self._shop.lock:
            for _ in range(10_000):
                (name,) = self._random.choices(self._names, self._weights)
                level = self._level(name)
                if level is not None and DEEDS[name][1](self._clerk, level):
                    self.counts[name] += 1
                    return name
        raise ValueError("no level suits the locations and kinds that were chosen")

    def _level(self, name: str) -> Level | None:
        """An active one: of an order that waits, of a hot product, or any."""
        if name == "fulfilled" and self._clerk.ordered:
            return self._waiting()
        product = self._shop.any_product(self._random, hot=self._random.random() < HOT_SHARE)
        variant = product.variants[self._random.randrange(len(product.variants))]
        levels = [each for each in self._shop.inventory.levels_of(variant) if self._suits(each)]
        return levels[self._random.randrange(len(levels))] if levels else None

    def _waiting(self) -> Level | None:
        ordered = self._clerk.ordered
        del ordered[:-MOST_ORDERED]
        item_id, location_id = ordered.pop(self._random.randrange(len(ordered)))
        try:
            level = self._shop.levels.get(item_id, location_id)
        except LookupError:
            return None  # gone meanwhile
        return level if self._suits(level) else None

    def _suits(self, level: Level) -> bool:
        return level.active and (self._locations is None or level.location_id in self._locations)
