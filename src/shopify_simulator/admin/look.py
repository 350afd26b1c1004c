"""Who looks at what: all that a field's reader may need besides its source.

What never happens here: an answer, or a refusal (`asked.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from shopify_simulator.admin.bulk import Bulk
from shopify_simulator.admin.operations import Operation
from shopify_simulator.admin.search import Search
from shopify_simulator.admin.world import World
from shopify_simulator.shop.inventory import Inventory
from shopify_simulator.shop.shop import Shop
from shopify_simulator.shop.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who looks at what. `address` gives where a file lies; `absent`: so many ids are not found, as yet.

    `search` is told of a search, its text, and the field that it was asked of. `unsubscribe` ends a
    subscription and what is on its way to it.
    """

    shop: Shop
    world: World
    bulk: Bulk
    subscriptions: Subscriptions
    unsubscribe: Callable[[int], bool]
    plan: str
    versions: tuple[str, ...]
    scopes: tuple[str, ...]
    address: Callable[[Operation], str]
    search: Callable[[Search, str, str], None]
    absent: int = 0

    @property
    def inventory(self) -> Inventory:
        """What lies where, at the same moment."""
        return self.world.inventory
