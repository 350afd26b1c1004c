"""What has to be asked of Shopify: the wants that are due, and what an export did not mention.

A want is recorded on a cache row (`rows`) and answered by a fetch (`flow/put`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    case,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
    update,
)

from backroom.cache.tables import key_columns
from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.shops.tables import shop
from backroom.vocabulary.ids import ResourceKey, RunId, ShopId

WANT_DELAYS_SECONDS: Final = (5, 30, 120, 600, 3_600, 21_600)
"""When a want is fetched again that a fetch did not answer; the last one holds for ever after."""


def shops_that_want(transaction: Transaction, table: Table) -> list[ShopId]:
    """The shops with a want that is due."""
    due = exists().where(table.c.shop_id == shop.c.id, _is_due(table, transaction.now()))
    found = transaction.execute(select(shop.c.id).where(due).order_by(shop.c.id))
    return [ShopId(shop_id) for shop_id in found.scalars()]


def due_wants(transaction: Transaction, table: Table, shop_id: ShopId, limit: int) -> list[ResourceKey]:
    """The keys that are wanted now, the oldest want first."""
    keys = [table.c[name] for name in key_columns(table)]
    statement = select(*keys).where(table.c.shop_id == shop_id, _is_due(table, transaction.now()))
    return [tuple(row) for row in transaction.execute(statement.order_by(table.c.wanted_at).limit(limit))]


def want_all_of(
    transaction: Transaction, table: Table, shop_id: ShopId, ids: Collection[int], reason: str
) -> None:
    """Records from now on a want of every row that holds a body, deleted or not, and whose key begins so.

    Under the shop's lock; what `CacheRow.want` makes of each of them, in one statement.
    """
    c = table.c
    now = literal(transaction.now(), c.wanted_at.type)
    held = and_(c.shop_id == shop_id, c.raw_data.is_not(None))
    statement = update(table).where(held, among(c[key_columns(table)[0]], sorted(ids)))
    wanted_at = case((c.wanted_at > now, c.wanted_at), else_=now)
    transaction.execute(statement.values(wanted_at=wanted_at, wanted_reason=reason, want_next_at=None))
    transaction.notify()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmentioned:
    """What was found on a stretch of a cache, and the last key of the stretch; null: there is no more."""

    keys: list[ResourceKey]
    until: ResourceKey | None


def unmentioned_since(
    transaction: Transaction,
    table: Table,
    shop_id: ShopId,
    since: datetime,
    after: ResourceKey | None,
    *,
    rows: int,
    most: int,
) -> Unmentioned:
    """Keys of what is not deleted, and which no pull asked since then has mentioned; in their order.

    Among the next `rows` rows behind a key; `most`: then the stretch ends at the last one found. What a
    webhook mentioned counts for nothing: it may be a late one, of something that is gone.
    """
    c = table.c
    keys = [c[name] for name in key_columns(table)]
    key = tuple_(*keys) if len(keys) > 1 else keys[0]
    ahead = c.shop_id == shop_id if after is None else and_(c.shop_id == shop_id, key > _bound(after))
    last = transaction.execute(select(*keys).where(ahead).order_by(*keys).offset(rows - 1).limit(1)).first()
    until = None if last is None else tuple(last)
    # One of the future is of a clock that was set back since.
    mentioned = c.pulled_at.between(since, transaction.now())
    unmentioned = and_(ahead, c.deleted_at.is_(None), func.coalesce(not_(mentioned), true()))
    if until is not None:
        unmentioned = and_(unmentioned, key <= _bound(until))
    statement = select(*keys).where(unmentioned).order_by(*keys).limit(most)
    found = [tuple(row) for row in transaction.execute(statement)]
    return Unmentioned(keys=found, until=found[-1] if len(found) == most else until)


def unprocessed_of_run(
    transaction: Transaction, table: Table, shop_id: ShopId, run_id: RunId, since: datetime
) -> tuple[int, int]:
    """(waiting, parked or dead): what the run brought and the stations have not applied yet, and what pulls
    since then (when the run was made) have mentioned and the stations could not apply."""
    c = table.c
    undone = and_(c.shop_id == shop_id, c.processed_at.is_(None))
    waiting = and_(undone, c.run_id == run_id, c.dead_at.is_(None), c.next_attempt_at.is_(None))
    parked = and_(undone, c.pulled_at >= since, c.dead_at.is_(None), c.next_attempt_at.is_not(None))
    dead = and_(c.shop_id == shop_id, c.pulled_at >= since, c.dead_at.is_not(None))
    first, second, third = (
        int(transaction.execute(select(func.count()).select_from(table).where(each)).scalar_one())
        for each in (waiting, parked, dead)
    )
    return first, second + third


def is_due(next_at: datetime | None, now: datetime) -> bool:
    """Whether a want is fetched now. One that was put off for longer than any is of a wrong clock."""
    return next_at is None or not now < next_at <= _latest(now)


def _bound(key: ResourceKey) -> ResourceKey | int:
    """What a key is compared with."""
    return key if len(key) > 1 else key[0]


def _is_due(table: Table, now: datetime) -> ColumnElement[bool]:
    next_at = table.c.want_next_at
    due = or_(next_at.is_(None), next_at <= now, next_at > _latest(now))
    return and_(table.c.wanted_at.is_not(None), due)


def _latest(now: datetime) -> datetime:
    return now + timedelta(seconds=WANT_DELAYS_SECONDS[-1])
