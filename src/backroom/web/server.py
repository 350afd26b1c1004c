"""What an unknown sender may take of the HTTP server: seconds, bytes of headers, and connections.

uvicorn's protocol asks for none of these. What never happens here: looking at a request's meaning, or
ending a connection whose whole request is being answered.
"""

import asyncio
import resource
from contextlib import suppress
from typing import Any, Final

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from backroom.observe.log import Seldom, get_log

HEAD_SECONDS: Final = 10.0
"""From a connection's begin, or from a later request's first byte, to the end of its headers."""
BODY_SECONDS: Final = 15.0
"""From the end of the headers to the end of the body. The webhook's door answers 408 before, at ten."""
HEAD_BYTES: Final = 64 * 1024
MOST_CONNECTIONS: Final = 4096

_TOO_LONG: Final = b'{"error":"the headers are too long"}'
_TOO_LONG_HEADERS: Final = (
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_TOO_LONG)).encode()),
    (b"connection", b"close"),
)
_TOO_LONG_ANSWER: Final = b"\r\n".join(
    (
        b"HTTP/1.1 431 Request Header Fields Too Large",
        *(b": ".join(pair) for pair in _TOO_LONG_HEADERS),
        b"",
        _TOO_LONG,
    )
)


class Limits:
    """The limits of one server, and which of its connections could be spared."""

    def __init__(
        self,
        *,
        connections: int = MOST_CONNECTIONS,
        head_seconds: float = HEAD_SECONDS,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self.connections = connections
        self.head_seconds = head_seconds
        self.body_seconds = body_seconds
        self.quiet: dict[LimitedProtocol, None] = {}
        """The connections that have no whole request to be answered, the longest quiet first."""
        self._seldom = Seldom()
        self._log = get_log("web.server")

    def tell(self, reason: str) -> None:
        """Logs that a connection was ended, at most once a second a reason; `suppressed` counts the rest."""
        held = self._seldom.pass_on(reason)
        if held is not None:
            self._log.warning("connection.ended", reason=reason, suppressed=held)


class LimitedProtocol(HttpToolsProtocol):
    """One connection. `protocol_within` gives it its limits."""

    limits: Limits

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._whole = True
        self._unread = 0
        """Bytes since the parser last gave out something whole: headers, a piece of body, a message."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        limits = self.limits
        limits.quiet[self] = None
        self._await(limits.head_seconds)
        if len(self.connections) > limits.connections:
            next(iter(limits.quiet)).end("crowded")

    def connection_lost(self, exc: Exception | None) -> None:
        self.limits.quiet.pop(self, None)
        self._call_off()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        super().data_received(data)
        if self._unread > HEAD_BYTES:
            self._refuse_head()
        elif self._unread:
            self._await(self.limits.head_seconds)
        elif not self._whole:
            self._await(self.limits.body_seconds)
        elif self._deadline is not None:
            self._call_off()

    def on_headers_complete(self) -> None:
        if self._unread > HEAD_BYTES and self._head_bytes() > HEAD_BYTES:
            # All in one read, so that data_received could not see it coming.
            self.limits.tell("head_too_long")
            self.app = _answer_too_long
        self._unread = 0
        self._whole = False
        if self._deadline is not None:
            self._call_off()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        self._whole = True
        super().on_message_complete()
        if not self.cycle.response_complete:
            self.limits.quiet.pop(self, None)
        elif self.timeout_keep_alive_task is None:
            # Answered before its body had come: uvicorn would now wait for ever.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self.limits.quiet[self] = None

    def end(self, reason: str) -> None:
        """Ends the connection now, whatever it still has to send."""
        self.limits.quiet.pop(self, None)
        self.limits.tell(reason)
        self.transport.abort()

    def _await(self, seconds: float) -> None:
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(seconds, self.end, "slow")

    def _call_off(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _refuse_head(self) -> None:
        if self.transport.is_closing():
            return
        if self not in self.limits.quiet:
            # An earlier request's answer is still on its way: another one would be taken for it.
            self.end("head_too_long")
            return
        self.limits.tell("head_too_long")
        self.transport.write(_TOO_LONG_ANSWER)
        self.transport.close()


def protocol_within(limits: Limits) -> type[asyncio.Protocol]:
    """The protocol for uvicorn's `http` setting."""
    return type("ProtocolWithinLimits", (LimitedProtocol,), {"limits": limits})


def raise_open_files() -> int:
    """Takes all the open files that the system grants; how many connections may use of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        # Some systems promise more than they give; then it stays as it was.
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(MOST_CONNECTIONS, soft * 4 // 5)


async def _answer_too_long(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 431, "headers": list(_TOO_LONG_HEADERS)})
    await send({"type": "http.response.body", "body": _TOO_LONG})
