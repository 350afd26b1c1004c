"""A shop's points: how long to wait until a query fits, from what the last answer said. No HTTP here.

Shopify keeps a bucket per app and shop: a query is let in when its requested cost is there, what it did not
use is given back, and the bucket fills at the plan's rate. Sizes and rates differ and change, so nothing is
known before the first answer, and each answer is the truth anew: other processes drink from the same bucket.
Source: shopify.dev/docs/api/usage/limits (2026-10).
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backroom.shopify.answers import Cost
from backroom.vocabulary.errors import MaxCostExceeded

MARGIN_POINTS = 1.0
"""Shopify may round what it says: so much is not counted on."""
ROUNDING_POINTS = 0.01
"""A sum of floats: less than this is nothing, or it would be slept for without end."""
CROWDED_SECONDS = 0.05
"""Between looks while other threads' answers are on their way, each of which may say that there is more."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a query's requested cost depends on: its text, and the number or the list that says how much."""

    document: str
    size: int

    @classmethod
    def of(cls, document: str, variables: Mapping[str, Any]) -> "Kind":
        sizes = [
            len(value) if isinstance(value, list | tuple) else value
            for value in variables.values()
            if isinstance(value, int | list | tuple)
        ]
        return cls(document, max(sizes, default=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What an answer said, and when (monotonic seconds)."""

    available: float
    maximum: float
    restore_rate: float
    at: float


class Throttle:
    """One per shop. Threads share it: they are let through one after the other, in the order they came."""

    def __init__(self, monotonic: Callable[[], float], sleep: Callable[[float], object]) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._turnstile = threading.Lock()
        self._level: Level | None = None
        self._in_flight = 0.0
        self._flying = 0
        self._costs: dict[str, dict[int, float]] = {}

    def enter(self, kind: Kind) -> float:
        """Waits until a query of this kind fits; the points to hand back to `leave`.

        What was asked in another size is reckoned from that; a document that was never asked is let through
        at once. Raises MaxCostExceeded for what the whole bucket is known not to hold.
        """
        with self._turnstile:
            while (seconds := self._seconds_until(kind)) > 0:
                self._sleep(seconds)
            with self._lock:
                points = self._expected(kind)
                self._in_flight += points
                self._flying += 1
            return points

    def leave(self, kind: Kind, points: float, cost: Cost | None) -> None:
        """The query was answered (with its cost, if that was said), or failed."""
        with self._lock:
            self._in_flight -= points
            self._flying -= 1
            if cost is None:
                return
            if cost.requested is not None:
                self._costs.setdefault(kind.document, {})[kind.size] = cost.requested
            if cost.available is not None and cost.maximum is not None and cost.restore_rate:
                self._level = Level(
                    available=cost.available,
                    maximum=cost.maximum,
                    restore_rate=cost.restore_rate,
                    at=self._monotonic(),
                )

    def knows(self, kind: Kind) -> bool:
        """Whether `enter` can tell how long a query of this kind has to wait."""
        with self._lock:
            return self._level is not None and self._expected(kind) > 0

    def _expected(self, kind: Kind) -> float:
        """The requested cost, as it was told or as the nearest size suggests; 0 where nothing is known."""
        known = self._costs.get(kind.document, {})
        if not known or kind.size in known:
            return known.get(kind.size, 0.0)
        nearest = min(known, key=lambda size: abs(size - kind.size))
        # A part of a cost does not grow with the size: somewhat more than the proportion.
        guess = known[nearest] * (kind.size / nearest if nearest else 1.0) * 1.1 + 5
        return min(guess, self._level.maximum) if self._level is not None else guess

    def _seconds_until(self, kind: Kind) -> float:
        with self._lock:
            level, points = self._level, self._expected(kind)
            if level is None or not points:
                return 0.0
            if points > level.maximum:
                raise MaxCostExceeded(points, level.maximum)
            elapsed = self._monotonic() - level.at
            filled = min(level.maximum, level.available + elapsed * level.restore_rate)
            # Answers on their way may be counted in what the last one said, or not: until they are here, not.
            wanted = min(points + MARGIN_POINTS, level.maximum)
            missing = wanted - (filled - self._in_flight)
            if missing <= ROUNDING_POINTS or (not self._flying and filled >= level.maximum):
                return 0.0
            seconds = missing / level.restore_rate
            return min(seconds, CROWDED_SECONDS) if self._flying else seconds
