"""Durable workflows: the only file that imports DBOS.

Enters: claims. Leaves: one workflow a claim, `run-<id>-<generation>`, that goes on after a crash at its last
finished step. What never happens here: a decision about a run. `sync_run` is the truth: DBOS remembers that
there is something to go on with, the fence decides who may.

Its own database: a file beside ours on SQLite, on PostgreSQL a schema beside ours.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event

from backroom.jobs.claims import Claim
from backroom.observe.log import get_log

APPLICATION: Final = "backroom"
APPLICATION_VERSION: Final = "backroom-jobs-1"
"""Pinned: DBOS recovers only what its own version began, and would hash our sources for one. It changes
where `_carry` calls its steps differently."""
KEPT: Final = timedelta(days=1)
"""Of workflows that are over; what people read about a run stands in `sync_run`."""
SWEPT_AT_ONCE: Final = 200
LOOK_SECONDS: Final = 0.02
_CANCELLED: Final = ("DBOSWorkflowCancelledError", "DBOSAwaitedWorkflowCancelledError")
"""By name: DBOS keeps its errors in a module of its own."""
_LOST: Final = "no longer owned by this execution"
_SUBSECONDS_SINCE: Final = (3, 42)
"""The SQLite that knows `unixepoch('subsec')`."""
_OVER: Final = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]

Begin = Callable[[int, int], Callable[[], bool] | None]
"""(run, generation) -> a stretch of its work, True where it is over; None where it is not to be done here."""


def sqlite_jobs_engine(path: Path) -> Engine:
    """DBOS's own engine over one file. It expects the driver to open IMMEDIATE transactions by itself."""
    engine = create_engine(f"sqlite:///{path}", pool_size=8, max_overflow=40)
    driver: Any = engine.dialect.dbapi

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        if driver.sqlite_version_info < _SUBSECONDS_SINCE:
            connection.create_function("unixepoch", 1, unixepoch)

    return engine


def unixepoch(of: str) -> float:
    """What SQLite has from 3.42 on: seconds since 1970 with their thousandths, of `subsec` only.

    DBOS takes a Python from 3.12 on for one with such an SQLite, and an older one answers it with null. Under
    older Pythons too: the tables' defaults ask as the Python did that made them.
    """
    if of != "subsec":
        raise ValueError(of)
    return round(time.time(), 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where DBOS keeps what it remembers. `schema`: PostgreSQL only."""

    engine: Callable[[], Engine]
    schema: str | None


class Durable:
    """The workflows of one worker, and of one process: DBOS is a singleton."""

    def __init__(self, place: Place, executor: str, begin: Begin) -> None:
        self._place = place
        self._executor = executor
        self._begin = begin
        self._engine: Engine | None = None
        self._workflow: Callable[[int, int], None] | None = None
        self._lock = threading.Lock()
        self._live: dict[tuple[int, int], int] = {}

    @property
    def is_launched(self) -> bool:
        return self._workflow is not None

    def launch(self) -> None:
        """Once. Imports DBOS (some 0.4 s), migrates its tables, and recovers what this executor had."""
        from dbos import DBOS, DBOSConfig

        _tell_through_our_log()
        self._engine = self._place.engine()

        def run_job(run_id: int, generation: int) -> None:
            self._carry(run_id, generation)

        config: DBOSConfig = {
            "name": APPLICATION,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._executor,
            "system_database_engine": self._engine,
            "log_level": "WARNING",
            "enable_otlp": False,
            # No workflow waits for another one: a connection of its own would listen for nothing.
            "use_listen_notify": False,
        }
        if self._place.schema is not None:
            config["dbos_system_schema"] = self._place.schema
        try:
            DBOS(config=config)
            # No limit of recoveries: a run that was killed a hundred times has not failed.
            workflow = DBOS.workflow(name="run_job", max_recovery_attempts=None)(run_job)
            DBOS.launch()
        except BaseException:
            self._close()
            raise
        self._workflow = workflow

    def start(self, claim: Claim) -> None:
        """Starts the claim's workflow. One that exists already is left to itself."""
        from dbos import DBOS, SetWorkflowID

        assert self._workflow is not None, "launched before"
        if self.exists(claim):
            return
        with SetWorkflowID(workflow_id(claim.run_id, claim.generation)):
            DBOS.start_workflow(self._workflow, claim.run_id, claim.generation)

    def exists(self, claim: Claim) -> bool:
        """Whether DBOS knows the claim's workflow, whatever became of it."""
        from dbos import DBOS

        return DBOS.get_workflow_status(workflow_id(claim.run_id, claim.generation)) is not None

    def forget(self, claim: Claim) -> None:
        """Somebody else has the run now: whoever began this workflow does not go on with it later."""
        from dbos import DBOS

        DBOS.cancel_workflow(workflow_id(claim.run_id, claim.generation))

    def is_live(self, claim: Claim) -> bool:
        """Whether this process carries the claim right now."""
        with self._lock:
            return (claim.run_id, claim.generation) in self._live

    def number_live(self) -> int:
        with self._lock:
            return len(self._live)

    def sweep(self, kept: timedelta = KEPT) -> int:
        """Deletes some of the workflows that have been over for so long; how many."""
        from dbos import DBOS

        before = datetime.now(UTC) - kept
        found = DBOS.list_workflows(
            status=_OVER,
            completed_before=before.isoformat(),
            limit=SWEPT_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if found:
            DBOS.delete_workflows([workflow.workflow_id for workflow in found])
        return len(found)

    def close(self, seconds: float) -> bool:
        """Waits for what is carried to leave (it is told to by others), and closes. False where some did not:
        then nothing but the process's end stops them, and the fence holds."""
        deadline = time.monotonic() + seconds
        while self.number_live() and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        if self.number_live():
            return False
        if self.is_launched:
            self._close()
        return True

    def _close(self) -> None:
        from dbos import DBOS

        DBOS.destroy(destroy_registry=True)
        if self._engine is not None:
            self._engine.dispose()
        self._engine = self._workflow = None

    def _carry(self, run_id: int, generation: int) -> None:
        """The workflow. Its steps are stretches of work; each goes on from what the run's row says, so that
        one which a crash cut off is simply done once more."""
        from dbos import DBOS

        with self._counted(run_id, generation):
            stretch = self._begin(run_id, generation)
            while stretch is not None and not DBOS.run_step({"name": "stretch"}, stretch):
                pass

    @contextmanager
    def _counted(self, run_id: int, generation: int) -> Iterator[None]:
        key = run_id, generation
        with self._lock:
            self._live[key] = self._live.get(key, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._live[key] -= 1
                if not self._live[key]:
                    del self._live[key]


def workflow_id(run_id: int, generation: int) -> str:
    """The id that DBOS knows a claim by."""
    return f"run-{run_id}-{generation}"


def _tell_through_our_log() -> None:
    # A logger with a handler gets none of DBOS's own; what it says goes up to our root's.
    log = logging.getLogger("dbos")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
        log.addFilter(_is_news)
    log.propagate = True
    log.setLevel(logging.WARNING)


def _is_news(record: logging.LogRecord) -> bool:
    """Not where a workflow was cancelled, or lost, because its run was taken over: that is no error."""
    if _LOST in record.getMessage():
        return False  # the carrier has said so
    kind = record.exc_info[0] if record.exc_info else None
    if kind is None or kind.__name__ not in _CANCELLED:
        return True
    get_log("jobs").warning("run.lost", reason="another worker has it")
    return False
