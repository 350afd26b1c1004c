"""What a fault holds back: it leaves after its seconds, after enough others passed it, or at a flush.

Lives on the courier's event loop alone. What never happens here: something is held for ever; it is there
when nothing else comes any more, too.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class _Held:
    release: Callable[[], None]
    number: int
    passed_by: int
    """0: it waits for its seconds alone."""
    passers: set[int] = field(default_factory=set)
    """The numbers: a retry or a duplicate of one that passed does not pass again."""


class HoldingBay:
    """See the module."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._held: dict[_Held, asyncio.TimerHandle] = {}
        self._passable: dict[_Held, None] = {}

    def hold(
        self, release: Callable[[], None], *, seconds: float, number: int = 0, passed_by: int = 0
    ) -> None:
        """Calls `release` after so many seconds, or as soon as `passed_by` greater numbers have passed."""
        held = _Held(release, number, passed_by)
        self._held[held] = self._loop.call_later(seconds, self._let_go, held)
        if passed_by:
            self._passable[held] = None

    def passed(self, number: int) -> None:
        """Parcel `number` was at the receiver's door."""
        for held in list(self._passable):
            if number > held.number:
                held.passers.add(number)
                if len(held.passers) == held.passed_by:
                    self._let_go(held)

    def flush(self) -> None:
        """Lets everything go, in the order it came."""
        for held in list(self._held):
            self._let_go(held)

    def close(self) -> None:
        """Holds nothing any more, and lets nothing go."""
        for timer in self._held.values():
            timer.cancel()
        self._held.clear()
        self._passable.clear()

    def _let_go(self, held: _Held) -> None:
        self._held.pop(held).cancel()
        self._passable.pop(held, None)
        held.release()
