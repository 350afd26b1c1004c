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
from backroom.erp.tables import field_change, listing, listing_variant, sku
from backroom.vocabulary.errors import Misuse
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
        )
        for change in changes
    ]
    transaction.insert(field_change, _COLUMNS, rows)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the feed: everything up to and with it was read."""

    commit_order: int
    id: int


def read_feed(
    transaction: Transaction, after: Position | None, entity: str | None, limit: int
) -> Sequence[RowMapping]:
    """The entries after a position, oldest first. Raises Misuse for a position of another database."""
    c = field_change.c
    horizon = transaction.commit_horizon()
    if after is not None and after.commit_order >= horizon:
        raise Misuse("the cursor is of another database, or of before a restore: start from the beginning")
    statement = select(field_change).where(c.commit_order < horizon)
    if after is not None:
        statement = statement.where(tuple_(c.commit_order, c.id) > (after.commit_order, after.id))
    if entity is not None:
        statement = statement.where(c.entity == entity)
    return transaction.execute(statement.order_by(c.commit_order, c.id).limit(limit)).mappings().all()


def restart_feed_after_restore(transaction: Transaction) -> bool:
    """After a dump was restored into another cluster its transactions' numbers may lie in the future.

    Then all entries so far are put in the order of their ids, before all that come. True where that was done.
    """
    c = field_change.c
    newest = transaction.execute(select(func.max(c.commit_order))).scalar()
    if newest is None or newest <= transaction.commit_order():
        return False
    transaction.execute(update(field_change).values(commit_order=0))
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where a field's value came from. `created`: nothing changed it since its row was created."""

    at: datetime
    delivery_id: int | None
    topic: str | None
    triggered_at: datetime | None
    created: bool
    old: Any


def lineage(transaction: Transaction, entity: str, entity_id: int, field: str) -> Lineage | None:
    """The change that set the field's value, not the latest delivery that carried it."""
    c = field_change.c
    own = _latest(transaction, entity, entity_id, (c.field == field) | c.field.is_(None))
    row = own or _of_partner(transaction, entity, entity_id)
    if row is None:
        return None
    return Lineage(
        at=row["at"],
        delivery_id=row["delivery_id"],
        topic=row["topic"],
        triggered_at=row["triggered_at"],
        created=row["field"] is None,
        old=row["old"],
    )


def _of_partner(transaction: Transaction, entity: str, entity_id: int) -> RowMapping | None:
    """The creation of the row that this one came together with, which is one entry for both."""
    if entity not in _PARTNERS:
        return None
    table, link, partner = _PARTNERS[entity]
    partner_id = transaction.execute(select(table.c[link]).where(table.c.id == entity_id)).scalar_one()
    return _latest(transaction, partner, partner_id, field_change.c.field.is_(None))


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
