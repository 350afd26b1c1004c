"""One worker's supervisor in this process, over a real database: what it claims is carried by test jobs."""

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from backroom.db.database import Database
from backroom.db.postgres import postgres_engine
from backroom.jobs.carrier import begin_with
from backroom.jobs.durable import Durable, Place, sqlite_jobs_engine
from backroom.jobs.job import Job, Services
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.runs import Run, read_run
from backroom.shopify.client import Client
from backroom.vocabulary.clock import SystemClock
from backroom.vocabulary.ids import ShopId
from backroom.worker.heartbeat import Heartbeat
from backroom.worker.supervisor import Automatic, Supervisor
from tests.waiting import eventually

ADOPT_SECONDS = 3.0


def no_client(shop_id: ShopId) -> Client:
    raise AssertionError("no job of these tests asks Shopify")


def new_run(shop_id: ShopId, **options: Any) -> NewRun:
    """A full sync of products."""
    return NewRun(
        kind="sync",
        resource="products",
        mode="full",
        shop_id=shop_id,
        requested_by="a test",
        options={"total": 30, **options},
    )


def queue(database: Database, shop_id: ShopId, **options: Any) -> int:
    with database.writing() as transaction:
        return queue_run(transaction, new_run(shop_id, **options))


def run_of(database: Database, run_id: int) -> Run:
    with database.reading() as transaction:
        return read_run(transaction, run_id)


def services_of(database: Database, home: Path, stopping: threading.Event) -> Services:
    return Services(
        database=database,
        client_of=no_client,
        resources={},
        home=home,
        clock=SystemClock(),
        stopping=stopping,
    )


class Crew:
    """`begin` and `end` as often as wanted; the name stays, as a restarted worker's does."""

    def __init__(
        self, database: Database, database_url: str, home: Path, jobs: Mapping[tuple[str, str], Job]
    ) -> None:
        self.database = database
        self.name = "here"
        self.automatic: list[Automatic] = []
        self._place = place_of(database, database_url, home)
        self._home = home
        self._jobs = jobs
        self._end: Callable[[], bool] | None = None
        self._durable: Durable | None = None

    def begin(self) -> None:
        stopping = threading.Event()
        services = services_of(self.database, self._home, stopping)
        durable = Durable(self._place, self.name, begin_with(services, self._jobs, self.name))
        supervisor = Supervisor(
            self.database, durable, self.name, stopping, self.automatic, adopt_seconds=ADOPT_SECONDS
        )
        heartbeat = Heartbeat(self.database, self.name)

        def end() -> bool:
            stopping.set()
            all_left = supervisor.stop()
            heartbeat.stop()
            return all_left

        self._end, self._durable = end, durable
        heartbeat.start()
        supervisor.start()

    @property
    def durable(self) -> Durable:
        assert self._durable is not None
        return self._durable

    def end(self) -> bool:
        """Whether all that it carried left in time."""
        end, self._end = self._end, None
        return end is None or end()

    def wait(self, run_id: int, *states: str) -> Run:
        """The run, once it is in one of the states (usually: over)."""

        def there() -> Run | None:
            run = run_of(self.database, run_id)
            return run if run.state in states or (not states and run.is_over) else None

        return eventually(there, f"run {run_id} is {' or '.join(states) or 'over'}")

    def wait_for_seen(self, run_id: int, number: int) -> Run:
        def there() -> Run | None:
            run = run_of(self.database, run_id)
            return run if run.seen >= number else None

        return eventually(there, f"run {run_id} has seen {number}")


def place_of(database: Database, database_url: str, home: Path) -> Place:
    """Where DBOS keeps its own in a test."""
    if database.schema is None:
        return Place(engine=partial(sqlite_jobs_engine, home / "jobs.db"), schema=None)
    schema = f"{database.schema}_jobs"
    return Place(engine=partial(postgres_engine, database_url, schema), schema=schema)
