"""The runs that a schedule says are due now: which they are, and that they begin once over all machines.

Enters: standings. Leaves: firings, and their runs in the same transaction that says when they fired. What
never happens here: two machines with the same firing, or a week that is made up for: however long nobody
looked, what is due begins once.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, update

from backroom.db.database import Transaction
from backroom.jobs.reconciling import COMPARE, RECONCILE, REPAIR
from backroom.jobs.requests import AlreadyRunning, NewRun, queue_run
from backroom.jobs.runs import is_active
from backroom.jobs.schedules import (
    EVERY_SECONDS,
    REFETCH,
    RETENTION,
    SCHEDULED,
    WEBHOOKS,
    Standing,
    make_row,
    read_standings,
)
from backroom.jobs.syncs import SYNC
from backroom.jobs.tables import schedule, sync_run
from backroom.resources.descriptor import Resource
from backroom.vocabulary.ids import ShopId

LOOK_SECONDS: Final = 1.0
"""Whoever commits anything wakes the supervisors; the schedules are not looked at more often than this."""
LOOK_SHARE: Final = 0.01
"""Of the time goes into looks at most: one at a hundred shops takes some 5 ms."""
SWEEP: Final = "sweep"
HISTORY: Final = "history"
"""What a retention is about."""
_KINDS: Final = tuple(kind for kind in EVERY_SECONDS if kind != REFETCH)
"""A refetch begins when something is wanted (`automatic`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """Runs of one shop and kind that are due. `seen`: when it had last fired, as it was read."""

    shop_id: ShopId
    kind: str
    seen: datetime | None
    runs: tuple[NewRun, ...]


class DueRuns:
    """What is due. It reads only; what is active already is left out, and stays due."""

    def __init__(
        self,
        resources: Sequence[Resource],
        public_url: str | None,
        *,
        look_seconds: float = LOOK_SECONDS,  # 0: at each call, however long it takes
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plurals = frozenset(resource.plural for resource in resources)
        self._public_url = public_url
        self._look_seconds = look_seconds
        self._monotonic = monotonic
        self._next_look: float | None = None

    def __call__(self, transaction: Transaction) -> list[Firing]:
        began = self._monotonic()
        if self._next_look is not None and began < self._next_look:
            return []
        found = self._look(transaction)
        if self._look_seconds:
            took = self._monotonic() - began
            self._next_look = began + max(self._look_seconds, took / LOOK_SHARE)
        return found

    def _look(self, transaction: Transaction) -> list[Firing]:
        now = transaction.now()
        standings = read_standings(transaction, self._plurals, self._public_url, _KINDS)
        due = [each for each in standings if each.next_at(now) == now]
        if not due:
            return []
        active = _active(transaction)
        firings = [
            Firing(
                shop_id=each.shop_id,
                kind=each.kind,
                seen=each.fired_at,
                runs=tuple(
                    new for new in runs_of(each) if (new.shop_id, new.kind, new.resource) not in active
                ),
            )
            for each in due
        ]
        return [each for each in firings if each.runs]


def fire(transaction: Transaction, firing: Firing) -> list[int]:
    """Queues its runs, unless somebody else has fired it meanwhile; their ids.

    Raises AlreadyRunning where all of them are active: nothing has fired then, and it stays due.
    """
    if not _take(transaction, firing, transaction.now()):
        return []
    queued: list[int] = []
    refusal: AlreadyRunning | None = None
    for new in firing.runs:
        try:
            queued.append(queue_run(transaction, new))
        except AlreadyRunning as error:
            refusal = error
    if refusal is not None and not queued:
        raise refusal
    return queued


def runs_of(standing: Standing) -> list[NewRun]:
    """What begins when it fires."""
    shop_id, plurals = standing.shop_id, standing.plurals
    if standing.kind == SYNC:
        return [_new(shop_id, SYNC, plural, "incremental") for plural in plurals]
    if standing.kind == RECONCILE:
        mode = REPAIR if standing.repairs else COMPARE
        return [_new(shop_id, RECONCILE, plural, mode) for plural in plurals]
    if standing.kind == WEBHOOKS:
        return [_new(shop_id, WEBHOOKS, WEBHOOKS, "check")]
    return [_new(shop_id, RETENTION, HISTORY, SWEEP)]


def _new(shop_id: ShopId, kind: str, resource: str, mode: str) -> NewRun:
    return NewRun(kind=kind, resource=resource, mode=mode, shop_id=shop_id, requested_by=SCHEDULED)


def _active(transaction: Transaction) -> set[tuple[ShopId, str, str]]:
    c = sync_run.c
    rows = transaction.execute(select(c.shop_id, c.kind, c.resource).where(is_active()))
    return {(ShopId(row.shop_id), row.kind, row.resource) for row in rows}


def _take(transaction: Transaction, firing: Firing, now: datetime) -> bool:
    """Compares and sets: of all who have seen the same, one gets it."""
    c = schedule.c
    as_seen = c.fired_at.is_(None) if firing.seen is None else c.fired_at == firing.seen
    taken = update(schedule).where(c.shop_id == firing.shop_id, c.kind == firing.kind, c.is_on, as_seen)
    if transaction.execute(taken.values(fired_at=now)).rowcount:
        return True
    return firing.seen is None and make_row(transaction, firing.shop_id, firing.kind, now)
