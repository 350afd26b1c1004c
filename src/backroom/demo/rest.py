"""Coming to rest: nothing is on its way any more, and Backroom has worked off all of it.

Enters: the two sides, running, in a shop that does not live any more. Leaves: nothing, or Overdue with both
sides' last counters and words. What never happens here: a wait for what has stopped to move.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from backroom.demo.patience import Overdue, Patience

SHOPS: Final = ("deliveries", "delivered", "failed_attempts", "given_up", "opening", "waiting", "trips")
"""Of the shop's counters, those that say what it waits for."""
OWN: Final = ("inbox_pending", "dirty", "wanted", "running", "parked", "dead")
"""Backroom's counters that change while it works; its lag grows by itself."""
WORK: Final = ("inbox_pending", "dirty", "wanted", "running")
"""Of these, what ends by itself: wants are fetched, runs come to their end."""

Counters = Mapping[str, Any]


class Side(Protocol):
    """Backroom."""

    def status(self) -> Counters: ...

    def last_words(self) -> str: ...


class ShopSide(Side, Protocol):
    """The shop."""

    def flush(self) -> None: ...


class Rest:
    """See the module. Remembers what was seen last."""

    def __init__(self, patience: Patience, shop: ShopSide, server: Side) -> None:
        self._patience = patience
        self._shop = shop
        self._server = server
        self._seen: dict[str, Counters] = {}

    def come(self, seconds: float) -> None:
        """Each of the two has so many seconds, and less where nothing changes. Raises Overdue."""
        try:
            self._patience.until(self._nothing_travels, "the last delivery", seconds, self._signs)
            self._patience.until(self._nothing_waits, "Backroom at rest", seconds, self._signs)
        except Overdue as overdue:
            seen = [f"    {name}: {_listed(counters)}" for name, counters in self._seen.items()]
            words = [self._server.last_words(), self._shop.last_words()]
            raise Overdue("\n".join([str(overdue), *seen, *words, f"So {overdue}."])) from None

    def _nothing_travels(self) -> bool:
        self._shop.flush()
        status = self._seen["the shop"] = self._shop.status()
        # `trips` counts copies of deliveries that were accepted before.
        return bool(status["opening"] + status["waiting"] + status["trips"] == 0)

    def _nothing_waits(self) -> bool:
        status = self._server.status()
        self._seen["Backroom"] = {name: status[name] for name in OWN}
        return not any(status[name] for name in WORK)

    def _signs(self) -> object:
        return dict(self._seen)


def _listed(counters: Counters) -> str:
    told = (name for name in counters if name in (*SHOPS, *OWN))
    return ", ".join(f"{name} {counters[name]}" for name in told)
