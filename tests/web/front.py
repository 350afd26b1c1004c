"""The web application over a real database, listening on loopback: what a sender meets."""

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from backroom.db.database import Database
from backroom.ingress.inbox import Inbox
from backroom.ingress.receive import Receiver
from backroom.observe.metrics import Metrics
from backroom.shopify.signature import sign
from backroom.shops.keyring import DatabaseKeyring, Keyring
from backroom.shops.secrets import tally_uses
from backroom.shops.shops import Opening, add_shop
from backroom.shops.vault import Vault
from backroom.web.app import create_app
from backroom.web.body import READ_SECONDS, UNVERIFIED_BYTES, BodyReader
from backroom.web.health import Readiness
from backroom.web.hooks import WebhookDoor
from backroom.web.observer import InboxObserver, RefusalObserver
from backroom.web.security import Doorkeeper
from backroom.web.tokens import Role, create_token

DOMAIN = "demo.myshopify.com"
SECRET = "hush"
VAULT = Vault(["k" * 32])
TIMEOUT_SECONDS = 20.0


@dataclass
class Front:
    """A running front. `http` talks to it, `address` is for raw sockets."""

    app: FastAPI
    database: Database
    metrics: Metrics
    inbox: Inbox
    http: httpx.Client
    address: tuple[str, int]

    def deliver(
        self,
        body: bytes = b"{}",
        *,
        path: str = "/api/webhooks",
        secret: str = SECRET,
        without: str = "",
        **changed: str | bytes,
    ) -> httpx.Response:
        """Posts a signed body; `changed` replaces headers by their last word (`topic=`, `webhook_id=`)."""
        headers = headers_of(body, secret, **changed)
        headers.pop(without, None)
        return self.http.post(path, content=body, headers=headers)

    def token(self, role: Role = Role.VIEWER) -> str:
        """A new API token."""
        with self.database.writing() as transaction:
            return create_token(transaction, f"token-{role}", role)

    def counted(self, outcome: str) -> float:
        """What /metrics says of an outcome."""
        line = f'backroom_deliveries_total{{outcome="{outcome}"}} '
        (found,) = [text for text in self.metrics.render({}).decode().splitlines() if text.startswith(line)]
        return float(found.removeprefix(line))


def headers_of(body: bytes, secret: str = SECRET, **changed: str | bytes) -> dict[str, Any]:
    """The headers of a signed delivery."""
    values = {
        "topic": "products/update",
        "hmac_sha256": sign(body, secret.encode()),
        "shop_domain": DOMAIN,
        "webhook_id": "w1",
        **changed,
    }
    return {f"X-Shopify-{name.replace('_', '-').title()}": value for name, value in values.items()}


@contextmanager
def open_front(
    database: Database,
    *,
    keyring: Keyring | None = None,
    read_seconds: float = READ_SECONDS,
    budget_bytes: int = UNVERIFIED_BYTES,
    readiness: Readiness = lambda: None,
    api: APIRouter | None = None,
) -> Iterator[Front]:
    """A front with one shop, until the block ends."""
    with database.writing() as transaction:
        add_shop(transaction, VAULT, DOMAIN, Opening(access_token="t", webhook_secrets=[SECRET]))
    metrics = Metrics()
    inbox = Inbox(database, InboxObserver(metrics), tally_uses)
    ring = DatabaseKeyring(database, VAULT)
    bodies = BodyReader(seconds=read_seconds, budget_bytes=budget_bytes)

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        ring.start()
        inbox.start()
        yield
        inbox.stop()
        ring.stop()

    app = create_app(
        door=WebhookDoor(Receiver(keyring or ring, inbox), bodies, RefusalObserver(metrics)),
        doorkeeper=Doorkeeper(database),
        metrics=metrics,
        status=lambda: {"dead": 2.0},
        readiness=readiness,
        api=api,
        lifespan=lifespan,
    )
    with (
        listening(app) as address,
        httpx.Client(base_url=f"http://{address[0]}:{address[1]}", timeout=20) as http,
    ):
        yield Front(app, database, metrics, inbox, http, address)


@contextmanager
def listening(app: ASGIApp, **options: Any) -> Iterator[tuple[str, int]]:
    """The app on a real server in a thread. `options` are uvicorn's."""
    listener = socket.create_server(("127.0.0.1", 0))
    given = {"ws": "none", "http": "httptools", "log_config": None, "access_log": False, **options}
    server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=2, **given))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


class RawSender:
    """A sender that holds its request half-way."""

    def __init__(self, address: tuple[str, int], body: bytes, *, send: int) -> None:
        self._rest = body[send:]
        self._socket = socket.create_connection(address, timeout=TIMEOUT_SECONDS)
        lines = ["POST /api/webhooks HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
        for name, value in headers_of(body, webhook_id="raw").items():
            lines.append(f"{name}: {value.decode() if isinstance(value, bytes) else value}")
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + body[:send])

    def finish(self) -> None:
        self._socket.sendall(self._rest)

    def answer(self) -> str:
        """What came back until the connection was closed or the answer's body ended."""
        text = b""
        while b"}" not in text and (chunk := self._socket.recv(65536)):
            text += chunk
        return text.decode()

    def close(self) -> None:
        self._socket.close()
