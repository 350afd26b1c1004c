"""Waiting: for conditions, with an eye on the processes that they depend on, and on Ctrl-C.

Enters: conditions, and signals (Ctrl-C, SIGTERM, a terminal that is closed). Leaves: `Stopped`, at the next
look and never in the middle of a step. What never happens here: an interrupt that leaves a process unknown.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, TypeVar

from backroom.vocabulary.errors import BackroomError

T = TypeVar("T")
LOOK_SECONDS: Final = 0.05
STILL_SECONDS: Final = 30.0
"""Where nothing has changed for so long, nothing will."""
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoFailed(BackroomError):
    """The demo can't go on; the message says which part failed, and what it said last."""


class Overdue(DemoFailed):
    """Something did not come."""


class Stopped(Exception):
    """Somebody asked for the end."""


class Patience:
    """See the module. `watched` are asked at each look, and raise where a process has died."""

    def __init__(self, still_seconds: float = STILL_SECONDS) -> None:
        self.watched: list[Callable[[], None]] = []
        self._still_seconds = still_seconds
        # A plain attribute: an Event's lock may be held by the very code that a signal interrupts.
        self._asked = False

    @contextmanager
    def catching_signals(self) -> Iterator[None]:
        """In the block signals only ask for the end, so that cleaning up is not disturbed.

        After it they are ignored until the process ends: what is left to do is to say what came out.
        """
        # What whoever started us ignores (nohup), stays ignored.
        caught = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        for number in caught:
            signal.signal(number, self._ask)
        try:
            yield
        finally:
            for number in caught:
                signal.signal(number, signal.SIG_IGN)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.ask_to_stop()

    def ask_to_stop(self) -> None:
        """As a signal does."""
        self._asked = True

    def stop_if_asked(self) -> None:
        """Raises Stopped where somebody asked for the end: what failed since then is a part of it."""
        if self._asked:
            raise Stopped

    def look(self) -> None:
        """Raises Stopped, and DemoFailed where a process that is watched has died."""
        self.stop_if_asked()
        for check in self.watched:
            check()

    def rest(self, seconds: float) -> None:
        """Waits, looking about meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.look()
            time.sleep(min(LOOK_SECONDS, left))
        self.look()

    def until(
        self,
        condition: Callable[[], T | None],
        what: str,
        seconds: float,
        signs: Callable[[], object] | None = None,
    ) -> T:
        """The first truthy answer. Raises Overdue, naming `what` did not come, after so many seconds.

        `signs`: what changes while it may still come; Overdue is raised early where that stands still.
        """
        deadline = time.monotonic() + seconds
        seen, since = object(), 0.0
        while not (answer := condition()):
            self.look()
            now = time.monotonic()
            if now > deadline:
                raise Overdue(f"this did not come within {seconds:g} seconds: {what}")
            if signs is not None:
                before, seen = seen, signs()
                since = since if seen == before else now
                if now - since > self._still_seconds:
                    raise Overdue(
                        f"{what}: this did not come, and nothing changes for {now - since:.0f} seconds"
                    )
            time.sleep(LOOK_SECONDS)
        return answer
