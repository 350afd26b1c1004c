"""A receiver of webhooks on loopback, with scripted answers: a real socket, and as little HTTP as that needs.

What never happens here: a judgement about a delivery. Tests look at what was received.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Self

TRICKLE_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request; the names of its headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def webhook_id(self) -> str:
        return self.headers["x-shopify-webhook-id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request gets."""

    status: int = 200
    location: str | None = None
    closes: bool = False
    """The connection is closed, without an answer."""
    waits: bool = False
    """Nothing is answered until `Receiver.release`."""
    trickles: bool = False
    """The head comes at once, the body byte by byte and never whole."""


Script = Callable[[Received], Answer]
OK: Final = Answer()


class Receiver:
    """See the module. `script` may be exchanged at any time."""

    def __init__(self, script: Script = lambda received: OK) -> None:
        self.script = script
        self.received: list[Received] = []
        self.at_once = 0
        self.most_at_once = 0
        self.url = ""
        self._connections = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def release(self) -> None:
        """Those that wait get their answers, and nobody waits from now on."""
        self._loop.call_soon_threadsafe(self._released.set)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping, self._released = asyncio.Event(), asyncio.Event()
        self._talks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        self._connections += 1
        number = self._connections
        try:
            while await self._exchange(reader, writer, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(task)
            writer.close()

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        received = Received(path=request.split(" ")[1], headers=headers, body=body, connection=connection)
        self.received.append(received)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._answer(self.script(received), writer)
        finally:
            self.at_once -= 1

    async def _answer(self, answer: Answer, writer: asyncio.StreamWriter) -> bool:
        if answer.closes:
            return False
        if answer.waits:
            await self._released.wait()
        location = "" if answer.location is None else f"Location: {answer.location}\r\n"
        length = 1_000_000 if answer.trickles else 0
        writer.write(f"HTTP/1.1 {answer.status} X\r\n{location}Content-Length: {length}\r\n\r\n".encode())
        await writer.drain()
        while answer.trickles:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(TRICKLE_SECONDS)
        return True
