"""Sees to it that every active run is carried by somebody: claims, takes over, adopts.

Enters: rows of `sync_run` and the workers' signs of life. Leaves: workflows. What never happens here: work;
and two workers with one run, for each claim is a compare-and-set and shuts the fence behind it.

DBOS is launched when there is a first run to carry: a worker that has none never pays for it.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from backroom.db.database import Database, Transaction
from backroom.db.seam import Wakeup
from backroom.jobs.claims import ActiveRuns, Claim, claim_queued, read_active, take_over
from backroom.jobs.durable import Durable
from backroom.jobs.firing import Firing, fire
from backroom.jobs.requests import NewRun, RunRefused, queue_run
from backroom.jobs.retention import forget_runs
from backroom.observe.log import get_log
from backroom.vocabulary.errors import BackroomError
from backroom.worker.heartbeat import HEARTBEAT_SECONDS, Sign, read_signs

IDLE_SECONDS: Final = 1.0
BREATH_SECONDS: Final = 0.1
"""Every commit of anybody wakes us up; more often than this nothing is looked at."""
MOST_RUNS: Final = 16
"""Carried by one worker at once. Others wait, or go to another worker."""
ADOPT_SECONDS: Final = 10.0
"""DBOS recovers what this worker had before within a second or two of its launch. What nobody carries after
this time is claimed anew."""
MISSED_SECONDS: Final = 2.2 * HEARTBEAT_SECONDS
SWEEP_SECONDS: Final = 600.0
LEAVE_SECONDS: Final = 3.0
LONGEST_PAUSE_SECONDS: Final = 5.0

Due = NewRun | Firing
Automatic = Callable[[Transaction], Sequence[Due]]
"""Which runs should be queued now, without anybody's asking. It reads only."""


class Supervisor:
    """One thread. `stopping` is the worker's: what is carried leaves by it, too."""

    def __init__(
        self,
        database: Database,
        durable: Durable,
        name: str,
        stopping: threading.Event,
        automatic: Sequence[Automatic] = (),
        adopt_seconds: float = ADOPT_SECONDS,
    ) -> None:
        self._database = database
        self._durable = durable
        self._name = name
        self._stopping = stopping
        self._automatic = automatic
        self._adopt_seconds = adopt_seconds
        self._log = get_log("worker.supervisor").bind(worker=name)
        self._missed_since: dict[Claim, float] = {}
        self._swept_at = 0.0
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float = LEAVE_SECONDS) -> bool:
        """Call once `stopping` is set. False where something that is carried did not leave in time."""
        deadline = time.monotonic() + seconds
        self._thread.join(seconds)
        return self._durable.close(max(0.0, deadline - time.monotonic())) and not self._thread.is_alive()

    def _run(self) -> None:
        wakeup: Wakeup | None = None
        pause = BREATH_SECONDS
        while not self._stopping.is_set():
            try:
                wakeup = wakeup or self._database.wakeup()
                self.turn()
                pause = BREATH_SECONDS
                wakeup.wait(IDLE_SECONDS)
            except Exception as error:  # a thread's edge: who would start it again?
                self._report(error, pause)
                _close(wakeup)
                wakeup = None
                pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
            self._stopping.wait(pause)
        _close(wakeup)

    def turn(self) -> None:
        """One look at all active runs, and what follows from it."""
        with self._database.reading() as transaction:
            signs = read_signs(transaction)
            if not self._is_us(signs):
                return
            due = [new for ask in self._automatic for new in ask(transaction)]
            active = read_active(transaction)
        for new in due:
            self._queue(new)
        if active.queued or active.claimed:
            self._see_to(active, {sign.name for sign in signs if _lives(sign)})
        self._sweep()

    def _is_us(self, signs: Sequence[Sign]) -> bool:
        """Whether the row under our name is ours: another process may run under it, and has the runs then."""
        return any(
            sign.name == self._name and sign.pid == os.getpid() and sign.host == socket.gethostname()
            for sign in signs
        )

    def _queue(self, new: Due) -> None:
        try:
            with self._database.writing() as transaction:
                if isinstance(new, Firing):
                    fire(transaction, new)
                else:
                    queue_run(transaction, new)
        except RunRefused:
            # Another worker was faster, or one of a person's runs; or the app was uninstalled since the look.
            return

    def _see_to(self, active: ActiveRuns, alive: set[str]) -> None:
        ours = [claim for claim in active.claimed if claim.executor == self._name]
        orphans = [
            claim for claim in active.claimed if claim.executor != self._name and claim.executor not in alive
        ]
        room = MOST_RUNS - len(ours)
        if ours or ((orphans or active.queued) and room > 0):
            self._launch()
        self._adopt(ours)
        for claim in orphans[: max(0, room)]:
            self._take(claim, "run.taken_over")
        queued = active.queued[: max(0, room - len(orphans))]
        if queued:
            with self._database.writing() as transaction:
                claims = claim_queued(transaction, queued, self._name)
            for claim in claims:
                self._log.info("run.claimed", run=claim.run_id, generation=claim.generation)
                self._durable.start(claim)

    def _launch(self) -> None:
        if not self._durable.is_launched:
            started = time.perf_counter()
            self._durable.launch()
            self._log.info("jobs.launched", ms=round((time.perf_counter() - started) * 1000))

    def _adopt(self, ours: Sequence[Claim]) -> None:
        """Runs of ours that nobody carries: claimed but not started when we died, or lost in another way."""
        missed = [claim for claim in ours if not self._durable.is_live(claim)]
        now = time.monotonic()
        self._missed_since = {claim: self._missed_since.get(claim, now) for claim in missed}
        for claim in missed:
            if not self._durable.exists(claim):
                self._durable.start(claim)
            elif now - self._missed_since[claim] >= self._adopt_seconds:
                self._take(claim, "run.adopted")

    def _take(self, claim: Claim, event: str) -> None:
        with self._database.writing() as transaction:
            taken = take_over(transaction, claim, self._name)
        if taken is None:
            return
        self._log.warning(event, run=claim.run_id, generation=taken.generation, before=claim.executor)
        # Before the new one is started: a workflow that is forgotten is not recovered, one that goes on all
        # the same finds the fence shut.
        self._durable.forget(claim)
        self._durable.start(taken)

    def _sweep(self) -> None:
        if time.monotonic() - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = time.monotonic()
        self._until_clean(lambda: forget_runs(self._database))
        if self._durable.is_launched:
            self._until_clean(self._durable.sweep)

    def _until_clean(self, sweep: Callable[[], int]) -> None:
        """A little at a time: others want to write, too."""
        while not self._stopping.is_set() and sweep():
            pass

    def _report(self, error: Exception, pause: float) -> None:
        if isinstance(error, BackroomError):
            self._log.warning("supervisor.failed", reason=str(error), retry_seconds=pause)
        else:
            self._log.exception("supervisor.broke", retry_seconds=pause)


def _lives(sign: Sign) -> bool:
    """Whether a worker is there. On our own machine we need not wait for its silence to last: its process is
    gone. Two missed beats all the same, for containers may share a host's name and not its processes."""
    if not sign.is_alive:
        return False
    if sign.host != socket.gethostname() or sign.age_seconds <= MISSED_SECONDS:
        return True
    try:
        os.kill(sign.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _close(wakeup: Wakeup | None) -> None:
    if wakeup is not None:
        wakeup.close()
