"""Cache rows with all that a comparison asks of them, in the order of their keys. Reads only.

Enters: where to go on, or keys. Leaves: rows with their bodies and what says when they last changed; those
that hold but a want are among them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, and_, func, literal, or_, select, tuple_

from backroom.cache.store import DirtyRow
from backroom.cache.tables import key_columns
from backroom.db.database import Transaction
from backroom.db.fitting import fitting
from backroom.db.idlist import among, among_keys_of
from backroom.vocabulary.ids import ResourceKey, ShopId

_ROW: Final = tuple(field.name for field in fields(DirtyRow) if field.name != "key")
_STATE: Final = (
    "received_at",
    "deleted_received_at",
    "wanted_at",
    "pulled_at",
    "processed_at",
    "processing_error",
    "next_attempt_at",
    "dead_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldState:
    """A cache row. `title` is for people, where the resource has such a look-up."""

    row: DirtyRow
    title: str | None
    received_at: datetime
    deleted_received_at: datetime | None
    wanted_at: datetime | None
    pulled_at: datetime | None
    processed_at: datetime | None
    processing_error: str | None
    next_attempt_at: datetime | None
    dead_at: datetime | None

    @property
    def holds_something(self) -> bool:
        """A body, or a deletion's mark; else only a want."""
        return self.row.raw_data is not None or self.row.deleted_at is not None

    @property
    def waits(self) -> bool:
        """What the ERP has of it is about to change: it was not processed yet, and is not put aside."""
        return self.processed_at is None and not self.is_aside

    @property
    def is_aside(self) -> bool:
        """It could not be applied: it waits for its retry, or was given up."""
        return self.processed_at is None and (self.dead_at is not None or self.next_attempt_at is not None)


def following_states(
    transaction: Transaction, table: Table, shop_id: ShopId, after: ResourceKey | None, limit: int
) -> tuple[list[HeldState], bool]:
    """The next rows behind a key, as many as fit in memory together; and whether they are the last ones.

    Sizes are asked for first, because a driver fetches whole answers.
    """
    keys = [table.c[name] for name in key_columns(table)]
    ahead: ColumnElement[bool] = table.c.shop_id == shop_id
    if after is not None:
        ahead = and_(ahead, tuple_(*keys) > after if len(keys) > 1 else keys[0] > after[0])
    sizes = select(*keys, func.coalesce(func.length(table.c.raw_data), 0)).where(ahead)
    found = transaction.execute(sizes.order_by(*keys).limit(limit)).all()
    fit = fitting((tuple(row[:-1]), row[-1]) for row in found)
    states = _states(transaction, table, ahead, len(fit)) if fit else []
    return states, len(fit) == len(found) < limit


def states_of(
    transaction: Transaction, table: Table, shop_id: ShopId, wanted: Iterable[ResourceKey]
) -> dict[ResourceKey, HeldState]:
    """The rows of these keys, which are few: all their bodies are in memory together."""
    ordered = sorted(wanted)
    found = _states(transaction, table, _matching(table, shop_id, ordered), len(ordered))
    return {state.row.key: state for state in found}


def any_waits(transaction: Transaction, table: Table, shop_id: ShopId, keys: Iterable[ResourceKey]) -> bool:
    """Whether one of these was not processed yet, and is not put aside; no body is read."""
    c = table.c
    waits = (c.processed_at.is_(None), c.dead_at.is_(None), c.next_attempt_at.is_(None))
    first = select(literal(1)).where(_matching(table, shop_id, sorted(keys)), *waits).limit(1)
    return transaction.execute(first).first() is not None


def holding(
    transaction: Transaction, table: Table, shop_id: ShopId, keys: Iterable[ResourceKey]
) -> list[ResourceKey]:
    """Those of these that hold a body or a deletion's mark, in their order; no body is read."""
    columns = [table.c[name] for name in key_columns(table)]
    holds = or_(table.c.raw_data.is_not(None), table.c.deleted_at.is_not(None))
    found = select(*columns).where(_matching(table, shop_id, sorted(keys)), holds).order_by(*columns)
    return [tuple(row) for row in transaction.execute(found)]


def keys_below(
    transaction: Transaction, table: Table, shop_id: ShopId, ids: Collection[int]
) -> list[ResourceKey]:
    """All keys that begin with one of these."""
    columns = [table.c[name] for name in key_columns(table)]
    below = (table.c.shop_id == shop_id, among(columns[0], sorted(ids)))
    return [tuple(row) for row in transaction.execute(select(*columns).where(*below))] if ids else []


def _matching(table: Table, shop_id: ShopId, ordered: list[ResourceKey]) -> ColumnElement[bool]:
    columns = [table.c[name] for name in key_columns(table)]
    return among_keys_of(table.c.shop_id, shop_id, columns, ordered)


def _states(
    transaction: Transaction, table: Table, condition: ColumnElement[bool], limit: int
) -> list[HeldState]:
    keys = [table.c[name] for name in key_columns(table)]
    title = [table.c.title] if "title" in table.c else []
    columns = [*keys, *(table.c[name] for name in (*_ROW, *_STATE)), *title]
    found = transaction.execute(select(*columns).where(condition).order_by(*keys).limit(limit))
    return [_state(row, len(keys)) for row in found]


def _state(row: Row[Any], width: int) -> HeldState:
    until, end = width + len(_ROW), width + len(_ROW) + len(_STATE)
    values: Sequence[Any] = row
    dirty = DirtyRow(key=tuple(values[:width]), **dict(zip(_ROW, values[width:until], strict=True)))
    state = dict(zip(_STATE, values[until:end], strict=True))
    return HeldState(row=dirty, title=values[end] if len(values) > end else None, **state)
