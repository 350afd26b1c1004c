"""All wiring: the only place that constructs things. Everything else is handed what it needs.

`open_house` is what every command starts with; `serve` and `work` are the two programs that stay.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, Literal

from backroom import __version__
from backroom.db.database import Database, open_database
from backroom.observe.log import get_log, set_up_logging
from backroom.settings import Settings
from backroom.shops.vault import Vault
from backroom.vocabulary.errors import BackroomError
from backroom.vocabulary.ids import ShopId

if TYPE_CHECKING:
    from fastapi import FastAPI
    from uvicorn import Server

    from backroom.jobs.job import Job
    from backroom.jobs.warnings import Told
    from backroom.shopify.client import Client
    from backroom.shopify.door import Door
    from backroom.worker.supervisor import Supervisor

KEEP_ALIVE_SECONDS: Final = 75
"""Shopify keeps its connections open and wants the same of us."""
GRACE_SECONDS: Final = 5
STATUS_GAUGES: Final = (
    "inbox_pending",
    "dirty",
    "parked",
    "wanted",
    "dead",
    "running",
    "lag_seconds",
    "code_conflicts",
    "drifting",
)
BACKLOG: Final = 2048
JOBS_FILE: Final = "jobs.db"
"""In the home, with SQLite: what DBOS remembers of running workflows."""
NO_TABLES: Final = "there are no tables yet"
_DOOR_MADE: Final = threading.Lock()
Tables = Literal["migrated", "current", "any"]
"""migrated: brought to this version first; current: else NotMigrated is raised; any: not looked at."""


class NotMigrated(BackroomError):
    """The database has not this version's tables."""


class AddressTaken(BackroomError):
    """The address to listen on can not be had."""


@dataclass(frozen=True, slots=True)
class House:
    """What every part needs: the settings, the database, and the vault that opens secrets.

    `doors` holds the door to Shopify, once somebody wanted it.
    """

    settings: Settings
    database: Database
    vault: Vault
    doors: "list[Door]" = field(default_factory=list, repr=False)


@contextmanager
def open_house(settings: Settings, *, tables: Tables = "current", stays: bool = False) -> Iterator[House]:
    """Opens the house and closes it again. `tables` says how the database's tables have to be.

    `stays`: a program whose log tells what it does. A command says that itself, and logs only warnings.
    """
    set_up_logging(settings.log, least=logging.INFO if stays else logging.WARNING)
    settings.make_home()
    vault = Vault(settings.secret_keys())
    database = open_database(settings.database_address, settings.database_schema)
    house = House(settings, database, vault)
    try:
        if tables == "migrated":
            migrate_database(database)
        elif tables == "current" and (reason := unmigrated(database)) is not None:
            raise NotMigrated(reason)
        yield house
    finally:
        for door in house.doors:
            door.close()
        database.dispose()


def migrate_database(database: Database) -> tuple[str | None, str]:
    """Brings the database to this version's tables: (before, after)."""
    from backroom.db.migrate import upgrade
    from backroom.erp.changes import restart_feed_after_restore

    before, after = upgrade(database)
    with database.writing() as transaction:
        if restart_feed_after_restore(transaction):
            get_log("db").warning("feed.restarted", reason="the database was restored from elsewhere")
    if before != after:
        get_log("db").info("database.migrated", before=before, after=after)
    return before, after


def unmigrated(database: Database) -> str | None:
    """Why the database is not at this version's tables, and what to do, or None. Raises as `missing`."""
    reason = missing(database)
    if reason is None:
        return None
    return f"{reason}: run `backroom db upgrade`{' or `backroom serve`' if reason == NO_TABLES else ''}"


def missing(database: Database) -> str | None:
    """What the database has not of this version's tables, or None.

    Raises StoreUnavailable where it is away, and NewerDatabase.
    """
    from backroom.db.migrate import current_revision, newest_revision, refuse_newer

    current, newest = current_revision(database), newest_revision()
    if current == newest:
        return None
    if current is None:
        return NO_TABLES
    refuse_newer(current)
    return f"the database is at {current}, this version needs {newest}"


def readiness_of(
    database: Database, threads: Mapping[str, Callable[[], bool]] | None = None
) -> Callable[[], str | None]:
    """Looks at the database, and whether each of the threads runs, at each call.

    What this version needs is read once.
    """
    from backroom.db.migrate import current_revision, newest_revision

    newest = newest_revision()

    def reason() -> str | None:
        for name, is_running in (threads or {}).items():
            if not is_running():
                return f"{name} does not run"
        try:
            current = current_revision(database)
        except BackroomError:
            return "the database can not be reached"
        return None if current == newest else "the database is not at this version's tables"

    return reason


def told_of(settings: Settings) -> "Told":
    """What warnings go by, beside the database."""
    from backroom.jobs.warnings import Told
    from backroom.resources.registry import RESOURCES

    return Told(api_version=settings.api_version, public_url=settings.public_url, resources=RESOURCES)


def gauges_of(database: Database, told: "Told | None" = None) -> Callable[[], Mapping[str, float | None]]:
    """The numbers of /metrics, from one snapshot; warnings where it is told what they go by."""
    from backroom.drift.findings import count_open
    from backroom.flow.status import read_status
    from backroom.jobs.lately import failed_lately
    from backroom.jobs.runs import count_active
    from backroom.jobs.warnings import count_by_kind, read_concerns
    from backroom.observe.metrics import WARNINGS
    from backroom.resources.registry import RESOURCES
    from backroom.worker.heartbeat import youngest_age

    def gauges() -> Mapping[str, float | None]:
        with database.reading() as transaction:
            status = read_status(
                transaction,
                RESOURCES,
                running=count_active(transaction),
                drifting=count_open(transaction),
            )
            failed = len(failed_lately(transaction))
            age = youngest_age(transaction)
            warned = count_by_kind(read_concerns(transaction, told)) if told else {}
        numbers = {name: getattr(status, name) for name in STATUS_GAUGES}
        numbers |= {f"{WARNINGS}{kind}": number for kind, number in warned.items()}
        return {**numbers, "failed_runs": failed, "worker_heartbeat_age_seconds": age}

    return gauges


def web_app(house: House) -> "FastAPI":
    """The web application. Its life begins and ends the keyring's and the inbox's threads."""
    from backroom.ingress.inbox import Inbox
    from backroom.ingress.receive import Receiver
    from backroom.observe.metrics import Metrics
    from backroom.resources.registry import RESOURCES
    from backroom.shops.keyring import DatabaseKeyring
    from backroom.shops.secrets import tally_uses
    from backroom.web.api import build_router
    from backroom.web.app import create_app
    from backroom.web.body import BodyReader
    from backroom.web.hooks import WebhookDoor
    from backroom.web.observer import InboxObserver, RefusalObserver
    from backroom.web.security import Doorkeeper

    metrics = Metrics()
    keyring = DatabaseKeyring(house.database, house.vault)
    doorkeeper = Doorkeeper(house.database)
    inbox = Inbox(house.database, InboxObserver(metrics), tally_uses)

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        keyring.start()
        inbox.start()
        try:
            yield
        finally:
            # In a thread: the inbox's last answers need the loop.
            await asyncio.to_thread(inbox.stop)
            keyring.stop()

    return create_app(
        door=WebhookDoor(Receiver(keyring, inbox), BodyReader(), RefusalObserver(metrics)),
        doorkeeper=doorkeeper,
        api=build_router(house.database, RESOURCES, doorkeeper.require, told_of(house.settings)),
        metrics=metrics,
        status=gauges_of(house.database, told_of(house.settings)),
        readiness=readiness_of(
            house.database,
            {"the inbox's writer": lambda: inbox.is_running, "the keyring": lambda: keyring.is_running},
        ),
        lifespan=lifespan,
    )


def serve(house: House, *, host: str, port: int, workers: int) -> None:
    """Listens, works in `workers` child processes, and returns after SIGTERM or SIGINT, all of it ended."""
    from backroom.worker.children import Children

    listener = _listen(host, port)
    log = get_log("serve")
    children = Children(
        [f"{socket.gethostname()}-{listener.getsockname()[1]}-{number}" for number in range(1, workers + 1)]
    )
    server = _server(web_app(house))
    # Signals stay caught until the end: a second one must not leave a worker behind.
    with _signals_caught(partial(setattr, server, "should_exit", True)):
        try:
            children.start()
            _forget_garbage_of_starting()
            log.info("serve.started", version=__version__, address=_address(listener), workers=workers)
            server.run(sockets=[listener])
        finally:
            children.stop()
            listener.close()
            log.info("serve.stopped")


def _server(app: "FastAPI") -> "Server":
    import uvicorn

    from backroom.web.server import Limits, protocol_within, raise_open_files

    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=protocol_within(Limits(connections=raise_open_files())),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
    )
    return uvicorn.Server(config)


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
    with _signals_caught(stopping.set):
        heartbeat.start()
        supervisor.start()
        _forget_garbage_of_starting()
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


def client_of(house: House, shop_id: ShopId, sleep: Callable[[float], object] = time.sleep) -> "Client":
    """The door to a shop's Shopify, one per process. Raises Unknown where there is no such shop.

    `sleep` is for the pauses that Shopify asks for, and may raise to end them; who is first decides.
    """
    # Only here: its HTTP client costs start-up time, and most commands never ask Shopify.
    from backroom.shopify.door import Door
    from backroom.shopify.patience import Timing

    with _DOOR_MADE:
        if not house.doors:
            timing = Timing(sleep=sleep)
            house.doors.append(Door(house.database, house.vault, house.settings.api_version, timing=timing))
    return house.doors[0].client(shop_id)


def _leave_at_once() -> None:
    # What did not leave in time holds a thread that Python would wait for. None of it is committed, so none
    # of it is lost.
    sys.stderr.flush()
    os._exit(0)


def _forget_garbage_of_starting() -> None:
    """Takes all that the imports made out of the collector's sight: looking it through again and again, 60 ms
    at a time with everybody waiting, was what the slowest receipts waited for."""
    gc.collect()
    gc.freeze()


def _stop_at_end_of_input(stopping: threading.Event) -> None:
    # The bare descriptor: Python dies at its end where a thread still holds the buffered sys.stdin.
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    stopping.set()


@contextmanager
def _signals_caught(stop: Callable[[], object]) -> Iterator[None]:
    """SIGTERM and SIGINT call `stop` and nothing else.

    uvicorn has its own handlers while it runs, and raises the signal again after its orderly end: without
    these, that would kill the process before its children are stopped.
    """

    def caught(_signal: int, _frame: FrameType | None) -> None:
        stop()

    before: dict[int, Any] = {
        number: signal.signal(number, caught) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise AddressTaken(f"can not listen on {host}:{port}: {_said(error)}") from error


def _said(error: OSError) -> str:
    # asyncio and socket add the address to strerror, which we say already.
    return (
        os.strerror(error.errno) if isinstance(error.errno, int) and error.errno > 0 else str(error.strerror)
    )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
