"""The load generator, a process of its own: signed requests made beforehand, sent over kept connections.

Enters on stdin: an `Order` as JSON. Leaves on stdout: what came of it. It speaks just enough HTTP: one
request at a time on each connection, an answer with a Content-Length.
"""

import asyncio
import gc
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import uvloop

from bench.programs import Address
from bench.requests import shop_life, updates

TICK_SECONDS: Final = 0.001
PATIENCE_SECONDS: Final = 120.0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. Without a rate: as fast as answers come. With one: by the clock, whatever comes back.

    `warm` requests more are sent first, and not measured. `behind`: see `shop_life`; 0 sends updates only.
    """

    address: Address
    count: int
    connections: int
    warm: int = 0
    rate: float | None = None
    behind: int = 0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Latencies in ms; with a rate they count from when a request was due."""

    seconds: float
    latencies: list[float]
    answered: dict[str, float]
    """Webhook id -> the instant of its 200, in seconds since 1970."""
    refused: int
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def send(order: Order) -> Outcome:
    """Runs the generator as a child process."""
    # Into a file: what came through a pipe was cut at the pipe's 64 KB now and then.
    with tempfile.TemporaryFile() as said:
        subprocess.run(
            [sys.executable, "-m", "bench.load"],
            input=msgspec.json.encode(order),
            stdout=said,
            check=True,
        )
        said.seek(0)
        return msgspec.json.decode(said.read(), type=Outcome)


class Request:
    """One request on its way. `due` is by `perf_counter`."""

    __slots__ = ("due", "raw", "webhook_id")

    def __init__(self, webhook_id: str, raw: bytes) -> None:
        self.webhook_id = webhook_id
        self.raw = raw
        self.due = 0.0


class Connection(asyncio.Protocol):
    """One connection; carries one request at a time."""

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd = crowd
        self._transport: Any = None
        self._request: Request | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def carry(self, request: Request) -> None:
        self._request = request
        self._transport.write(request.raw)

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length_in(head):
            return
        self._received = b""
        request, self._request = self._request, None
        assert request is not None
        self._crowd.finished(self, request, head.startswith(b"HTTP/1.1 200"))

    def connection_lost(self, error: Exception | None) -> None:
        if self._request is not None:
            self._crowd.broken(error)

    def close(self) -> None:
        self._transport.close()


class Crowd:
    """All connections, and the requests still to be sent."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self._idle: deque[Connection] = deque()
        self._queue: deque[Request] = deque()
        self._left = 0
        self._done: asyncio.Future[None] | None = None
        self._begin()

    def _begin(self) -> None:
        self.latencies: list[float] = []
        self.answered: dict[str, float] = {}
        self.refused = 0

    async def open(self, address: Address, number: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(number):
            _, connection = await loop.create_connection(lambda: Connection(self), *address)
            self.connections.append(connection)
        self._idle.extend(self.connections)

    async def run(self, requests: Sequence[Request], rate: float | None) -> float:
        """Sends them all, and waits for the answers; how many seconds it took."""
        self._begin()
        self._left = len(requests)
        self._done = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        if rate is None:
            self._queue.extend(requests)
            self._send()
        else:
            await self._send_by_the_clock(requests, rate, started)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._done
        return time.perf_counter() - started

    async def _send_by_the_clock(self, requests: Sequence[Request], rate: float, started: float) -> None:
        sent = 0
        while sent < len(requests):
            due = min(len(requests), int((time.perf_counter() - started) * rate) + 1)
            for number in range(sent, due):
                requests[number].due = started + number / rate
                self._queue.append(requests[number])
            sent = due
            self._send()
            await asyncio.sleep(TICK_SECONDS)

    def _send(self) -> None:
        while self._queue and self._idle:
            request = self._queue.popleft()
            request.due = request.due or time.perf_counter()
            self._idle.popleft().carry(request)

    def finished(self, connection: Connection, request: Request, good: bool) -> None:
        self.latencies.append((time.perf_counter() - request.due) * 1000)
        if good:
            self.answered[request.webhook_id] = time.time()
        else:
            self.refused += 1
        self._left -= 1
        self._idle.append(connection)
        self._send()
        if self._left == 0 and self._done is not None and not self._done.done():
            self._done.set_result(None)

    def broken(self, error: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error or ConnectionError("the server hung up"))


def _length_in(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])


async def _carry_out(order: Order, requests: Sequence[Request]) -> Outcome:
    crowd = Crowd()
    await crowd.open(order.address, order.connections)
    if order.warm:
        await crowd.run(requests[: order.warm], None)
    before = time.process_time()
    seconds = await crowd.run(requests[order.warm :], order.rate)
    cpu = time.process_time() - before
    for connection in crowd.connections:
        connection.close()
    return Outcome(
        seconds=seconds,
        latencies=crowd.latencies,
        answered=crowd.answered if order.rate else {},
        refused=crowd.refused,
        cpu_seconds=cpu,
    )


def main() -> None:
    """One order in, its outcome out."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    number = order.warm + order.count
    made = shop_life(number, order.behind) if order.behind else updates(number)
    requests = [Request(webhook_id, raw) for webhook_id, raw in made]
    gc.freeze()
    gc.disable()
    outcome = uvloop.run(_carry_out(order, requests))
    sys.stdout.buffer.write(msgspec.json.encode(outcome))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
