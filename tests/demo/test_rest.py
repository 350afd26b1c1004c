"""Coming to rest, or saying what stands still and what both sides said last."""

from typing import Any

import pytest

from backroom.demo.patience import Overdue, Patience
from backroom.demo.rest import Rest

QUIET = {"opening": 0, "waiting": 0, "trips": 0}
IDLE = {
    "inbox_pending": 0,
    "dirty": 0,
    "wanted": 0,
    "running": 0,
    "parked": 0,
    "dead": 0,
    "lag_seconds": 0.0,
}


class Side:
    """Answers with these statuses, the last one for ever."""

    def __init__(self, name: str, *statuses: dict[str, Any]) -> None:
        self._name = name
        self._statuses = list(statuses)
        self.flushed = 0

    def status(self) -> dict[str, Any]:
        return self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]

    def flush(self) -> None:
        self.flushed += 1

    def last_words(self) -> str:
        return f"{self._name}; it said last:\n    the disk is full"


def test_it_is_waited_until_nothing_travels_and_then_until_nothing_waits() -> None:
    shop = Side("the shop", {**QUIET, "opening": 1}, {**QUIET, "trips": 2}, QUIET)
    waits = [{**IDLE, name: 1} for name in ("inbox_pending", "dirty", "wanted", "running")]
    server = Side("serve", *waits, IDLE)
    Rest(Patience(), shop, server).come(30)
    assert shop.flushed == 3
    assert server.status() == IDLE


def test_a_worker_that_does_nothing_is_noticed_early_with_all_that_is_known() -> None:
    server = Side("serve", *({**IDLE, "inbox_pending": 31, "lag_seconds": float(lag)} for lag in range(99)))
    with pytest.raises(Overdue) as caught:
        Rest(Patience(still_seconds=0.1), Side("the shop", QUIET), server).come(60)
    first, *middle, last = str(caught.value).splitlines()
    assert first.startswith("Backroom at rest: this did not come, and nothing changes")
    assert "    Backroom: inbox_pending 31, dirty 0, wanted 0, running 0, parked 0, dead 0" in middle
    assert "    the shop: opening 0, waiting 0, trips 0" in middle
    assert middle.count("    the disk is full") == 2
    assert last == f"So {first}."
