"""The leaky bucket of points, one per shop and app. A requested cost enters, and fits or does not.

What never happens here: a number that is not exact, but for `available` being shown in whole points, rounded
down: whoever reckons with it never reckons with too much.

Source: shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

PLANS: Final = {
    "standard": (2_000.0, 100.0),
    "advanced": (4_000.0, 200.0),
    "plus": (20_000.0, 1_000.0),
    "enterprise": (40_000.0, 2_000.0),
}
"""By plan: the most points, and how many come back a second. The rates are documented; the most is not, and
twenty times the rate is what is mostly seen."""

STANDARD: Final = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What the bucket holds. `fits`: whether what was asked for was taken out of it."""

    maximum: float
    rate: float
    available: float
    overflown: float
    """How many points did not come back, because the bucket was full."""
    fits: bool = True


class Bucket:
    """See the module. Fit for several threads; `clock` gives monotonic seconds."""

    def __init__(self, maximum: float, rate: float, clock: Callable[[], float]) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._set(maximum, rate)

    def resize(self, maximum: float, rate: float) -> None:
        """Another plan; the bucket is full again."""
        with self._lock:
            self._set(maximum, rate)

    def _set(self, maximum: float, rate: float) -> None:
        if not (maximum > 0 and rate > 0):
            raise ValueError("maximum and rate: are more than 0")
        self._maximum, self._rate = maximum, rate
        self._available, self._at, self._overflown = maximum, self._clock(), 0.0

    def take(self, points: float) -> Level:
        """Takes so many points, or none where they are not there."""
        with self._lock:
            self._restore()
            fits = points <= self._available
            if fits:
                self._available -= points
            return self._level(fits=fits)

    def give_back(self, points: float) -> Level:
        """What was taken too much."""
        with self._lock:
            self._restore()
            self._available = min(self._maximum, self._available + points)
            return self._level(fits=True)

    def drain(self) -> float:
        """Takes all, as another copy of the app may do; how much that was."""
        with self._lock:
            self._restore()
            drained, self._available = self._available, 0.0
            return drained

    def look(self) -> Level:
        return self.give_back(0)

    def _level(self, *, fits: bool) -> Level:
        return Level(
            maximum=self._maximum,
            rate=self._rate,
            available=self._available,
            overflown=self._overflown,
            fits=fits,
        )

    def _restore(self) -> None:
        now = self._clock()
        restored = self._available + (now - self._at) * self._rate
        self._available = min(self._maximum, restored)
        self._overflown += restored - self._available
        self._at = now
