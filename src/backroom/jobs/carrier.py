"""Carries one run: calls its job again and again, waits where it has to, and ends the run.

Enters: a claim. Leaves: a run that is over, or one that another process goes on with. What never happens
here: an error that is only logged; whatever ends a run stands in its row, in one sentence.
"""

import itertools
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from backroom.jobs.chunks import Chunks
from backroom.jobs.claims import CancelAsked, Claim, Fenced, finish, sit_down
from backroom.jobs.job import Done, Job, Left, Services, Sleep
from backroom.jobs.runs import RunView
from backroom.observe.log import get_log
from backroom.vocabulary.errors import BackroomError, ShopBusy, StoreUnavailable, Throttled, Transient

PAUSES_SECONDS: Final = (1, 2, 5, 10, 20, 30, 60, 60, 120, 120, 120)
"""After a Transient: about ten minutes in all. Only for a run that has done something already; a new one
fails at once (the client has tried a few times), so that whoever began it learns why."""
STORE_PAUSES_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1, 2, 5)
"""While the database is away, without an end: there is nowhere to write that the run failed."""
BUSY_SECONDS: Final = 0.05
LOOK_SECONDS: Final = 1.0
"""How soon a cancellation is seen while a run waits."""
STRETCH_SECONDS: Final = 20.0
"""One step of the workflow. A day's run has some thousands of steps then, not hundreds of thousands."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ends; `error` is for people. `cursor`: where it goes on when resumed; null: where it is."""

    state: str
    error: str | None = None
    cursor: Any = None


class Carrier:
    """See the module."""

    def __init__(self, claim: Claim, jobs: Mapping[tuple[str, str], Job], services: Services) -> None:
        self._claim = claim
        self._jobs = jobs
        self._services = services
        self._log = get_log("jobs").bind(run=claim.run_id, worker=claim.executor, generation=claim.generation)
        self._chunks: Chunks | None = None
        self._rest_until = 0.0
        self._troubles = 0
        self._store_troubles = 0
        self._ending: Ending | None = None

    def stretch(self, seconds: float = STRETCH_SECONDS) -> bool:
        """Goes on for about so long; True where the run is over. Raises Left."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._turn():
                return True
        return False

    def _turn(self) -> bool:
        """One call of the job, or a part of a wait. True where the run is over."""
        self._services.heed()
        try:
            if self._ending is None:
                self._ending = self._go_on()
            if self._ending is not None:
                self._finish(self._ending)
                return True
            self._store_troubles = 0
        except Fenced:
            self._log.warning("run.lost", reason="another worker has it")
            raise Left from None
        except CancelAsked:
            self._ending = self._abandoned()
        except Transient as error:
            self._put_off(error)
        except BackroomError as error:
            self._ending = Ending("failed", str(error))
        except Exception as error:  # the thread's edge: unknown is never benign
            self._log.exception("run.broke")
            self._ending = Ending(
                "failed", f"internal error: {type(error).__name__}; the log has its traceback"
            )
        return False

    def _go_on(self) -> Ending | None:
        chunks, run = self._look()
        left = self._rest_until - time.monotonic()
        if left > 0:
            self._services.sleep(min(left, LOOK_SECONDS))
            return None
        job = self._jobs.get((run.kind, run.mode))
        if job is None:
            return Ending("failed", f"this version has no job for a {run.kind} in the mode {run.mode}")
        outcome = job.advance(run, chunks, self._services)
        self._troubles = 0
        if isinstance(outcome, Sleep):
            self._rest(outcome.seconds)
        return Ending("succeeded") if isinstance(outcome, Done) else None

    def _look(self) -> tuple[Chunks, RunView]:
        if self._chunks is None:
            self._chunks = Chunks(self._services.database, self._claim)
        return self._chunks, self._chunks.look()

    def _abandoned(self) -> Ending:
        run = None if self._chunks is None else self._chunks.last
        job = None if run is None else self._jobs.get((run.kind, run.mode))
        if run is None or job is None:
            return Ending("cancelled")
        return Ending("cancelled", cursor=job.abandon(run, self._services))

    def _put_off(self, error: Transient) -> None:
        if isinstance(error, ShopBusy):
            self._rest(BUSY_SECONDS)
        elif isinstance(error, StoreUnavailable):
            self._wait_for_store(error)
        elif isinstance(error, Throttled):
            self._rest((error.until - self._services.clock.now()).total_seconds())
        else:
            self._wait_or_fail(error)

    def _rest(self, seconds: float) -> None:
        self._rest_until = time.monotonic() + max(0.0, seconds)

    def _wait_for_store(self, error: StoreUnavailable) -> None:
        pause = STORE_PAUSES_SECONDS[min(self._store_troubles, len(STORE_PAUSES_SECONDS) - 1)]
        self._store_troubles += 1
        self._log.warning("run.waited", reason=str(error), seconds=pause)
        self._services.sleep(pause)

    def _wait_or_fail(self, error: Transient) -> None:
        # Whatever this raises is met in the next turn.
        try:
            with self._require_chunks().noting() as chunk:
                begun = chunk.run.cursor is not None or chunk.run.seen > 0
                if begun and self._troubles < len(PAUSES_SECONDS):
                    chunk.say(f"waiting: {error}")
        except (Fenced, CancelAsked, Transient):
            return
        if not begun or self._troubles >= len(PAUSES_SECONDS):
            self._ending = Ending("failed", str(error))
            return
        pause = PAUSES_SECONDS[self._troubles]
        self._troubles += 1
        self._log.warning("run.waited", reason=str(error), seconds=pause)
        self._rest(pause)

    def _require_chunks(self) -> Chunks:
        assert self._chunks is not None, "only a job raises what is waited for, and it was handed them"
        return self._chunks

    def _finish(self, ending: Ending) -> None:
        with self._services.database.writing() as transaction:
            run = finish(transaction, self._claim, ending.state, ending.error, ending.cursor)
        say = self._log.error if ending.state == "failed" else self._log.info
        counts = {name: getattr(run, name) for name in ("total", "seen", "written", "unchanged", "failed")}
        reason = {} if ending.error is None else {"reason": ending.error}
        say(f"run.{ending.state}", kind=run.kind, resource=run.resource, shop=run.shop_id, **counts, **reason)


def _sit_down_patiently(services: Services, run_id: int, generation: int, executor: str) -> Claim | None:
    for pause in itertools.chain(STORE_PAUSES_SECONDS, itertools.repeat(STORE_PAUSES_SECONDS[-1])):
        services.heed()
        with suppress(StoreUnavailable), services.database.writing() as transaction:
            return sit_down(transaction, run_id, generation, executor)
        services.sleep(pause)
    raise AssertionError("the pauses never end")


def begin_with(
    services: Services, jobs: Mapping[tuple[str, str], Job], executor: str
) -> Callable[[int, int], Callable[[], bool] | None]:
    """How the workflows of this worker begin: they sit down on their run, and carry it if it is theirs."""

    def begin(run_id: int, generation: int) -> Callable[[], bool] | None:
        claim = _sit_down_patiently(services, run_id, generation, executor)
        if claim is None:
            return None
        get_log("jobs").info("run.begun", run=run_id, worker=executor, generation=generation)
        return Carrier(claim, jobs, services).stretch

    return begin
