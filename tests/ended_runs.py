"""Runs that are over, as their workers left them."""

from datetime import timedelta

from sqlalchemy import update

from backroom.db.database import Database
from backroom.jobs.claims import claim_queued, finish
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.tables import sync_run
from backroom.vocabulary.ids import ShopId

REFUSED = "the token is not accepted: give a new one with `backroom shop add one.myshopify.com`"


def ended(
    database: Database,
    shop_id: ShopId,
    kind: str,
    error: str | None,
    hours: float = 0.0,
    *,
    mode: str = "full",
    resource: str = "products",
) -> int:
    """A run that ended so long ago: well, or with an error."""
    new = NewRun(kind=kind, resource=resource, mode=mode, shop_id=shop_id, requested_by="a test")
    with database.writing() as transaction:
        run_id = queue_run(transaction, new)
        (claim,) = claim_queued(transaction, [run_id], "w")
        finish(transaction, claim, "succeeded" if error is None else "failed", error)
        at = transaction.now() - timedelta(hours=hours)
        transaction.execute(update(sync_run).where(sync_run.c.id == run_id).values(finished_at=at))
    return run_id
