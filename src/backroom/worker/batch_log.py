"""What the stations say of their batches: the sums of a second, not a line for each.

Enters: batches that were done. Leaves: log lines, for each station at most one a second, and one at once
where something was parked. What never happens here: a batch that is in no line.
"""

import math
import time
from collections.abc import Callable
from typing import Final

from structlog.typing import FilteringBoundLogger

from backroom.flow.batches import Tally
from backroom.vocabulary.ids import ShopId

LINE_SECONDS: Final = 1.0


class _Sums:
    """Of one station, since its last line."""

    def __init__(self) -> None:
        self.shops: set[ShopId] = set()
        self.batches = 0
        self.tally = Tally()
        self.seconds = 0.0

    def add(self, shop_id: ShopId, tally: Tally, seconds: float) -> None:
        self.shops.add(shop_id)
        self.batches += 1
        self.tally.add(tally)
        self.seconds += seconds

    def fields(self) -> dict[str, object]:
        """`shop` where it was one, else how many `shops`."""
        where = {"shop": next(iter(self.shops))} if len(self.shops) == 1 else {"shops": len(self.shops)}
        return {
            **where,
            "batches": self.batches,
            "rows": self.tally.claimed,
            "parked": self.tally.parked,
            "ms": round(self.seconds * 1000, 1),
            **self.tally.outcomes,
        }


class BatchLog:
    """Of one worker's stations."""

    def __init__(self, log: FilteringBoundLogger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._sums: dict[str, _Sums] = {}
        self._said_at: dict[str, float] = {}

    def done(self, station: str, shop_id: ShopId, tally: Tally, seconds: float) -> None:
        """One batch more."""
        self._sums.setdefault(station, _Sums()).add(shop_id, tally, seconds)
        if tally.parked or self._is_time(station):
            self._say(station)

    def catch_up(self) -> None:
        """Says what is a second old: nothing may follow that would."""
        for station in [each for each in self._sums if self._is_time(each)]:
            self._say(station)

    def say_the_rest(self) -> None:
        """Holds nothing back any more."""
        for station in list(self._sums):
            self._say(station)

    def _is_time(self, station: str) -> bool:
        return self._clock() - self._said_at.get(station, -math.inf) >= LINE_SECONDS

    def _say(self, station: str) -> None:
        self._said_at[station] = self._clock()
        self._log.info(f"{station}.batch_done", **self._sums.pop(station).fields())
