"""`retention sweep`: deletes what is too old of a shop's deliveries, history and settled findings.

Enters: how many days a shop keeps what. Leaves: fewer rows, in short transactions. What never happens here: a
delivery deleted that is not sorted, a body of the cache or a mark beside it, a link, or the change that set a
value which stood at any time since: a change goes once the one that followed it is too old itself. So `why`
says of every value that stands who set it, however long ago.

It walks by id, which is by time but for seconds, and stops at the first row that is young: a row that a
wrong clock has dated can not lead it on. Where it was is kept (`sweep_mark`): the next one does not walk
there again, but for once a month, to find what was unfinished then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, Table, and_, delete, insert, select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.drift.tables import drift_finding
from backroom.erp.tables import feed_floor, field_change
from backroom.ingress.tables import webhook_delivery
from backroom.jobs.chunks import Chunk, Chunks
from backroom.jobs.firing import SWEEP
from backroom.jobs.job import Done, Next, Services, Sleep
from backroom.jobs.runs import RunView
from backroom.jobs.schedules import RETENTION
from backroom.jobs.tables import sweep_mark
from backroom.shops.shops import KEEP_DELIVERIES_DAYS, KEEP_HISTORY_DAYS
from backroom.shops.tables import shop
from backroom.vocabulary.clock import format_instant, parse_instant
from backroom.vocabulary.ids import ShopId

PAGE_ROWS: Final = 1_000
"""Read at a time, without the writer."""
WHOLE_WALK: Final = timedelta(days=30)
DELIVERIES: Final = "deliveries"
CHANGES: Final = "changes"
FINDINGS: Final = "findings"
_STAGES: Final = (DELIVERIES, CHANGES, FINDINGS)
_SETTLED: Final = ("repaired", "gone")


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """`after`: the id up to which the walk has been. `whole_at`: what the stage's mark will say."""

    stage: str
    after: int = 0
    whole_at: str = ""


@dataclass(frozen=True, slots=True)
class _Walked:
    """Rows that are old, in the order of their ids; the id up to which all were looked at; whether what
    follows is young, or nothing."""

    old: list[Any]
    up_to: int
    is_last: bool


class Sweep:
    """See the module."""

    kind = RETENTION
    mode = SWEEP

    def __init__(self, page_rows: int = PAGE_ROWS) -> None:
        self._page_rows = page_rows

    def abandon(self, run: RunView, services: Services) -> Any:
        """What is deleted is deleted; nothing of it is anywhere else."""
        return run.cursor

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
        if run.cursor is None:
            return _begin(chunks, run.shop_id, _STAGES[0])
        cursor = msgspec.convert(run.cursor, Cursor)
        if cursor.stage == DELIVERIES:
            return self._deliveries(cursor, run, chunks, services)
        if cursor.stage == CHANGES:
            return self._changes(cursor, run, chunks, services)
        return _findings(run, chunks, services)

    def _deliveries(self, cursor: Cursor, run: RunView, chunks: Chunks, services: Services) -> Next | Done:
        c = webhook_delivery.c
        with services.database.reading() as transaction:
            days = _days(transaction, run.shop_id, DELIVERIES)
            walked = self._walk(transaction, webhook_delivery, c.received_at, (c.state,), cursor.after, days)
        room = chunks.rows()
        ours = [row for row in walked.old if row.shop_id == run.shop_id]
        ids = [row.id for row in ours if row.state == "sorted"]
        if len(ids) > room:
            ids = ids[:room]
            ours = [row for row in ours if row.id <= ids[-1]]
            walked = _Walked(ours, ids[-1], is_last=False)
        with chunks.open() as chunk:
            gone = _delete(chunk, webhook_delivery, ids, c.state == "sorted")
            chunk.count(seen=len(ours), written=gone, unchanged=len(ours) - gone)
            chunk.say(f"deletes deliveries that are older than {days} days")
            _go_on(chunk, run.shop_id, cursor, walked)
        return Next()

    def _changes(self, cursor: Cursor, run: RunView, chunks: Chunks, services: Services) -> Next | Done:
        c = field_change.c
        room = chunks.rows()
        with services.database.reading() as transaction:
            days = _days(transaction, run.shop_id, CHANGES)
            walked = self._walk(
                transaction, field_change, c.at, (c.entity, c.entity_id, c.field), cursor.after, days
            )
            followed = _followed(transaction, run.shop_id, walked.old, room + 1)
        if len(followed) > room:
            followed, walked = followed[:room], _Walked([], cursor.after, is_last=False)
        with chunks.open() as chunk:
            gone = _delete(chunk, field_change, [row.id for row in followed])
            _raise_floor(chunk.transaction, run.shop_id, followed)
            chunk.count(seen=gone, written=gone)
            chunk.say(f"deletes changes that were followed by another one more than {days} days ago")
            _go_on(chunk, run.shop_id, cursor, walked)
        return Next()

    def _walk(
        self,
        transaction: Transaction,
        table: Table,
        at: ColumnElement[datetime],
        more: Sequence[ColumnElement[Any]],
        after: int,
        days: int,
    ) -> _Walked:
        """All shops' rows: an index for each shop would cost every delivery, and this but once a day."""
        now = transaction.now()
        cutoff = now - timedelta(days=days)
        c = table.c
        rows = transaction.execute(
            select(c.id, c.shop_id, at.label("at"), *more)
            .where(c.id > after)
            .order_by(c.id)
            .limit(self._page_rows)
        ).all()
        old: list[Any] = []
        up_to = after
        for row in rows:
            if cutoff <= row.at <= now:
                return _Walked(old, up_to, is_last=True)
            up_to = row.id
            # One of the future is of a clock that was wrong: how old it is nobody knows.
            if row.at < cutoff:
                old.append(row)
        return _Walked(old, up_to, is_last=len(rows) < self._page_rows)


def _begin(chunks: Chunks, shop_id: ShopId, stage: str) -> Next:
    with chunks.noting() as chunk:
        chunk.go_on_at(msgspec.to_builtins(_first(chunk.transaction, shop_id, stage)))
    return Next()


def _first(transaction: Transaction, shop_id: ShopId, stage: str) -> Cursor:
    """Where the last sweep was, or all the way from the beginning."""
    c = sweep_mark.c
    mark = transaction.execute(
        select(c.after_id, c.whole_at).where(c.shop_id == shop_id, c.what == stage)
    ).one_or_none()
    now = transaction.now()
    if mark is None or not now - WHOLE_WALK < mark.whole_at <= now:
        return Cursor(stage=stage, whole_at=format_instant(now))
    return Cursor(stage=stage, after=mark.after_id, whole_at=format_instant(mark.whole_at))


def _go_on(chunk: Chunk, shop_id: ShopId, cursor: Cursor, walked: _Walked) -> None:
    if not walked.is_last:
        following = msgspec.structs.replace(cursor, after=walked.up_to)
    else:
        _mark(chunk.transaction, shop_id, cursor, walked.up_to)
        following = _first(chunk.transaction, shop_id, _STAGES[_STAGES.index(cursor.stage) + 1])
    chunk.go_on_at(msgspec.to_builtins(following))


def _mark(transaction: Transaction, shop_id: ShopId, cursor: Cursor, after: int) -> None:
    c = sweep_mark.c
    transaction.execute(delete(sweep_mark).where(c.shop_id == shop_id, c.what == cursor.stage))
    transaction.execute(
        insert(sweep_mark).values(
            shop_id=shop_id, what=cursor.stage, after_id=after, whole_at=parse_instant(cursor.whole_at)
        )
    )


def _days(transaction: Transaction, shop_id: ShopId, stage: str) -> int:
    column, usual = (
        (shop.c.keep_deliveries_days, KEEP_DELIVERIES_DAYS)
        if stage == DELIVERIES
        else (shop.c.keep_history_days, KEEP_HISTORY_DAYS)
    )
    days = transaction.execute(select(column).where(shop.c.id == shop_id)).scalar_one()
    return usual if days is None else int(days)


def _followed(
    transaction: Transaction, shop_id: ShopId, old: Sequence[Any], limit: int
) -> list[Row[tuple[int, int]]]:
    """Changes of this shop that an old one, of whichever shop, has followed. A creation is followed by none:
    what nothing has changed since came with it."""
    newest = {(row.entity, row.entity_id, row.field): row.id for row in old if row.field is not None}
    earlier, later = field_change.alias(), field_change.alias()
    statement = (
        select(earlier.c.id, earlier.c.commit_order)
        .select_from(later)
        .join(
            earlier,
            and_(
                earlier.c.entity == later.c.entity,
                earlier.c.entity_id == later.c.entity_id,
                earlier.c.field == later.c.field,
                earlier.c.id < later.c.id,
            ),
        )
        .where(among(later.c.id, newest.values()), earlier.c.shop_id == shop_id)
        .limit(limit)
    )
    return list(transaction.execute(statement).all()) if newest else []


def _raise_floor(transaction: Transaction, shop_id: ShopId, gone: Sequence[Row[tuple[int, int]]]) -> None:
    """Readers of the feed who have not been past this are told."""
    if not gone:
        return
    c = feed_floor.c
    held = transaction.execute(select(c.commit_order, c.id).where(c.shop_id == shop_id)).one_or_none()
    place = max((row.commit_order, row.id) for row in gone)
    if held is not None and tuple(held) >= place:
        return
    transaction.execute(delete(feed_floor).where(c.shop_id == shop_id))
    transaction.execute(insert(feed_floor).values(shop_id=shop_id, commit_order=place[0], id=place[1]))


def _findings(run: RunView, chunks: Chunks, services: Services) -> Next | Done:
    c = drift_finding.c
    with services.database.reading() as transaction:
        days = _days(transaction, run.shop_id, FINDINGS)
        cutoff = transaction.now() - timedelta(days=days)
        settled = and_(c.shop_id == run.shop_id, c.state.in_(_SETTLED), c.settled_at < cutoff)
        ids = list(
            transaction.execute(select(c.id).where(settled).order_by(c.id).limit(chunks.rows())).scalars()
        )
    if not ids:
        return Done()
    with chunks.open() as chunk:
        gone = _delete(chunk, drift_finding, ids, c.state.in_(_SETTLED))
        chunk.count(seen=gone, written=gone)
        chunk.say(f"deletes findings that were settled more than {days} days ago")
    return Next()


def _delete(chunk: Chunk, table: Table, ids: Sequence[int], *still: ColumnElement[bool]) -> int:
    """How many went: somebody may have asked for a replay meanwhile."""
    if not ids:
        return 0
    return chunk.transaction.execute(delete(table).where(among(table.c.id, ids), *still)).rowcount
