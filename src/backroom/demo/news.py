"""The last few field changes in the ERP's tables, for people.

Enters: the feed of changes. Leaves: lines with a title, a field, and what was before and is now. What never
happens here: a creation (an import would be nothing else), or a line twice.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, and_, select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.demo.words import change, field_name, harmless
from backroom.erp.changes import Position, read_feed
from backroom.erp.tables import inventory_item, inventory_level, listing, listing_variant, location

PAGE: Final = 1_000
ONLY_VARIANT: Final = "Default Title"
"""What Shopify calls the variant of a product that has no options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One change."""

    at: datetime
    title: str
    field: str
    old: str
    new: str


class News:
    """Follows the feed; `lines` holds the newest ones, oldest first."""

    def __init__(self, number: int) -> None:
        self.lines: deque[Line] = deque(maxlen=number)
        self._after: Position | None = None

    def read(self, transaction: Transaction) -> None:
        """Whatever came since the last look."""
        while rows := read_feed(transaction, self._after, None, PAGE):
            self._after = Position(rows[-1]["commit_order"], rows[-1]["id"])
            told = [row for row in rows if _is_news(row)]
            self._append(transaction, told[-(self.lines.maxlen or 1) :])

    def _append(self, transaction: Transaction, rows: Sequence[RowMapping]) -> None:
        titles = {
            entity: _TITLES[entity](
                transaction, [row["entity_id"] for row in rows if row["entity"] == entity]
            )
            for entity in _TITLES
        }
        self.lines.extend(_line(row, titles[row["entity"]]) for row in rows)


def _is_news(row: RowMapping) -> bool:
    # Products and SKUs follow their listings: the same change again. A variant that goes moves all others.
    return row["entity"] in _TITLES and row["field"] not in (None, "position")


def _line(row: RowMapping, titles: Mapping[int, str]) -> Line:
    old, new = change(row["field"], row["old"], row["new"])
    return Line(
        at=row["at"],
        title=titles.get(row["entity_id"], "-"),
        field=field_name(row["field"]),
        old=old,
        new=new,
    )


def _listing_titles(transaction: Transaction, ids: Iterable[int]) -> dict[int, str]:
    found = transaction.execute(select(listing.c.id, listing.c.title).where(among(listing.c.id, ids)))
    return {row[0]: harmless(row[1] or "-") for row in found}


def _variant_titles(transaction: Transaction, ids: Iterable[int]) -> dict[int, str]:
    """The product's title first, because a variant's says only how it differs from its neighbours."""
    c = listing_variant.c
    statement = select(c.id, listing.c.title, c.title).join(listing, listing.c.id == c.listing_id)
    return {row[0]: _joined(row[1], row[2]) for row in transaction.execute(statement.where(among(c.id, ids)))}


def _joined(product: str | None, variant: str | None) -> str:
    own = "" if variant in (None, ONLY_VARIANT) else f" · {variant}"
    return harmless(f"{product or '-'}{own}")


def _location_titles(transaction: Transaction, ids: Iterable[int]) -> dict[int, str]:
    found = transaction.execute(select(location.c.id, location.c.name).where(among(location.c.id, ids)))
    return {row[0]: harmless(row[1] or "-") for row in found}


def _item_titles(transaction: Transaction, ids: Iterable[int]) -> dict[int, str]:
    c = inventory_item.c
    statement = select(c.id, c.sku_code, c.shopify_inventory_item_id).where(among(c.id, ids))
    return {row[0]: harmless(row[1] or f"item {row[2]}") for row in transaction.execute(statement)}


def _level_titles(transaction: Transaction, ids: Iterable[int]) -> dict[int, str]:
    """The code first; a level may have come before its item and its location."""
    c, item, place = inventory_level.c, inventory_item.c, location.c
    of_item = and_(item.shop_id == c.shop_id, item.shopify_inventory_item_id == c.shopify_inventory_item_id)
    at_place = and_(place.shop_id == c.shop_id, place.shopify_location_id == c.shopify_location_id)
    statement = (
        select(c.id, item.sku_code, place.name)
        .select_from(inventory_level)
        .outerjoin(inventory_item, of_item)
        .outerjoin(location, at_place)
    )
    return {row[0]: _joined(row[1], row[2]) for row in transaction.execute(statement.where(among(c.id, ids)))}


_TITLES: Final[Mapping[str, Any]] = {
    "listing": _listing_titles,
    "listing_variant": _variant_titles,
    "location": _location_titles,
    "inventory_item": _item_titles,
    "inventory_level": _level_titles,
}
