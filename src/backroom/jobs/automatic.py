"""Runs that nobody has to ask for: a refetch for each shop that has wants which are due, at once, or as often
as the shop's schedule lets it.

A refetch that failed (no token, no network) or was cancelled is begun again after a pause that grows, so that
neither the list of runs nor Shopify is flooded. What failed before the shop was opened anew counts for
nothing: new credentials are tried at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, select

from backroom.cache.wants import shops_that_want
from backroom.db.database import Transaction
from backroom.jobs.requests import NewRun
from backroom.jobs.schedules import EVERY_SECONDS, REFETCH, SKEW
from backroom.jobs.tables import schedule, sync_run
from backroom.resources.descriptor import Resource
from backroom.shops.tables import shop, shop_credential
from backroom.vocabulary.ids import ShopId

PAUSES_SECONDS: Final = (30, 60, 300, 900, 3_600)
"""After so many failures in a row; the last one holds for ever after."""


class WantedRefetches:
    """See the module."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = resources

    def __call__(self, transaction: Transaction) -> list[NewRun]:
        return [
            NewRun(
                kind=REFETCH,
                resource=resource.plural,
                mode="wanted",
                shop_id=shop_id,
                requested_by="the cache, which wants it",
            )
            for resource in self._resources
            for shop_id in shops_that_want(transaction, resource.cache)
            if _may_begin(transaction, shop_id, resource.plural)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """Since when the shop is open, and how far apart its refetches begin at least."""

    opened_at: datetime
    every: timedelta


def _may_begin(transaction: Transaction, shop_id: ShopId, plural: str) -> bool:
    """There is something to ask with, none is active, and the last ones did not fail a moment ago."""
    terms = _terms(transaction, shop_id)
    if terms is None:
        return False
    c = sync_run.c
    latest = (
        select(c.state, c.created_at, c.finished_at)
        .where(c.shop_id == shop_id, c.kind == REFETCH, c.resource == plural)
        .order_by(c.id.desc())
        .limit(len(PAUSES_SECONDS))
    )
    failures = 0
    rows = transaction.execute(latest).all()
    if not rows:
        return True
    if rows[0].state in ("queued", "running"):
        return False
    now = transaction.now()
    if rows[0].created_at - SKEW <= now < rows[0].created_at + terms.every:
        return False
    for row in rows:
        if row.state == "succeeded" or row.finished_at < terms.opened_at:
            break
        failures += 1
    if failures == 0:
        return True
    pause = timedelta(seconds=PAUSES_SECONDS[failures - 1])
    return bool(now >= rows[0].finished_at + pause)


def _terms(transaction: Transaction, shop_id: ShopId) -> _Terms | None:
    """None where nothing opens the shop, it was removed, its app is not installed, or its schedule is off."""
    of_shop = and_(schedule.c.shop_id == shop.c.id, schedule.c.kind == REFETCH)
    row = transaction.execute(
        select(shop_credential.c.updated_at, schedule.c.every_seconds, schedule.c.is_on)
        .join(shop, shop.c.id == shop_credential.c.shop_id)
        .outerjoin(schedule, of_shop)
        .where(shop.c.id == shop_id, shop.c.removed_at.is_(None), shop.c.disconnected_at.is_(None))
    ).one_or_none()
    if row is None or row.is_on is False:
        return None
    every = EVERY_SECONDS[REFETCH] if row.every_seconds is None else row.every_seconds
    return _Terms(opened_at=row.updated_at, every=timedelta(seconds=every))
