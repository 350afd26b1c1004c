"""Locations, inventory items and levels of one batch, brought to what is said of them.

Enters: changes in the ERP's words, each of one row. Leaves: drafts, and then rows, in a fixed number of
statements whatever the number of changes; none where there are no changes. A level may come before its item
and its location: nothing here asks for them. The history is written by the batch.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Table, select

from backroom.db.database import Transaction
from backroom.db.idlist import among_keys_of
from backroom.erp.drafts import Cause, Draft, Drafts, FieldChange
from backroom.erp.tables import inventory_item, inventory_level, location
from backroom.vocabulary.ids import ResourceKey, ShopId


class StockChange(Struct, frozen=True, kw_only=True):
    """A row as it should be: the listed fields, by column name; the others stay as they are."""

    key: ResourceKey
    fields: Mapping[str, Any]
    cause: Cause


Departures = Sequence[tuple[ResourceKey, Cause]]


class Stock:
    """The part of one batch that is about stock.

    `returned_items`: Shopify's ids of inventory items that were gone, with their levels, and are back.
    """

    def __init__(self, transaction: Transaction, shop_id: ShopId) -> None:
        # By the shop's lock nobody else writes these rows: they need no locks of their own.
        self._transaction = transaction
        self._locations = _Rows(location, ("shopify_location_id",), shop_id)
        self._items = _Rows(inventory_item, ("shopify_inventory_item_id",), shop_id)
        self._levels = _Rows(
            inventory_level,
            ("shopify_inventory_item_id", "shopify_location_id"),
            shop_id,
            untold=frozenset({"updated_at", "quantities_at"}),
        )
        self.returned_items: set[int] = set()

    def put_locations(self, changes: Sequence[StockChange]) -> None:
        self._locations.put(self._transaction, changes)

    def put_items(self, changes: Sequence[StockChange]) -> None:
        self.returned_items |= {
            row["shopify_inventory_item_id"]
            for row in self._items.put(self._transaction, changes)
            if "is_active" in row.before and row["is_active"]
        }

    def put_levels(self, changes: Sequence[StockChange]) -> None:
        """Raises nothing where the item or the location is unknown: they may be on their way."""
        self._levels.put(self._transaction, changes)

    def deactivate_locations(self, departures: Departures) -> None:
        """Marks locations as gone. What was unknown is written down, here and below.

        Or nobody could tell it from what was not heard of yet.
        """
        self._locations.put(self._transaction, _gone(departures), is_active=False)

    def deactivate_items(self, departures: Departures) -> None:
        self._items.put(self._transaction, _gone(departures), is_active=False)

    def deactivate_levels(self, departures: Departures) -> None:
        """Marks levels as disconnected; they keep their last numbers."""
        self._levels.put(self._transaction, _gone(departures), is_active=False)

    def allocate(self) -> None:
        """Ids for all new rows."""
        for rows in self._all():
            rows.drafts.allocate(self._transaction)

    def flush(self) -> None:
        """Writes the rows, and reads nothing."""
        for rows in self._all():
            rows.drafts.flush(self._transaction)

    def history(self) -> Iterator[FieldChange]:
        for rows in self._all():
            yield from rows.drafts.history()

    def _all(self) -> "tuple[_Rows, ...]":
        return self._locations, self._items, self._levels


class _Rows:
    """One table's rows of a batch. `names`: its columns of Shopify's ids, unique within a shop."""

    def __init__(
        self, table: Table, names: tuple[str, ...], shop_id: ShopId, untold: frozenset[str] = frozenset()
    ) -> None:
        self._table = table
        self._names = names
        self._shop_id = shop_id
        self.drafts = Drafts(table, untold=untold)

    def put(
        self, transaction: Transaction, changes: Sequence[StockChange], *, is_active: bool = True
    ) -> list[Draft]:
        """The drafts of the rows that were held, changed or not. New ones are made in the order of keys."""
        held = self._load(transaction, [change.key for change in changes])
        for change in sorted(changes, key=lambda each: each.key):
            row = held.get(change.key)
            if row is not None:
                row.change({**change.fields, "is_active": is_active}, change.cause)
                continue
            key = dict(zip(self._names, change.key, strict=True))
            self.drafts.create(
                {"shop_id": self._shop_id, **key, **change.fields, "is_active": is_active}, change.cause
            )
        return list(held.values())

    def _load(self, transaction: Transaction, keys: Sequence[ResourceKey]) -> dict[ResourceKey, Draft]:
        if not keys:
            return {}
        c = self._table.c
        columns = [c[name] for name in self._names]
        statement = select(self._table).where(among_keys_of(c.shop_id, self._shop_id, columns, keys))
        rows = self.drafts.load(transaction.execute(statement).all())
        return {tuple(row[name] for name in self._names): row for row in rows}


def _gone(departures: Departures) -> list[StockChange]:
    return [StockChange(key=key, fields={}, cause=cause) for key, cause in departures]
