"""All wiring: the only place that constructs things. Everything else is handed what it needs.

`open_house` is what every command starts with; `serve` and `work` are the two programs that stay.
"""

import asyncio
import gc
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, Literal

from backroom import __version__
from backroom.db.database import Database, open_database
from backroom.observe.log import get_log, set_up_logging
from backroom.settings import Settings
from backroom.shops.vault import Vault
from backroom.vocabulary.errors import BackroomError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from uvicorn import Server

KEEP_ALIVE_SECONDS: Final = 75
"""Shopify keeps its connections open and wants the same of us."""
GRACE_SECONDS: Final = 5
STATUS_GAUGES: Final = ("inbox_pending", "dirty", "parked", "wanted", "dead", "lag_seconds", "code_conflicts")
BACKLOG: Final = 2048
Tables = Literal["migrated", "current", "any"]
"""migrated: brought to this version first; current: else NotMigrated is raised; any: not looked at."""


class NotMigrated(BackroomError):
    """The database has not this version's tables."""


class AddressTaken(BackroomError):
    """The address to listen on can not be had."""


@dataclass(frozen=True, slots=True)
class House:
    """What every part needs: the settings, the database, and the vault that opens secrets."""

    settings: Settings
    database: Database
    vault: Vault


@contextmanager
def open_house(settings: Settings, *, tables: Tables = "current") -> Iterator[House]:
    """Opens the house and closes it again. `tables` says how the database's tables have to be."""
    set_up_logging(settings.log)
    settings.make_home()
    vault = Vault(settings.secret_keys())
    database = open_database(settings.database_address, settings.database_schema)
    try:
        if tables == "migrated":
            migrate_database(database)
        elif tables == "current" and (reason := unmigrated(database)) is not None:
            raise NotMigrated(reason)
        yield House(settings, database, vault)
    finally:
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
    """Why the database is not at this version's tables, or None.

    Raises StoreUnavailable where it is away, and NewerDatabase.
    """
    from backroom.db.migrate import current_revision, newest_revision, refuse_newer

    current, newest = current_revision(database), newest_revision()
    if current == newest:
        return None
    refuse_newer(current)
    return (
        f"the database is at {current or 'nothing'}, this version needs {newest}: run `backroom db upgrade`"
    )


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


def gauges_of(database: Database) -> Callable[[], Mapping[str, float | None]]:
    """The numbers of /metrics, from one snapshot."""
    from backroom.flow.status import read_status
    from backroom.resources.registry import RESOURCES
    from backroom.worker.heartbeat import youngest_age

    def gauges() -> Mapping[str, float | None]:
        with database.reading() as transaction:
            status = read_status(transaction, RESOURCES)
            age = youngest_age(transaction)
        numbers = {name: getattr(status, name) for name in STATUS_GAUGES}
        return {**numbers, "worker_heartbeat_age_seconds": age}

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
        api=build_router(house.database, RESOURCES, doorkeeper.require),
        metrics=metrics,
        status=gauges_of(house.database),
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


def work(house: House, name: str | None, *, child: bool) -> None:
    """Works until SIGTERM or SIGINT; a child also until its standard input ends, with its parent."""
    from backroom.resources.registry import RESOURCES
    from backroom.worker.heartbeat import Heartbeat
    from backroom.worker.loop import Loop

    name = name or socket.gethostname()
    stopping = threading.Event()
    if child:
        threading.Thread(target=_stop_at_end_of_input, args=(stopping,), name="parent", daemon=True).start()
    heartbeat = Heartbeat(house.database, name)
    log = get_log("worker").bind(worker=name)
    with _signals_caught(stopping.set):
        heartbeat.start()
        _forget_garbage_of_starting()
        log.info("worker.started", version=__version__)
        try:
            Loop(house.database, RESOURCES, name).run(stopping)
        finally:
            heartbeat.stop()
            log.info("worker.stopped")


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
