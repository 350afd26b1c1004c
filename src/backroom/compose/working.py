"""The program that works: the stations' loop, the heartbeat, and the runs, in one process.

Enters: a house. Leaves: what the tables say, until a signal ends it, or for a child the end of its parent.
What never happens here: a decision about a run; the supervisor and `sync_run` make it.
"""

import os
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from backroom import __version__
from backroom.compose.house import House, client_of
from backroom.compose.program import forget_garbage_of_starting, signals_caught
from backroom.observe.log import get_log

if TYPE_CHECKING:
    from backroom.jobs.job import Job
    from backroom.worker.supervisor import Supervisor

JOBS_FILE: Final = "jobs.db"
"""In the home, with SQLite: what DBOS remembers of running workflows."""


def work(
    house: House, name: str | None, *, child: bool, jobs: "Mapping[tuple[str, str], Job] | None" = None
) -> None:
    """Works until SIGTERM or SIGINT; a child also until its standard input ends, with its parent.

    `jobs` replaces the registry's; only tests give some.
    """
    from backroom.resources.registry import RESOURCES
    from backroom.worker.heartbeat import Heartbeat
    from backroom.worker.loop import Loop

    name = name or socket.gethostname()
    stopping = threading.Event()
    if child:
        threading.Thread(target=_stop_at_end_of_input, args=(stopping,), name="parent", daemon=True).start()
    heartbeat = Heartbeat(house.database, name)
    supervisor = supervisor_of(house, name, stopping, jobs)
    log = get_log("worker").bind(worker=name)
    with signals_caught(stopping.set):
        heartbeat.start()
        supervisor.start()
        forget_garbage_of_starting()
        log.info("worker.started", version=__version__)
        try:
            Loop(house.database, RESOURCES, name).run(stopping)
        finally:
            stopping.set()
            all_left = supervisor.stop()
            heartbeat.stop()
            log.info("worker.stopped")
            if not all_left:
                _leave_at_once()


def supervisor_of(
    house: House,
    name: str,
    stopping: threading.Event,
    jobs: "Mapping[tuple[str, str], Job] | None" = None,
) -> "Supervisor":
    """Who sees to the runs in a worker of this name."""
    from backroom.db.postgres import postgres_engine
    from backroom.jobs.automatic import WantedRefetches
    from backroom.jobs.carrier import begin_with
    from backroom.jobs.durable import Durable, Place, sqlite_jobs_engine
    from backroom.jobs.firing import DueRuns
    from backroom.jobs.job import Services
    from backroom.jobs.registry import JOBS
    from backroom.resources.registry import BY_PLURAL, RESOURCES
    from backroom.vocabulary.clock import SystemClock
    from backroom.worker.supervisor import Supervisor

    settings, schema = house.settings, house.database.schema
    if schema is None:
        place = Place(engine=partial(sqlite_jobs_engine, settings.home.absolute() / JOBS_FILE), schema=None)
    else:
        address = settings.database_address
        jobs_schema = f"{schema}_jobs"
        place = Place(engine=partial(postgres_engine, address, jobs_schema), schema=jobs_schema)
    services = Services(
        database=house.database,
        # Whatever it waits for, it leaves as soon as the worker ends.
        client_of=lambda shop_id: client_of(house, shop_id, services.sleep),
        resources=BY_PLURAL,
        home=settings.home.absolute(),
        clock=SystemClock(),
        stopping=stopping,
        public_url=settings.public_url,
    )
    durable = Durable(place, name, begin_with(services, JOBS if jobs is None else jobs, name))
    automatic = (WantedRefetches(RESOURCES), DueRuns(RESOURCES, settings.public_url))
    return Supervisor(house.database, durable, name, stopping, automatic=automatic)


def _leave_at_once() -> None:
    # What did not leave in time holds a thread that Python would wait for. None of it is committed, so none
    # of it is lost.
    sys.stderr.flush()
    os._exit(0)


def _stop_at_end_of_input(stopping: threading.Event) -> None:
    # The bare descriptor: Python dies at its end where a thread still holds the buffered sys.stdin.
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    stopping.set()
