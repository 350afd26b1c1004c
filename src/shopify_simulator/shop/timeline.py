"""What happened to the shop's products, for whoever reads it afterwards: an action enters, an entry leaves.

It has what began with the simulation, never what was stocked, and no mere change: of those the product's
`updated_at` tells. What never happens here: an entry that goes, or is altered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final, Literal

from shopify_simulator.shop.product import Product

Action = Literal["create", "destroy", "published", "unpublished"]

_SAID: Final[dict[Action, str]] = {
    "create": "was created",
    "destroy": "was deleted",
    "published": "was published",
    "unpublished": "was unpublished",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened. `number`: the n-th of the shop, from 1. `message` is HTML."""

    number: int
    action: Action
    product_id: int
    at: datetime
    message: str


class Timeline:
    """See the module. Whoever writes or copies it holds the shop's lock."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def note(self, action: Action, product: Product, at: datetime) -> None:
        """The product as it is called now: later it may be gone."""
        entry = Entry(
            number=len(self._entries) + 1,
            action=action,
            product_id=product.id,
            at=at,
            message=f"{escape(product.title)} {_SAID[action]}.",
        )
        self._entries.append(entry)

    def note_publication(self, before: Product, after: Product, at: datetime) -> None:
        """Nothing where both or neither are published."""
        was, is_now = before.published_at is not None, after.published_at is not None
        if was != is_now:
            self.note("published" if is_now else "unpublished", after, at)

    def entries(self) -> Sequence[Entry]:
        """All so far, in their order."""
        return tuple(self._entries)
