"""Active ERP rows that nothing stands behind: no body of theirs is cached, and no deletion. Reads only.

Enters: a stretch of Shopify's keys. Leaves: the rows of one shop whose keys lie within it, in their order.
What a hand has put into the tables is found so; the writer makes no such row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, null, select, tuple_

from backroom.cache.states import holding
from backroom.db.database import Transaction
from backroom.erp.tables import inventory_item, inventory_level, listing, location
from backroom.vocabulary.ids import ResourceKey, ShopId

PAGE_ROWS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbacked:
    """One such row. `entity` is its table, `title` for people."""

    key: ResourceKey
    entity: str
    entity_id: int
    title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStretch:
    """Keys behind `after` (None: from the first) up to and with `until` (None: to the last)."""

    after: ResourceKey | None
    until: ResourceKey | None


FindUnbacked = Callable[[Transaction, Table, ShopId, KeyStretch, int], list[Unbacked]]
"""(transaction, cache table, shop, keys, at most so many)."""


def _finder(table: Table, key: Sequence[str], title: str | None) -> FindUnbacked:
    """`key`: the columns of Shopify's ids, named alike in the cache and unique within a shop."""
    ids = [table.c[name] for name in key]

    def find(
        transaction: Transaction, cache: Table, shop_id: ShopId, stretch: KeyStretch, limit: int
    ) -> list[Unbacked]:
        """Page by page, each key looked up in the cache.

        Asked in one statement, PostgreSQL may read all of a large cache for each stretch.
        """
        found: list[Unbacked] = []
        after = stretch.after
        while len(found) < limit:
            rows = _active(transaction, shop_id, KeyStretch(after=after, until=stretch.until))
            backed = set(holding(transaction, cache, shop_id, [each.key for each in rows])) if rows else set()
            found += [each for each in rows if each.key not in backed]
            if len(rows) < PAGE_ROWS:
                break
            after = rows[-1].key
        return found[:limit]

    def _active(transaction: Transaction, shop_id: ShopId, stretch: KeyStretch) -> list[Unbacked]:
        shown = null() if title is None else table.c[title]
        rows = select(table.c.id, shown, *ids).where(table.c.shop_id == shop_id, table.c.is_active)
        if stretch.after is not None:
            rows = rows.where(_placed(ids) > _place(stretch.after))
        if stretch.until is not None:
            rows = rows.where(_placed(ids) <= _place(stretch.until))
        return [
            Unbacked(key=tuple(row[2:]), entity=table.name, entity_id=row[0], title=row[1])
            for row in transaction.execute(rows.order_by(*ids).limit(PAGE_ROWS))
        ]

    return find


def _placed(ids: Sequence[Column[int]]) -> ColumnElement[Any]:
    """Keys of one id are compared without a row around it, so that every database uses its index."""
    return ids[0] if len(ids) == 1 else tuple_(*ids)


def _place(key: ResourceKey) -> Any:
    return key[0] if len(key) == 1 else key


unbacked_listings: Final = _finder(listing, ("shopify_product_id",), "title")
unbacked_locations: Final = _finder(location, ("shopify_location_id",), "name")
unbacked_items: Final = _finder(inventory_item, ("shopify_inventory_item_id",), "sku_code")
unbacked_levels: Final = _finder(inventory_level, ("shopify_inventory_item_id", "shopify_location_id"), None)
