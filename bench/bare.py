"""What ours is held against: the least that could receive a webhook durably, on the same server.

`python -m bench.bare bound URL SCHEMA`: one HMAC, an append to the same inbox, 200 after the commit. No
framework, no headers kept, no log, no metrics, no deadline.
`python -m bench.bare instant URL SCHEMA`: 200 at once; so much the load generator can do at most.
"""

import asyncio
import hmac
import json
import socket
import sys
from functools import partial
from typing import Any, Final

import uvicorn
from starlette.types import Receive, Scope, Send

from backroom.compose import BACKLOG, KEEP_ALIVE_SECONDS
from backroom.db.database import Transaction, open_database
from backroom.db.migrate import upgrade
from backroom.ingress.inbox import Delivery, Inbox
from backroom.shopify.signature import sign
from backroom.vocabulary.errors import BackroomError
from backroom.vocabulary.ids import ShopId
from backroom.web.answers import Answer, Answers
from bench.programs import SECRET

BODY: Final = b'{"outcome":"stored"}'
HEADERS: Final = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]


class Silent:
    """Told of each batch, says nothing."""

    def stored(self, *, rows: int, duplicates: int, size_bytes: int, seconds: float) -> None:
        """Nothing."""

    def failed(self, *, rows: int, error: BackroomError) -> None:
        raise error


class Bare:
    """The ASGI application. Without an inbox it answers at once."""

    def __init__(self, inbox: Inbox | None) -> None:
        self._inbox = inbox
        self._answers: Answers | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        body = message["body"]
        while message["more_body"]:
            message = await receive()
            body += message["body"]
        status = 200 if self._inbox is None else await self._store(self._inbox, dict(scope["headers"]), body)
        await send({"type": "http.response.start", "status": status, "headers": HEADERS})
        await send({"type": "http.response.body", "body": BODY})

    async def _store(self, inbox: Inbox, headers: dict[bytes, bytes], body: bytes) -> int:
        if not hmac.compare_digest(sign(body, SECRET.encode()), headers[b"x-shopify-hmac-sha256"]):
            return 401
        loop = asyncio.get_running_loop()
        if self._answers is None:
            self._answers = Answers(loop)
        stored: asyncio.Future[Answer] = loop.create_future()
        inbox.append(
            Delivery(
                shop_id=ShopId(1),
                webhook_id=headers[b"x-shopify-webhook-id"].decode(),
                event_id=None,
                topic="products/update",
                api_version=None,
                triggered_at=None,
                headers={},
                body=body,
                secret_id=1,
                answer=partial(self._answers.deliver, stored),
            )
        )
        return 200 if await stored is True else 503


def no_tally(transaction: Transaction, uses: dict[int, int]) -> None:
    """There is one secret, and nobody counts."""


def main(mode: str, url: str, schema: str) -> None:
    """Serves until SIGTERM, with the settings of `compose`."""
    database = open_database(url, schema) if mode == "bound" else None
    inbox = None
    if database is not None:
        upgrade(database)
        inbox = Inbox(database, Silent(), no_tally)
        inbox.start()
    app: Any = Bare(inbox)
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
        backlog=BACKLOG,
    )
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    print(json.dumps({"event": "bare.started", "address": address}), file=sys.stderr, flush=True)
    with listener:
        uvicorn.Server(config).run(sockets=[listener])
    if inbox is not None:
        inbox.stop()


if __name__ == "__main__":
    main(*sys.argv[1:4])
