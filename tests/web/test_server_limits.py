"""The server's own limits, over real sockets: what a sender without any token may take."""

import asyncio
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backroom.web.body import BodyReader, Unfinished
from backroom.web.server import HEAD_BYTES, MOST_CONNECTIONS, Limits, protocol_within, raise_open_files
from tests.web import front

TIMEOUT_SECONDS = 20.0
SHORT_SECONDS = 0.3
ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without reading the body, as one does who misses a token."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Slow:
    """An application that answers when it is let."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        await asyncio.to_thread(self.let.wait, TIMEOUT_SECONDS)
        await answer(scope, receive, send)


def listening(limits: Limits, app: ASGIApp = answer) -> AbstractContextManager[tuple[str, int]]:
    """The limits on a real server in a thread."""
    return front.listening(app, lifespan="off", http=protocol_within(limits), access_log=True)


@contextmanager
def connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=TIMEOUT_SECONDS) as sender:
        yield sender


def heard(sender: socket.socket) -> bytes:
    """All until the other side ends the connection."""
    text = b""
    try:
        while chunk := sender.recv(65536):
            text += chunk
    except ConnectionResetError:
        pass
    return text


def asked(sender: socket.socket) -> bytes:
    """The answer to a whole request, on a connection that stays."""
    sender.sendall(ASK)
    text = b""
    while not text.endswith(b"ok") and (chunk := sender.recv(65536)):
        text += chunk
    return text


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: ", b"\r\n"])
def test_a_connection_that_never_sends_whole_headers_is_ended(begun: bytes) -> None:
    with listening(Limits(head_seconds=SHORT_SECONDS)) as address, connected(address) as sender:
        sender.sendall(begun)
        assert heard(sender) == b""


def test_a_later_request_has_the_same_deadline_and_an_idle_connection_has_not() -> None:
    limits = Limits(head_seconds=SHORT_SECONDS)
    with listening(limits) as address, connected(address) as idle, connected(address) as sender:
        assert asked(idle).startswith(b"HTTP/1.1 200")
        assert asked(sender).startswith(b"HTTP/1.1 200")
        sender.sendall(b"GET / HT")
        assert heard(sender) == b""
        assert asked(idle).startswith(b"HTTP/1.1 200")


def test_a_body_that_goes_on_after_its_answer_is_ended() -> None:
    limits = Limits(body_seconds=SHORT_SECONDS)
    with listening(limits) as address, connected(address) as sender:
        sender.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
        assert heard(sender).endswith(b"ok")


def test_an_answer_may_take_longer_than_the_deadlines() -> None:
    app = Slow()
    limits = Limits(head_seconds=SHORT_SECONDS, body_seconds=SHORT_SECONDS)
    with listening(limits, app) as address, connected(address) as waits, connected(address) as ended:
        waits.sendall(ASK)
        assert app.asked.wait(TIMEOUT_SECONDS)
        assert heard(ended) == b""
        app.let.set()
        assert waits.recv(65536).startswith(b"HTTP/1.1 200")


def test_headers_that_do_not_end_are_431() -> None:
    with listening(Limits()) as address, connected(address) as sender:
        sender.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * HEAD_BYTES)
        assert heard(sender).startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


def test_many_short_headers_are_431_too() -> None:
    with listening(Limits()) as address, connected(address) as sender:
        sender.sendall(b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * (HEAD_BYTES // 8 + 1))
        assert heard(sender).startswith(b"HTTP/1.1 431 ")


def test_headers_that_end_too_late_are_431_however_they_arrive() -> None:
    with listening(Limits()) as address, connected(address) as sender:
        sender.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * HEAD_BYTES + b"\r\n\r\n")
        assert heard(sender).startswith(b"HTTP/1.1 431 ")


def test_a_chunked_bodys_trailers_end_too() -> None:
    with listening(Limits()) as address, connected(address) as sender:
        sender.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        assert sender.recv(65536).startswith(b"HTTP/1.1 200")
        sender.sendall(b"X-Long: " + b"x" * (2 * HEAD_BYTES))
        assert b"HTTP/1.1 200" not in heard(sender)


def test_a_large_body_is_no_long_header() -> None:
    body = b"x" * (20 * HEAD_BYTES)
    with listening(Limits()) as address, connected(address) as sender:
        sender.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert sender.recv(65536).startswith(b"HTTP/1.1 200")
        assert asked(sender).endswith(b"ok")


def test_of_too_many_connections_the_longest_idle_one_is_ended() -> None:
    with listening(Limits(connections=3)) as address, ExitStack() as stack:
        first, second, third = (stack.enter_context(connected(address)) for _ in range(3))
        for sender in (second, third, first):
            assert asked(sender).endswith(b"ok")
        late = stack.enter_context(connected(address))
        assert heard(second) == b""
        for sender in (third, first, late):
            assert asked(sender).endswith(b"ok")


def test_a_whole_request_is_never_ended_for_a_new_connection() -> None:
    app = Slow()
    with listening(Limits(connections=1), app) as address, connected(address) as waits:
        waits.sendall(ASK)
        assert app.asked.wait(TIMEOUT_SECONDS)
        with connected(address) as late:
            assert heard(late) == b""
        app.let.set()
        assert waits.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_sender_with_a_request_is_heard_among_hundreds_that_are_silent() -> None:
    with listening(Limits(connections=50)) as address, ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connected(address))
        assert asked(stack.enter_context(connected(address))).endswith(b"ok")


def test_serve_takes_all_open_files_that_it_may() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    hard = before[1]
    lower = min(256, before[0]) if before[0] > 0 else 256
    resource.setrlimit(resource.RLIMIT_NOFILE, (lower, hard))
    try:
        allowed = raise_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
        assert 0 < allowed <= MOST_CONNECTIONS
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def sender_of(*pieces: bytes, ends: bool) -> Receive:
    """Gives the pieces of a body, and then its end or nothing more."""
    left = list(pieces)

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left) or not ends}

    return receive


@pytest.mark.parametrize("held", [1_000, 400_000])
def test_bodies_that_are_not_verified_yet_share_a_budget(held: int) -> None:
    async def play() -> None:
        reader = BodyReader(budget_bytes=held)
        body, share = await reader.read(sender_of(b"x" * (held - 1), b"x", ends=True))
        assert len(body) == share == held
        with pytest.raises(Unfinished, match="unavailable"):
            await reader.read(sender_of(b"x" * (held - 1), b"x", ends=True))
        reader.release(share)
        assert await reader.read(sender_of(b"x" * (held - 1), b"x", ends=True)) == (body, share)

    asyncio.run(play())


def test_large_bodies_do_not_crowd_small_ones_out() -> None:
    async def play() -> None:
        reader = BodyReader(budget_bytes=400_000)
        await reader.read(sender_of(b"x" * 399_999, b"x", ends=True))
        assert await reader.read(sender_of(b"x", b"y", ends=True)) == (b"xy", 2)

    asyncio.run(play())


def test_a_body_that_is_never_ended_gives_its_share_back() -> None:
    async def play() -> None:
        reader = BodyReader(seconds=0.05, budget_bytes=300_000)
        for pieces in ((b"x" * 200_000,), (b"x" * 200_000, b"x" * 100_000)):
            for _ in range(3):
                with pytest.raises(Unfinished, match="slow"):
                    await reader.read(sender_of(*pieces, ends=False))

    asyncio.run(play())
