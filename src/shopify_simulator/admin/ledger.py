"""Counts what was asked of the Admin API and what became of it, so that tests can judge a client.

What never happens here: an effect on an answer.
"""

import threading
from collections.abc import Callable
from typing import Final

from shopify_simulator.admin.bucket import Level

COUNTS: Final = (
    "asked", "answered", "throttled", "throttled_avoidably", "throttled_by_fault", "too_dear", "refused",
    "failed_by_fault", "points", "points_requested", "points_drained", "grants", "grants_refused",
    "downloads",
)  # fmt: skip


class Ledger:
    """See the module. Fit for several threads; `clock` gives monotonic seconds.

    A throttled request counts as avoidable where its client could have reckoned so: it had been told of such
    a cost, and what it was told last of the bucket, plus what came back since, less what its other requests
    on their way took, is less than that.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Everything from zero."""
        with self._lock:
            self._counts = dict.fromkeys(COUNTS, 0.0)
            self._told: tuple[Level, float] | None = None
            self._since_told = 0.0
            self._known: set[float] = set()
            self._first: float | None = None
            self._last: float | None = None

    def count(self, name: str, by: float = 1) -> None:
        with self._lock:
            self._counts[name] += by

    def asked(self) -> None:
        """A request for GraphQL arrived."""
        with self._lock:
            self._counts["asked"] += 1
            self._last = self._clock()
            self._first = self._last if self._first is None else self._first

    def taken(self, points: float) -> None:
        """Its requested cost was taken out of the bucket."""
        with self._lock:
            self._counts["points_requested"] += points
            self._since_told += points

    def answered(self, points: float, level: Level, *, taken: float, heard: bool = True) -> None:
        """It was answered; its client is told what the bucket holds, unless the answer breaks off."""
        with self._lock:
            self._counts["answered"] += 1
            self._counts["points"] += points
            self._last = self._clock()
            if heard:
                self._tell(level, taken)
            else:
                self._since_told -= taken - points

    def throttled(self, points: float, level: Level, *, by_fault: bool = False, heard: bool = True) -> None:
        with self._lock:
            self._counts["throttled"] += 1
            if by_fault:
                self._counts["throttled_by_fault"] += 1
            elif self._was_avoidable(points):
                self._counts["throttled_avoidably"] += 1
            if heard:
                self._tell(level, points)

    def _tell(self, level: Level, cost: float) -> None:
        self._known.add(cost)
        # What is on its way was taken from the level already.
        self._told, self._since_told = (level, self._clock()), 0.0

    def _was_avoidable(self, points: float) -> bool:
        if self._told is None or points not in self._known:
            return False
        level, at = self._told
        back = (self._clock() - at) * level.rate
        return min(level.maximum, level.available + back) - self._since_told < points

    def sheet(self) -> dict[str, float]:
        """The counts; `seconds` from the first request to the last one's answer."""
        with self._lock:
            seconds = 0.0 if self._first is None or self._last is None else self._last - self._first
            return {**self._counts, "seconds": seconds}
