"""Schedules as people see them: each with the last run that it began. Reads only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from backroom.db.database import Transaction
from backroom.jobs.schedules import REFETCH, SCHEDULED, Standing, read_standings, shown_seconds
from backroom.jobs.tables import sync_run
from backroom.shops.tables import shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """One kind of a shop. `every`: as `schedule set` takes it. `next_at` null: `waits_for` says why, or it is
    off; a refetch has none, for it begins when something is wanted. `last_run`: what it did, in words."""

    shop: str
    kind: str
    every: str
    every_seconds: int
    is_on: bool
    repairs: bool
    fired_at: datetime | None
    next_at: datetime | None
    waits_for: str | None
    last_run_id: int | None
    last_run: str | None


def read_scheduled(
    transaction: Transaction, plurals: Collection[str], public_url: str | None, domain: str | None = None
) -> list[Scheduled]:
    """Of shops that are not removed, by domain; of one shop where it is named."""
    there = set(transaction.execute(select(shop.c.id).where(shop.c.removed_at.is_(None))).scalars())
    now = transaction.now()
    return [
        _scheduled(transaction, each, now)
        for each in read_standings(transaction, plurals, public_url)
        if each.shop_id in there and domain in (None, each.domain)
    ]


def _scheduled(transaction: Transaction, standing: Standing, now: datetime) -> Scheduled:
    run = _last_run(transaction, standing)
    refetches = standing.kind == REFETCH
    return Scheduled(
        shop=standing.domain,
        kind=standing.kind,
        every=shown_seconds(standing.every_seconds),
        every_seconds=standing.every_seconds,
        is_on=standing.is_on,
        repairs=standing.repairs,
        fired_at=run.created_at if refetches and run is not None else standing.fired_at,
        next_at=None if refetches else standing.next_at(now),
        waits_for=standing.waits_for,
        last_run_id=None if run is None else run.id,
        last_run=None if run is None else _in_words(run),
    )


def _last_run(transaction: Transaction, standing: Standing) -> Any | None:
    """The newest one that began by itself; the newest of a kind is never forgotten."""
    c = sync_run.c
    query = select(sync_run).where(c.shop_id == standing.shop_id, c.kind == standing.kind)
    if standing.kind != REFETCH:
        query = query.where(c.requested_by == SCHEDULED)
    return transaction.execute(query.order_by(c.id.desc()).limit(1)).one_or_none()


def _in_words(run: Any) -> str:
    """`run 12 succeeded: 30 seen, 2 written`"""
    counts = ("seen", "written", "drifted", "repaired")
    told = [f"{getattr(run, name):,} {name}" for name in counts if getattr(run, name)]
    what = run.error if run.state == "failed" and run.error else ", ".join(told)
    if run.state in ("queued", "running"):
        return f"run {run.id} is {run.state}"
    return f"run {run.id} {'was ' if run.state == 'cancelled' else ''}{run.state}{': ' if what else ''}{what}"
