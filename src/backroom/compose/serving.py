"""The program that listens: the web in its own process, its workers as children.

Enters: a house and an address. Leaves: an answer to each request, until a signal ends it. What never happens
here: a body that is processed; that is the workers' part.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from backroom import __version__
from backroom.compose.house import House
from backroom.compose.program import forget_garbage_of_starting, signals_caught
from backroom.compose.readings import gauges_of, readiness_of, told_of
from backroom.observe.log import get_log
from backroom.vocabulary.errors import BackroomError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from uvicorn import Server

KEEP_ALIVE_SECONDS: Final = 75
"""Shopify keeps its connections open and wants the same of us."""
GRACE_SECONDS: Final = 5
BACKLOG: Final = 2048


class AddressTaken(BackroomError):
    """The address to listen on can not be had."""


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
    with signals_caught(partial(setattr, server, "should_exit", True)):
        try:
            children.start()
            forget_garbage_of_starting()
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
