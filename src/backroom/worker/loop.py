"""The worker's loop: sort what came, process what is dirty, shop by shop, then wait for more.

Enters: a database that others fill. Leaves: an inbox and a cache with nothing due. What never happens
here: an error that stops the loop, or that is only logged and forgotten: a batch that fails is tried
again, and what it left undone is still pending or dirty.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from backroom.db.database import Database, Transaction
from backroom.db.seam import Wakeup
from backroom.flow.batches import BatchSize, Bug, Tally
from backroom.flow.process import Processor
from backroom.flow.receipts import Receipts
from backroom.flow.sort import Sorter
from backroom.jobs.notices import NOTICES
from backroom.registration.heard import Hearing
from backroom.resources.descriptor import Resource
from backroom.resources.registry import topics_of
from backroom.vocabulary.errors import BackroomError, ShopBusy
from backroom.vocabulary.ids import ShopId
from backroom.worker.batch_log import BatchLog

IDLE_SECONDS: Final = 1.0
"""Retries fall due without anybody's commit: look at least so often."""
BUSY_SECONDS: Final = 0.02
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Station:
    """One step that works on one shop at a time."""

    name: str
    due: Callable[[Transaction], list[ShopId]]
    run: Callable[[ShopId, int], Tally]
    size: BatchSize


class Rests:
    """Which shop rests at which station after a failure, and for how long: doubling, up to a limit."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, ShopId], tuple[float, float]] = {}

    def over(self, station: str, shop_id: ShopId) -> bool:
        return time.monotonic() >= self._until.get((station, shop_id), (0.0, 0.0))[0]

    def begin(self, station: str, shop_id: ShopId) -> float:
        """The seconds that it rests."""
        _, before = self._until.get((station, shop_id), (0.0, FIRST_PAUSE_SECONDS / 2))
        seconds = min(LONGEST_PAUSE_SECONDS, before * 2)
        self._until[station, shop_id] = time.monotonic() + seconds, seconds
        return seconds

    def forget(self, station: str, shop_id: ShopId) -> None:
        self._until.pop((station, shop_id), None)


class Loop:
    """One worker. `run` returns soon after `stopping` is set, never within a batch."""

    def __init__(self, database: Database, resources: Sequence[Resource], name: str) -> None:
        self._database = database
        self._log = log.bind(worker=name)
        target = database.seam.batch_seconds
        sorter = Sorter(database, topics_of(resources), NOTICES, Hearing())
        self._stations = [Station("sort", sorter.due, sorter.run, BatchSize(target))]
        for resource in resources:
            processor = Processor(database, resource)
            self._stations.append(
                Station(f"process.{resource.name}", processor.due, processor.run, BatchSize(target))
            )
        self._batches = BatchLog(self._log)
        self._pause = FIRST_PAUSE_SECONDS
        self._rests = Rests()
        self._receipts = Receipts(database)

    def run(self, stopping: threading.Event) -> None:
        """Works until told to stop."""
        wakeup: Wakeup | None = None
        while not stopping.is_set():
            try:
                wakeup = wakeup or self._database.wakeup()
                worked, busy = self.turn(stopping)
                self._pause = FIRST_PAUSE_SECONDS
                self._batches.catch_up()
                if not worked:
                    wakeup.wait(BUSY_SECONDS if busy else IDLE_SECONDS)
            except Exception as error:  # the worker loop: nothing may end it, everything is said
                self._report(error, self._pause)
                _close(wakeup)
                wakeup = None
                stopping.wait(self._pause)
                self._pause = min(LONGEST_PAUSE_SECONDS, self._pause * 2)
        self.say_the_rest()
        _close(wakeup)

    def say_the_rest(self) -> None:
        """Logs the batches of the last second, which wait for more to be summed with."""
        self._batches.say_the_rest()

    def turn(self, stopping: threading.Event | None = None) -> tuple[bool, bool]:
        """Each station once over each shop that has something due. (anything done?, a shop busy or resting?)

        A shop whose batch fails rests for a moment, and holds up no other shop and no other station.
        """
        worked = busy = False
        for station in self._stations:
            with self._database.reading() as transaction:
                shops = station.due(transaction)
            for shop_id in shops:
                if stopping is not None and stopping.is_set():
                    return worked, busy
                if not self._rests.over(station.name, shop_id):
                    busy = True
                else:
                    try:
                        worked |= self._run(station, shop_id)
                        self._rests.forget(station.name, shop_id)
                    except ShopBusy:
                        busy = True
                    except BackroomError as error:
                        busy = True
                        seconds = self._rests.begin(station.name, shop_id)
                        self._report(error, seconds, station=station.name, shop=shop_id)
        return worked, busy

    def _run(self, station: Station, shop_id: ShopId) -> bool:
        station.size.aim(self._receipts.batch_seconds())
        started = time.perf_counter()
        tally = station.run(shop_id, station.size.rows)
        seconds = time.perf_counter() - started
        station.size.learn(tally.claimed, tally.held_seconds)
        if tally.claimed:
            self._batches.done(station.name, shop_id, tally, seconds)
        return tally.claimed > 0

    def _report(self, error: Exception, retry_seconds: float, **where: object) -> None:
        if isinstance(error, BackroomError):
            cause = error.__cause__ if isinstance(error, Bug) else None
            self._log.warning(
                "worker.batch_failed", reason=str(error), retry_seconds=retry_seconds, exc_info=cause, **where
            )
        else:
            self._log.exception("worker.broke", retry_seconds=retry_seconds)


def _close(wakeup: Wakeup | None) -> None:
    """Gives up a waiter; one whose connection is gone closes quietly."""
    if wakeup is not None:
        wakeup.close()
