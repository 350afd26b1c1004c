"""A run that a worker carries, watched from outside: how it ended, and what the worker needed for it."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psutil
from sqlalchemy import select

from backroom.db.database import Transaction, open_database
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.runs import Run, read_run
from backroom.jobs.tables import sync_run
from backroom.shops.shops import list_shops
from bench.places import Place

LONGEST_SECONDS: Final = 3_600.0
LOOK_SECONDS: Final = 0.1
GETTING_IT: Final = ("", "export")
"""The stages of a run that has not its export's file yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The run once it is over, the worker's peak of resident memory, and its CPU seconds meanwhile.

    `stages`: when each stage of its cursor was first seen, by the database's clock.
    """

    run: Run
    peak_mb: float
    spent_seconds: float
    stages: dict[str, datetime]

    @property
    def seconds(self) -> float:
        """From its begin to its end."""
        assert self.run.started_at is not None
        return self._seconds_since(self.run.started_at)

    @property
    def seconds_after_the_file(self) -> float:
        """From when its export's file was there, to its end."""
        there_at = min(at for stage, at in self.stages.items() if stage not in GETTING_IT)
        return max(LOOK_SECONDS, self._seconds_since(there_at))

    def _seconds_since(self, instant: datetime) -> float:
        assert self.run.finished_at is not None
        return (self.run.finished_at - instant).total_seconds()


def carried(place: Place, pid: int, resource: str, *, kind: str = "sync", mode: str = "full") -> Carried:
    """Asks for a run of the one shop, and watches it until it is over. `pid` is `serve`'s, which has one
    worker. Raises RuntimeError where the run never ends, or fails.
    """
    (worker,) = psutil.Process(pid).children()
    before, peak, stages = _cpu_seconds(worker), 0, dict[str, datetime]()
    deadline = time.monotonic() + LONGEST_SECONDS
    database = open_database(place.url, place.schema)
    try:
        with database.writing() as transaction:
            number = _ask(transaction, resource, kind, mode)
        while time.monotonic() < deadline:
            peak = max(peak, worker.memory_info().rss)
            with database.reading() as transaction:
                run = read_run(transaction, number)
                stages.setdefault(_stage(transaction, number), transaction.now())
            if run.is_over:
                if run.state != "succeeded":
                    raise RuntimeError(f"the run failed: {run}")
                spent = _cpu_seconds(worker) - before
                return Carried(run=run, peak_mb=peak / 1e6, spent_seconds=spent, stages=stages)
            threading.Event().wait(LOOK_SECONDS)
    finally:
        database.dispose()
    raise RuntimeError("the run never ended")


def _ask(transaction: Transaction, resource: str, kind: str, mode: str) -> int:
    """By itself: a command would bring others along."""
    (shop,) = list_shops(transaction)
    return queue_run(
        transaction, NewRun(kind=kind, resource=resource, mode=mode, shop_id=shop.id, requested_by="bench")
    )


def _stage(transaction: Transaction, number: int) -> str:
    cursor = transaction.execute(select(sync_run.c.cursor).where(sync_run.c.id == number)).scalar_one()
    return str(cursor["stage"]) if isinstance(cursor, dict) and "stage" in cursor else ""


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
