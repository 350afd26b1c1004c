"""What went wrong lately and was not made good: for status, doctor and metrics. Reads only."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Boolean, and_, exists, literal_column, or_, select

from backroom.db.database import Transaction
from backroom.jobs.reconciling import COMPARE, FINDINGS, REPAIR
from backroom.jobs.runs import Run, read_run
from backroom.jobs.tables import sync_run

FULL: Final = "full"
LATELY: Final = timedelta(days=1)


def failed_lately(transaction: Transaction, within: timedelta = LATELY) -> list[Run]:
    """Runs that failed within a day, newest first: of each shop, kind, resource and mode only the newest one,
    and none where a later one succeeded. The same trouble is told once.

    A later one of the same mode, or a full one: what changed since is not what a full sync did not fetch. A
    comparison that failed is made good by a repair that succeeded, for it compares as well; a repair of some
    findings by either of the two, for they look at all there is.
    """
    c, later = sync_run.c, sync_run.alias()
    instead = or_(
        and_(c.mode == COMPARE, later.c.mode == REPAIR),
        and_(c.mode == FINDINGS, later.c.mode.in_((COMPARE, REPAIR))),
    )
    followed = exists().where(
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
    # A literal: the partial index is used only where the planner sees the constant.
    failed = select(c.id).where(
        literal_column("sync_run.state = 'failed'", Boolean),
        c.finished_at > transaction.now() - within,
        ~followed,
    )
    ids = transaction.execute(failed.order_by(c.id.desc())).scalars().all()
    return [read_run(transaction, run_id) for run_id in ids]
