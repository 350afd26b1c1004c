"""Reads a webhook's body from a sender who is not known yet: with a size, a deadline, and a share of memory.

Leaves: the whole body, as received. What never happens here: waiting longer than the deadline, or holding
more than the budget allows, whatever is sent and however slowly.
"""

import asyncio
from typing import Final, Literal

from starlette.types import Message, Receive

from backroom.ingress.receive import LARGEST_BODY_BYTES, TOO_LARGE, Refusal

READ_SECONDS: Final = 10.0
SMALL_BYTES: Final = 256 * 1024
"""Bodies up to this size have a budget of their own: large ones can not crowd them out."""
UNVERIFIED_BYTES: Final = 64 * 1024 * 1024
"""All small ones together, and all larger ones, until they are verified: anybody can send them."""

SLOW: Final = Refusal(408, "slow", "the body did not come in time")
CROWDED: Final = Refusal(503, "unavailable", "too many bodies are on their way in; try again")


class Gone(Exception):
    """The sender hung up."""


class Unfinished(Exception):
    """The body is refused before its end."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.outcome)
        self.refusal = refusal


class BodyReader:
    """The bodies on their way in, over one event loop."""

    def __init__(self, *, seconds: float = READ_SECONDS, budget_bytes: int = UNVERIFIED_BYTES) -> None:
        self._seconds = seconds
        self._left = {"small": budget_bytes, "large": budget_bytes}

    async def read(self, receive: Receive) -> tuple[bytes, int]:
        """The body, and the bytes to `release` once it is verified. Raises Unfinished or Gone."""
        deadline = _Deadline(self._seconds)
        try:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                body: bytes = message.get("body", b"")
                _check_size(body)
                return body, 0
            return await self._read_on(message, receive)
        except asyncio.CancelledError:
            if deadline.is_over():
                raise Unfinished(SLOW) from None
            raise
        finally:
            deadline.call_off()

    def release(self, held: int) -> None:
        """Gives back what `read` held."""
        self._left[_size_of(held)] += held

    async def _read_on(self, message: Message, receive: Receive) -> tuple[bytes, int]:
        body = bytearray()
        held = 0
        try:
            while True:
                if message["type"] == "http.disconnect":
                    raise Gone
                body += message.get("body", b"")
                _check_size(body)
                self.release(held)
                held = 0
                held = self._hold(len(body))
                if not message.get("more_body"):
                    return bytes(body), held
                message = await receive()
        except BaseException:
            self.release(held)
            raise

    def _hold(self, size: int) -> int:
        budget = _size_of(size)
        if size > self._left[budget]:
            raise Unfinished(CROWDED)
        self._left[budget] -= size
        return size


class _Deadline:
    """Cancels the running task after some seconds: `asyncio.timeout` at a fifth of its price, per receipt."""

    __slots__ = ("_handle", "_passed", "_task")

    def __init__(self, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._passed = False
        self._handle = task.get_loop().call_later(seconds, self._pass)

    def _pass(self) -> None:
        self._passed = True
        self._task.cancel()

    def is_over(self) -> bool:
        """Whether the cancellation was the deadline's, and nobody else's too."""
        return self._passed and self._task.uncancel() == 0

    def call_off(self) -> None:
        self._handle.cancel()


def _size_of(held: int) -> Literal["small", "large"]:
    return "small" if held <= SMALL_BYTES else "large"


def _check_size(body: bytes | bytearray) -> None:
    if len(body) > LARGEST_BODY_BYTES:
        raise Unfinished(TOO_LARGE)
