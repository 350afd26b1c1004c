"""How far runs have seen everything: the greatest updated_at of a run that ended whole, by shop and resource.

Shopify's clock, and what was really seen: our own clock may be ahead of it.
"""

from datetime import datetime

from sqlalchemy import delete, insert, select

from backroom.cache.tables import sync_watermark
from backroom.db.database import Transaction
from backroom.vocabulary.ids import RunId, ShopId


def read_watermark(transaction: Transaction, shop_id: ShopId, resource: str) -> datetime | None:
    """None where no run has ended whole yet. `resource` is a plural."""
    c = sync_watermark.c
    statement = select(c.updated_at).where(c.shop_id == shop_id, c.resource == resource)
    return transaction.execute(statement).scalar_one_or_none()


def save_watermark(
    transaction: Transaction, shop_id: ShopId, resource: str, updated_at: datetime, run_id: RunId
) -> None:
    """Never goes back: a run over an older stretch of time has seen less.

    Nor does it lie in the future, where one odd instant would keep out all that comes until then.
    """
    now = transaction.now()
    updated_at = min(updated_at, now)
    held = read_watermark(transaction, shop_id, resource)
    if held is not None and updated_at <= held <= now:
        return
    c = sync_watermark.c
    transaction.execute(delete(sync_watermark).where(c.shop_id == shop_id, c.resource == resource))
    transaction.execute(
        insert(sync_watermark).values(
            shop_id=shop_id,
            resource=resource,
            updated_at=updated_at,
            run_id=run_id,
            saved_at=now,
        )
    )
