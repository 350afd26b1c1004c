"""What follows when the app is uninstalled from a shop, and when it is there again.

Enters: a write transaction. Leaves: a shop that nothing is begun for, and whose runs stop; or one whose runs
go on, and whose outage is fetched. What never happens here: a row of the shop deleted, or a word to Shopify.

Runs that an uninstall stopped are known by the instant: they were asked to stop as the shop was disconnected.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, update

from backroom.db.database import Transaction
from backroom.jobs.gaps import Gap, filling_run
from backroom.jobs.registration import KIND as WEBHOOKS
from backroom.jobs.registration import new_check
from backroom.jobs.requests import NEEDS_NO_SHOP, AlreadyRunning, NewRun, queue_run, resume_run
from backroom.jobs.tables import sync_run
from backroom.observe.log import get_log
from backroom.shops.connection import disconnected_sentence, removed_sentence
from backroom.shops.tables import shop, shop_credential
from backroom.vocabulary.clock import format_instant, to_the_minute
from backroom.vocabulary.ids import ShopId

_BEGIN_ANEW: Final = (WEBHOOKS, "refetch")
"""Kinds that are not resumed: a new one is begun instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnected:
    """A shop that was disconnected is connected again: `resumed` runs go on, `queued` ones fill the gap."""

    since: datetime
    resumed: list[int]
    queued: list[int]

    def sentence(self, domain: str) -> str:
        """For people."""
        resumed = " ".join(map(str, self.resumed)) or "none"
        queued = " ".join(map(str, self.queued)) or "none"
        return (
            f"{domain} is connected again; runs that go on: {resumed}; runs that see to what was missed since"
            f" {to_the_minute(self.since)}: {queued}"
        )


def disconnect(transaction: Transaction, shop_id: ShopId) -> bool:
    """False where it is disconnected already."""
    c, now = shop.c, transaction.now()
    marked = update(shop).where(c.id == shop_id, c.disconnected_at.is_(None)).values(disconnected_at=now)
    domain = transaction.execute(marked.returning(c.domain)).scalar_one_or_none()
    if domain is None:
        return False
    _stop_runs(transaction, shop_id, disconnected_sentence(domain, now), now)
    return True


def stop_runs_of_removed(transaction: Transaction, shop_id: ShopId, domain: str) -> None:
    """In the transaction that removes the shop: nothing opens it any more. These runs are not resumed."""
    _stop_runs(transaction, shop_id, removed_sentence(domain), transaction.now())


def _stop_runs(transaction: Transaction, shop_id: ShopId, said: str, now: datetime) -> None:
    r = sync_run.c
    of_shop = update(sync_run).where(r.shop_id == shop_id, r.kind.not_in(NEEDS_NO_SHOP))
    queued = of_shop.where(r.state == "queued")
    transaction.execute(queued.values(state="cancelled", error=said, cancel_asked_at=now, finished_at=now))
    running = of_shop.where(r.state == "running", r.cancel_asked_at.is_(None))
    transaction.execute(running.values(cancel_asked_at=now, error=said))
    transaction.notify()


def reconnect(
    transaction: Transaction, shop_id: ShopId, plurals: Iterable[str], public_url: str | None
) -> Reconnected | None:
    """Call it once Shopify has answered, or new credentials were given. None where nothing was cut off."""
    c = shop.c
    since = transaction.execute(select(c.disconnected_at).where(c.id == shop_id)).scalar_one()
    if since is None:
        return None
    transaction.execute(update(shop).where(c.id == shop_id).values(disconnected_at=None))
    # Opened anew: a word of the uninstall that is still on its way came from before.
    opened = update(shop_credential).where(shop_credential.c.shop_id == shop_id)
    transaction.execute(opened.values(updated_at=transaction.now()))
    found = Reconnected(
        since=since,
        resumed=_resume(transaction, shop_id, since),
        queued=_queue(transaction, _outage(transaction, shop_id, plurals, public_url, since)),
    )
    get_log("jobs").info("shop.reconnected", shop=shop_id, since=format_instant(since), runs=found.resumed)
    return found


def _resume(transaction: Transaction, shop_id: ShopId, since: datetime) -> list[int]:
    """The newest of each kind and resource. One that has not stopped yet is asked to no more."""
    c = sync_run.c
    stopped = (c.shop_id == shop_id, c.cancel_asked_at == since)
    running = update(sync_run).where(*stopped, c.state == "running")
    transaction.execute(running.values(cancel_asked_at=None, error=None))
    over = select(c.id).where(*stopped, c.state.in_(("cancelled", "failed")), c.kind.not_in(_BEGIN_ANEW))
    resumed = []
    for run_id in transaction.execute(over.order_by(c.id.desc())).scalars().all():
        with suppress(AlreadyRunning):
            resume_run(transaction, run_id)
            resumed.append(run_id)
    return resumed


def _outage(
    transaction: Transaction, shop_id: ShopId, plurals: Iterable[str], public_url: str | None, since: datetime
) -> list[NewRun]:
    """A check, which has the outage fetched; or its filling runs where nobody says where we are reached."""
    by = "the shop, connected again"
    if public_url is not None:
        return [new_check(shop_id, by, outage_since=format_instant(since))]
    reason = f"the app was not installed since {to_the_minute(since)}"
    gaps = [Gap(resource=plural, since=since, reason=reason) for plural in plurals]
    runs = [filling_run(transaction, shop_id, gap, by) for gap in gaps]
    return [run for run in runs if run is not None]


def _queue(transaction: Transaction, runs: Iterable[NewRun]) -> list[int]:
    queued = []
    for run in runs:
        with suppress(AlreadyRunning):
            queued.append(queue_run(transaction, run))
    return queued
