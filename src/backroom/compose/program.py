"""What both programs that stay need of their process: signals that only ask, and no pause for old garbage.

Enters: what is to be done once a signal comes. Leaves: the process as it was. What never happens here: an end
of the process.
"""

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def signals_caught(stop: Callable[[], object]) -> Iterator[None]:
    """SIGTERM and SIGINT call `stop` and nothing else.

    uvicorn has its own handlers while it runs, and raises the signal again after its orderly end: without
    these, that would kill the process before its children are stopped.
    """

    def caught(_signal: int, _frame: FrameType | None) -> None:
        stop()

    before: dict[int, Any] = {
        number: signal.signal(number, caught) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def forget_garbage_of_starting() -> None:
    """Takes all that the imports made out of the collector's sight: looking it through again and again, 60 ms
    at a time with everybody waiting, was what the slowest receipts waited for."""
    gc.collect()
    gc.freeze()
