"""Brings the inbox's answers from its writer's thread back to the event loop that waits for them.

One wake-up of the loop for a whole batch: each costs a system call, and a batch answers up to 256 at once.
"""

import asyncio
from collections import deque

from backroom.vocabulary.errors import BackroomError

Answer = bool | BackroomError
"""True: stored. False: stored before. Or why not."""


class Answers:
    """The answers on their way to one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[tuple[asyncio.Future[Answer], Answer]] = deque()
        self._woken = False

    def deliver(self, future: "asyncio.Future[Answer]", answer: Answer) -> None:
        """Called from the writer's thread."""
        self._waiting.append((future, answer))
        # Put down before the look: a drain that lowers the flag in between finds it.
        if not self._woken:
            self._woken = True
            self._wake()

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            # The loop was closed by force, and nobody waits any more. The rows are stored.
            self._waiting.clear()

    def _drain(self) -> None:
        self._woken = False
        while self._waiting:
            future, answer = self._waiting.popleft()
            if not future.done():
                future.set_result(answer)
