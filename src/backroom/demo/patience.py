"""Waiting: for conditions, with an eye on the processes that they depend on, and on Ctrl-C.

Enters: conditions, and signals (Ctrl-C, SIGTERM, a terminal that is closed). Leaves: `Stopped`, at the next
look and never in the middle of a step. What never happens here: an interrupt that leaves a process unknown.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, TypeVar

from backroom.vocabulary.errors import BackroomError

T = TypeVar("T")
LOOK_SECONDS: Final = 0.05
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoFailed(BackroomError):
    """The demo can't go on; the message says which part failed, and what it said last."""


class Stopped(Exception):
    """Somebody asked for the end."""


class Patience:
    """See the module. `watched` are asked at each look, and raise where a process has died."""

    def __init__(self) -> None:
        self.watched: list[Callable[[], None]] = []
        # A plain attribute: an Event's lock may be held by the very code that a signal interrupts.
        self._asked = False

    @contextmanager
    def catching_signals(self) -> Iterator[None]:
        """Signals only ask for the end, until the block has ended: cleaning up is not disturbed."""
        before: dict[signal.Signals, Any] = {}
        for number in SIGNALS:
            # What whoever started us ignores (nohup), stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, self._ask)
        try:
            yield
        finally:
            for caught, handler in before.items():
                signal.signal(caught, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True

    def look(self) -> None:
        """Raises Stopped, and DemoFailed where a process that is watched has died."""
        if self._asked:
            raise Stopped
        for check in self.watched:
            check()

    def rest(self, seconds: float) -> None:
        """Waits, looking about meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.look()
            time.sleep(min(LOOK_SECONDS, left))
        self.look()

    def until(self, condition: Callable[[], T | None], what: str, seconds: float) -> T:
        """The first truthy answer. Raises DemoFailed, naming `what` did not come, after so many seconds."""
        deadline = time.monotonic() + seconds
        while not (answer := condition()):
            self.look()
            if time.monotonic() > deadline:
                raise DemoFailed(f"this did not come within {seconds:g} seconds: {what}")
            time.sleep(LOOK_SECONDS)
        return answer
