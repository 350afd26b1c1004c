"""How often and how long Shopify is asked again: data, and the formula for the pause between two tries."""

import random as randomness
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from backroom.vocabulary.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """`tries` in all, none of which begins later than `within_seconds` after the first.

    The pause before the n-th repetition is random, up to `first_seconds` doubled n times, at most
    `longest_seconds` (full jitter: many who failed together do not come back together). Where Shopify names
    a pause (Retry-After) that one is taken. `throttled_seconds`: how long a query is asked again while
    others use up the shop's points.
    """

    tries: int = 6
    within_seconds: float = 30.0
    first_seconds: float = 0.5
    longest_seconds: float = 8.0
    throttled_seconds: float = 300.0

    def pause(self, repetition: int, random: Callable[[], float]) -> float:
        """Seconds before repetition 0, 1, 2 ...; `random` yields numbers from 0 to 1."""
        return random() * min(self.longest_seconds, self.first_seconds * 2.0**repetition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What a client needs of time and chance; tests bring their own."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    random: Callable[[], float] = randomness.random
    clock: Clock = field(default_factory=SystemClock)
