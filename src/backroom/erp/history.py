"""The history of one row, newest first: what set each value, when, and what was there before.

Enters: a row, and some of its fields or all. Leaves: a page of entries. What never happens here: a write.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select

from backroom.db.database import Transaction
from backroom.erp.changes import created_with
from backroom.erp.tables import field_change
from backroom.vocabulary.pages import Page, Place, checked_limit, cursor_of

PLACE_WIDTH: Final = 1
"""A place in a history is the entry's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change. `created`: of the row, with values that the next change's `old` tells; `field` is null."""

    id: int
    at: datetime
    field: str | None
    old: Any
    new: Any
    created: bool
    delivery_id: int | None
    topic: str | None
    triggered_at: datetime | None
    run_id: int | None


def read_history(
    transaction: Transaction,
    entity: str,
    entity_id: int,
    fields: Collection[str],
    after: Place | None,
    limit: int,
) -> Page[HistoryEntry]:
    """The entries of some fields (none named: of all), and the creation.

    Raises Misuse for a limit out of range.
    """
    c = field_change.c
    own = and_(c.entity == entity, c.entity_id == entity_id)
    if fields:
        own = and_(own, or_(c.field.in_(fields), c.field.is_(None)))
    statement = select(field_change).where(or_(own, _creation(transaction, entity, entity_id)))
    if after is not None:
        statement = statement.where(c.id < after[0])
    rows = transaction.execute(statement.order_by(c.id.desc()).limit(checked_limit(limit) + 1)).mappings()
    items = [
        HistoryEntry(
            created=row["field"] is None,
            **{name: row[name] for name in HistoryEntry.__slots__ if name != "created"},
        )
        for row in rows
    ]
    shown = items[:limit]
    return Page(items=shown, next=cursor_of((shown[-1].id,)) if len(items) > limit else None)


def _creation(transaction: Transaction, entity: str, entity_id: int) -> ColumnElement[bool]:
    """Of the row that this one came together with, which is one entry for both."""
    c = field_change.c
    partner, partner_id = created_with(transaction, entity, entity_id) or (entity, entity_id)
    return and_(c.entity == partner, c.entity_id == partner_id, c.field.is_(None))
