"""Runs that began by themselves are forgotten: after a day those that went well (a lively shop has
thousands), after a week the others (a shop that can not be reached has one each hour).

Enters: a database. Leaves: fewer rows of `sync_run`, in small commits. What never happens here: a run deleted
that somebody asked for, or that fills a gap, or that is among the newest of its shop, or the newest of its
kind there, or the newest of that kind that ended so. What a run has brought stays, and keeps its number.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, delete, exists, or_, select

from backroom.db.database import Database, Transaction
from backroom.db.idlist import among
from backroom.jobs.schedules import REFETCH, SCHEDULED
from backroom.jobs.tables import sync_run
from backroom.shops.tables import shop

KEPT: Final = timedelta(days=1)
KEPT_UNSUCCESSFUL: Final = timedelta(days=7)
KEPT_NEWEST: Final = 100
"""Runs of each shop that stay, however old. So the greatest number stays, too, and is never given twice."""
AT_ONCE: Final = 500


def forget_runs(database: Database) -> int:
    """Deletes some of the runs that ended long ago; how many. Call it until there are none."""
    with database.reading() as transaction:
        now = transaction.now()
        found: list[int] = []
        for shop_id in transaction.execute(select(shop.c.id).order_by(shop.c.id)).scalars():
            found += _forgettable(transaction, shop_id, now, AT_ONCE - len(found))
    if found:
        with database.writing() as transaction:
            transaction.execute(delete(sync_run).where(among(sync_run.c.id, found)))
    return len(found)


def _forgettable(transaction: Transaction, shop_id: int, now: datetime, limit: int) -> list[int]:
    """The oldest ones first. By the index of (shop, id): the table's other shops are not looked at."""
    c = sync_run.c
    later = sync_run.alias()
    # By one that ended alike: after yesterday's success comes today's failure, and when it last succeeded is
    # asked all the same.
    followed = exists().where(
        later.c.shop_id == shop_id,
        later.c.id > c.id,
        later.c.kind == c.kind,
        later.c.resource == c.resource,
        later.c.state == c.state,
        later.c.requested_by == c.requested_by,
    )
    newest_to_go = select(c.id).where(c.shop_id == shop_id).order_by(c.id.desc()).offset(KEPT_NEWEST).limit(1)
    statement = select(c.id).where(
        c.shop_id == shop_id,
        c.id <= newest_to_go.scalar_subquery(),
        or_(c.kind == REFETCH, c.requested_by == SCHEDULED),
        followed,
        or_(
            and_(c.state == "succeeded", c.finished_at < now - KEPT),
            and_(c.state.in_(("failed", "cancelled")), c.finished_at < now - KEPT_UNSUCCESSFUL),
        ),
    )
    return list(transaction.execute(statement.order_by(c.id).limit(limit)).scalars())
