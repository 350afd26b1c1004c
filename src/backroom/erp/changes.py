"""The history: written beside each change, read as lineage (`why`) and as a feed.

Enters: field changes of one transaction. Leaves: entries in an order that misses nothing: on PostgreSQL
ids are handed out before they commit, so the feed stops short of transactions that are still open.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, select, tuple_, update

from backroom.db.database import Transaction
from backroom.erp.drafts import FieldChange
from backroom.erp.tables import feed_floor, field_change, listing, listing_variant, sku
from backroom.vocabulary.errors import Forgotten, Misuse
from backroom.vocabulary.ids import ShopId

_PARTNERS = {
    "listing": (listing, "product_id", "product"),
    "listing_variant": (listing_variant, "sku_id", "sku"),
}
_COLUMNS = (
    "commit_order",
    "shop_id",
    "entity",
    "entity_id",
    "field",
    "old",
    "new",
    "delivery_id",
    "topic",
    "triggered_at",
    "at",
    "run_id",
)


def write_changes(
    transaction: Transaction, shop_id: ShopId, order: int, changes: Iterable[FieldChange], now: datetime
) -> None:
    """Appends the entries to the history. `order` is the transaction's `commit_order`."""
    rows = [
        (
            order,
            shop_id,
            change.entity,
            change.entity_id,
            change.field,
            change.old,
            change.new,
            change.cause.delivery_id,
            change.cause.topic,
            change.cause.triggered_at,
            now,
            change.cause.run_id,
        )
        for change in changes
    ]
    transaction.insert(field_change, _COLUMNS, rows)


Floor = tuple[int, int]
"""Up to this place of the feed only the newest entry of each field is sure to be there still."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the feed: everything up to and with it was read. `floor`: the one at that time."""

    commit_order: int
    id: int
    floor: Floor = (0, 0)


def read_feed(
    transaction: Transaction, after: Position | None, entity: str | None, limit: int
) -> Sequence[RowMapping]:
    """The entries after a position, oldest first.

    Raises Misuse for a position of another database, and Forgotten where entries after it were deleted since.
    Whoever is still below the floor that was there when they asked last has been promised no more than the
    newest entry of each field, and goes on.
    """
    c = field_change.c
    horizon = transaction.commit_horizon()
    if after is not None and after.commit_order >= horizon:
        raise Misuse("the cursor is of another database, or of before a restore: start from the beginning")
    if after is not None and after.floor <= (after.commit_order, after.id) < read_floor(transaction):
        raise Forgotten(
            "entries after this cursor are deleted by now: history is not kept for ever. Start from the"
            " beginning, which has the newest entry of each field"
        )
    statement = select(field_change).where(c.commit_order < horizon)
    if after is not None:
        statement = statement.where(tuple_(c.commit_order, c.id) > (after.commit_order, after.id))
    if entity is not None:
        statement = statement.where(c.entity == entity)
    return transaction.execute(statement.order_by(c.commit_order, c.id).limit(limit)).mappings().all()


def read_floor(transaction: Transaction) -> Floor:
    """(0, 0) where nothing was ever deleted."""
    c = feed_floor.c
    row = transaction.execute(
        select(c.commit_order, c.id).order_by(c.commit_order.desc(), c.id.desc()).limit(1)
    ).one_or_none()
    return (0, 0) if row is None else (row[0], row[1])


def restart_feed_after_restore(transaction: Transaction) -> bool:
    """After a dump was restored into another cluster its transactions' numbers may lie in the future.

    Then all entries so far are put in the order of their ids, before all that come. True where that was done.
    """
    c = field_change.c
    newest = transaction.execute(select(func.max(c.commit_order))).scalar()
    if newest is None or newest <= transaction.commit_order():
        return False
    transaction.execute(update(field_change).values(commit_order=0))
    transaction.execute(update(feed_floor).values(commit_order=0))
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where a field's value came from. `created`: nothing changed it since its row was created."""

    at: datetime
    delivery_id: int | None
    topic: str | None
    triggered_at: datetime | None
    run_id: int | None
    created: bool
    old: Any


def lineage(transaction: Transaction, entity: str, entity_id: int, field: str) -> Lineage | None:
    """The change that set the field's value, not the latest delivery that carried it."""
    c = field_change.c
    row = _latest(transaction, entity, entity_id, (c.field == field) | c.field.is_(None))
    if row is None and (partner := created_with(transaction, entity, entity_id)) is not None:
        row = _latest(transaction, *partner, c.field.is_(None))
    if row is None:
        return None
    return Lineage(
        at=row["at"],
        delivery_id=row["delivery_id"],
        topic=row["topic"],
        triggered_at=row["triggered_at"],
        run_id=row["run_id"],
        created=row["field"] is None,
        old=row["old"],
    )


def created_with(transaction: Transaction, entity: str, entity_id: int) -> tuple[str, int] | None:
    """The row whose creation's entry stands for this one's, too; None: it has one of its own, or none."""
    if entity not in _PARTNERS:
        return None
    if _latest(transaction, entity, entity_id, field_change.c.field.is_(None)) is not None:
        return None
    table, link, partner = _PARTNERS[entity]
    partner_id = transaction.execute(select(table.c[link]).where(table.c.id == entity_id)).scalar_one()
    return partner, int(partner_id)


def _latest(
    transaction: Transaction, entity: str, entity_id: int, fields: ColumnElement[bool]
) -> RowMapping | None:
    c = field_change.c
    statement = select(field_change).where(c.entity == entity, c.entity_id == entity_id, fields)
    return transaction.execute(statement.order_by(c.id.desc()).limit(1)).mappings().first()


def skus_with_code(transaction: Transaction, code: str) -> Sequence[int]:
    """The ids of all SKUs with a code: codes are not unique."""
    return (
        transaction.execute(select(sku.c.id).where(sku.c.sku_code == code).order_by(sku.c.id)).scalars().all()
    )
