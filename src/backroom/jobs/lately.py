"""What went wrong lately and was not made good: for status, doctor and metrics. Reads only."""

from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, literal_column, or_, select

from backroom.db.database import Transaction
from backroom.jobs.reconciling import COMPARE, FINDINGS, REPAIR
from backroom.jobs.requests import NEEDS_NO_SHOP
from backroom.jobs.runs import Run, read_run
from backroom.jobs.schedules import REFETCH
from backroom.jobs.tables import sync_run
from backroom.shops.tables import shop

FULL: Final = "full"
LATELY: Final = timedelta(days=1)


def failed_lately(transaction: Transaction, within: timedelta = LATELY) -> list[Run]:
    """Runs that failed within a day, newest first: of each shop, kind, resource and mode only the newest one,
    and none where a later one succeeded. The same trouble is told once.

    None of a shop that was removed, for nothing can go on there, but of the kinds that need no shop.
    """
    c = sync_run.c
    is_there = exists().where(shop.c.id == c.shop_id, shop.c.removed_at.is_(None))
    failed = select(c.id).where(
        # A literal: the partial index is used only where the planner sees the constant.
        c.state == literal_column("'failed'"),
        c.finished_at > transaction.now() - within,
        or_(c.kind.in_(NEEDS_NO_SHOP), is_there),
        ~_followed(),
    )
    ids = transaction.execute(failed.order_by(c.id.desc())).scalars().all()
    return [read_run(transaction, run_id) for run_id in ids]


def _followed() -> ColumnElement[bool]:
    """By a later one of the same mode, or a full one: what changed since is not what a full sync did not
    fetch.

    A comparison that failed is made good by a repair that succeeded, for it compares as well; a repair of
    some findings by either of the two, for they look at all there is.
    """
    c, later = sync_run.c, sync_run.alias()
    instead = or_(
        and_(c.mode == COMPARE, later.c.mode == REPAIR),
        and_(c.mode == FINDINGS, later.c.mode.in_((COMPARE, REPAIR))),
    )
    return exists().where(
        later.c.shop_id == c.shop_id,
        later.c.id > c.id,
        later.c.kind == c.kind,
        later.c.resource == c.resource,
        or_(
            and_(
                or_(later.c.mode == c.mode, later.c.mode == FULL),
                later.c.state.in_(("succeeded", "failed")),
            ),
            and_(instead, later.c.state == "succeeded"),
        ),
    )


def what_clears(run: Run) -> str:
    """What to do about a run that `failed_lately`, so that it is told no more, whatever its error says."""
    if run.kind == REFETCH:
        return "once mended, the refetch begins again by itself"
    return f"once mended, `backroom runs resume {run.id}` clears it"
