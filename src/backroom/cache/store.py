"""Statements on the cache tables: read for sorting, write, claim what is dirty, mark, park.

Callers hold the shop's lock. Rows are written in the order of their keys.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Table,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from backroom.cache.rows import STATE_FIELDS, CacheRow
from backroom.cache.tables import key_columns
from backroom.db.database import Transaction
from backroom.db.fitting import DECODED_BYTES, fitting
from backroom.db.idlist import among_keys_of
from backroom.shops.tables import shop
from backroom.vocabulary.ids import DeliveryId, ResourceKey, RunId, ShopId

_STATE_OF = attrgetter(*STATE_FIELDS)
_COMMON = frozenset(STATE_FIELDS) | {"shop_id", "applied_hash", "applied_updated_at", "raw_data"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DirtyRow:
    """A row to process, as it was claimed."""

    key: ResourceKey
    revision: int
    shape: str
    partial: bool
    raw_data: bytes | None
    applied_hash: bytes | None
    attempts: int
    updated_at: datetime | None
    deleted_at: datetime | None
    delivery_id: DeliveryId | None
    topic: str | None
    triggered_at: datetime | None
    run_id: RunId | None
    deleted_delivery_id: DeliveryId | None
    deleted_topic: str | None
    deleted_run_id: RunId | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A whole body that is held and about which nothing is open: its digest, and Shopify's instant."""

    sha256: bytes
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Retry:
    """When a parked row is tried again; `next_attempt_at` None gives it up."""

    attempts: int
    next_attempt_at: datetime | None


def due_shops(transaction: Transaction, table: Table) -> list[ShopId]:
    """The shops with rows to process now."""
    due = exists().where(table.c.shop_id == shop.c.id, is_due(table, transaction.now()))
    return [ShopId(shop_id) for shop_id in transaction.execute(select(shop.c.id).where(due)).scalars()]


def has_due(transaction: Transaction, table: Table, shop_id: ShopId, number: int) -> bool:
    """Whether so many rows of a shop wait to be processed now."""
    due = select(table.c.shop_id).where(table.c.shop_id == shop_id, is_due(table, transaction.now()))
    return transaction.execute(due.offset(number - 1).limit(1)).first() is not None


def is_due(table: Table, now: datetime) -> ColumnElement[bool]:
    """Dirty, not given up, and not waiting for a retry. In the form of the partial index."""
    return and_(
        table.c.processed_at.is_(None),
        table.c.dead_at.is_(None),
        or_(table.c.next_attempt_at.is_(None), table.c.next_attempt_at <= now),
    )


class CacheStore:
    """One resource's cache table, within one open transaction and one shop."""

    def __init__(self, transaction: Transaction, table: Table, shop_id: ShopId) -> None:
        self._transaction = transaction
        self._table = table
        self._shop_id = shop_id
        self._keys = key_columns(table)
        own = {*_COMMON, *self._keys}
        self._lookups = tuple(column.name for column in table.columns if column.name not in own)

    def load(self, keys: Iterable[ResourceKey]) -> dict[ResourceKey, CacheRow]:
        """The rows that exist, without their bodies."""
        columns = [self._table.c[name] for name in (*self._keys, *self._lookups, *STATE_FIELDS)]
        holds_body = self._table.c.raw_data.is_not(None)
        found = self._transaction.execute(select(*columns, holds_body).where(self._among(keys))).all()
        return {row.key: row for row in map(self._cache_row, found)}

    def body(self, key: ResourceKey) -> bytes | None:
        """The body that a row holds."""
        statement = select(self._table.c.raw_data).where(self._among([key]))
        return self._transaction.execute(statement).scalar_one_or_none()

    def write(self, rows: Sequence[CacheRow], existing: frozenset[ResourceKey]) -> None:
        """Writes rows; a body only where a new one came."""
        ordered = sorted(rows, key=lambda row: row.key)
        state = (*STATE_FIELDS, *self._lookups)
        fresh = [row for row in ordered if row.key not in existing]
        replaced = [row for row in ordered if row.key in existing and row.new_body is not None]
        marked = [row for row in ordered if row.key in existing and row.new_body is None]
        keys = ("shop_id", *self._keys)
        self._transaction.insert(
            self._table, (*keys, *state, "raw_data"), [self._values(row, True) for row in fresh]
        )
        self._transaction.update(
            self._table, keys, (*state, "raw_data"), [self._values(row, True) for row in replaced]
        )
        self._transaction.update(self._table, keys, state, [self._values(row, False) for row in marked])

    def settled(self, keys: Iterable[ResourceKey]) -> dict[ResourceKey, Settled]:
        """Those of the rows that hold a whole body, have no mark and want nothing."""
        c = self._table.c
        statement = select(*(c[name] for name in self._keys), c.body_sha256, c.updated_at).where(
            self._among(keys),
            c.raw_data.is_not(None),
            c.updated_at.is_not(None),
            c.wanted_at.is_(None),
            c.deleted_at.is_(None),
            ~c.partial,
        )
        found = self._transaction.execute(statement).all()
        return {tuple(row[:-2]): Settled(row[-2], row[-1]) for row in found if row[-2] is not None}

    def repeat(self, keys: Sequence[ResourceKey], asked_at: datetime) -> None:
        """A pull that was asked then brought the bodies of settled rows once more.

        What `CacheRow.take_fetched` makes of each of them, in one statement.
        """
        if not keys:
            return
        c = self._table.c
        asked = literal(asked_at, c.pulled_at.type)
        self._transaction.execute(
            update(self._table)
            .where(self._among(keys))
            .values(
                pulled_at=asked,
                last_synced_at=case((c.last_synced_at < asked, asked), else_=c.last_synced_at),
                received_at=case(
                    (and_(c.source == "pull", c.received_at < asked), asked), else_=c.received_at
                ),
            )
        )

    def claim(self, now: datetime, limit: int, keys: Sequence[ResourceKey] | None) -> list[DirtyRow]:
        """Dirty rows that are due, in the order of their keys; of `keys` only, where given.

        No more than `limit`, and no more than fit in memory together.
        """
        table = self._table
        due = and_(table.c.shop_id == self._shop_id, is_due(table, now))
        if keys is not None:
            due = and_(due, self._among(keys))
        by_key = [table.c[name] for name in self._keys]
        sized = select(*by_key, func.coalesce(func.length(table.c.raw_data), 0)).where(due)
        found = self._transaction.execute(sized.order_by(*by_key).limit(limit)).all()
        claimed = fitting(((tuple(row[:-1]), row[-1]) for row in found), DECODED_BYTES)
        return self._dirty(claimed, by_key) if claimed else []

    def _dirty(self, keys: Sequence[ResourceKey], by_key: Sequence[Column[Any]]) -> list[DirtyRow]:
        names = [name for name in DirtyRow.__slots__ if name != "key"]
        statement = select(*by_key, *(self._table.c[name] for name in names)).where(self._among(keys))
        width = len(by_key)
        return [
            DirtyRow(key=tuple(row[:width]), **dict(zip(names, row[width:], strict=True)))
            for row in self._transaction.execute(statement.order_by(*by_key)).all()
        ]

    def mark_processed(self, rows: Sequence[tuple[DirtyRow, bytes]], now: datetime) -> int:
        """Law 6: the mark names the revision that was processed; a newer one stays dirty."""
        return self._transaction.update(
            self._table,
            ("shop_id", *self._keys, "revision"),
            (
                "processed_at",
                "applied_hash",
                "applied_updated_at",
                "processing_error",
                "attempts",
                "next_attempt_at",
            ),
            [
                (self._shop_id, *row.key, row.revision, now, applied, row.updated_at, None, 0, None)
                for row, applied in rows
            ],
        )

    def park(self, row: DirtyRow, reason: str, retry: Retry, now: datetime) -> None:
        """Puts a row aside with its reason, for later or for good."""
        dead_at = now if retry.next_attempt_at is None else None
        self._transaction.update(
            self._table,
            ("shop_id", *self._keys, "revision"),
            ("processing_error", "attempts", "next_attempt_at", "dead_at"),
            [(self._shop_id, *row.key, row.revision, reason, retry.attempts, retry.next_attempt_at, dead_at)],
        )

    def _among(self, keys: Iterable[ResourceKey]) -> ColumnElement[bool]:
        columns = [self._table.c[name] for name in self._keys]
        return among_keys_of(self._table.c.shop_id, self._shop_id, columns, sorted(keys))

    def _values(self, row: CacheRow, with_body: bool) -> tuple[Any, ...]:
        lookups = [row.lookups.get(name) for name in self._lookups]
        body = [row.new_body] if with_body else []
        return (self._shop_id, *row.key, *_STATE_OF(row), *lookups, *body)

    def _cache_row(self, row: Row[Any]) -> CacheRow:
        width, until = len(self._keys), len(self._keys) + len(self._lookups)
        state = dict(zip(STATE_FIELDS, row[until:-1], strict=True))
        if not row[-1]:
            # A hand took the body away: what is left of its version would keep out the next one.
            state |= {"body_sha256": None, "updated_at": None}
        return CacheRow(
            key=tuple(row[:width]), lookups=dict(zip(self._lookups, row[width:until], strict=True)), **state
        )
