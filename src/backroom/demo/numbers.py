"""Both sides' counters at one look, and how fast they grow.

Enters: a stage. Leaves: numbers for the screen. What never happens here: a judgement; the two sides are read
one after the other, so they may differ by what came in between.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select

from backroom.db.database import Transaction
from backroom.demo.stage import Stage
from backroom.erp.tables import inventory_level, product, sku
from backroom.jobs.runs import Run, RunFilter, read_runs
from backroom.jobs.syncs import SYNC

SPAN_SECONDS: Final = 5.0
"""What a rate is averaged over."""
ENDING_SHOWN: Final = timedelta(seconds=8)
RUNS: Final = 8
"""More than one shop has at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """`shop`: the simulator's counters; `status` and `answers`: Backroom's; rates are a second's. `asked`: of
    the shop's Admin API; `run`: the sync that is running or has just ended, else the newest run.

    What the shop has no more is inactive in Backroom, and counted in `products`, `skus` and `levels` too.
    """

    seconds: float
    shop: Mapping[str, int]
    status: Mapping[str, Any]
    answers: Mapping[str, int]
    asked: int
    run: Run | None
    products: int
    skus: int
    levels: int
    inactive_products: int
    inactive_skus: int
    inactive_levels: int
    change_rate: float
    stock_rate: float
    receipt_rate: float

    @property
    def received(self) -> int:
        """Every delivery that was verified and stored, now or before."""
        return _received(self.answers)


class Counters:
    """Looks at a stage again and again."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._began = time.monotonic()
        self._changes = Pace()
        self._stock_changes = Pace()
        self._receipts = Pace()

    def look(self, transaction: Transaction) -> Numbers:
        shop, status, answers = (
            self._stage.shop.status(),
            self._stage.server.status(),
            self._stage.server.answers(),
        )
        now = time.monotonic()
        products, active_products = _counts(transaction, product)
        skus, active_skus = _counts(transaction, sku)
        levels, active_levels = _counts(transaction, inventory_level)
        return Numbers(
            seconds=now - self._began,
            shop=shop,
            status=status,
            answers=answers,
            asked=self._stage.shop.asked(),
            run=run_of_interest(transaction),
            products=products,
            skus=skus,
            levels=levels,
            inactive_products=products - active_products,
            inactive_skus=skus - active_skus,
            inactive_levels=levels - active_levels,
            change_rate=self._changes.of(now, shop["changes"]),
            stock_rate=self._stock_changes.of(now, shop["stock_changes"]),
            receipt_rate=self._receipts.of(now, _received(answers)),
        )


class Pace:
    """How fast a counter grew lately."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def of(self, now: float, count: int) -> float:
        """Growth a second, over the last few seconds."""
        self._seen.append((now, count))
        while now - self._seen[0][0] > SPAN_SECONDS:
            self._seen.popleft()
        since, before = self._seen[0]
        return (count - before) / (now - since) if now > since else 0.0


def _received(answers: Mapping[str, int]) -> int:
    return answers.get("stored", 0) + answers.get("duplicate", 0)


def run_of_interest(transaction: Transaction) -> Run | None:
    """A sync lasts, and refetches come and go beside it. How it ended stays for a moment."""
    running = read_runs(transaction, RunFilter(state="running"), None, RUNS).items
    newest = read_runs(transaction, RunFilter(), None, RUNS).items
    since = transaction.now() - ENDING_SHOWN
    ended = [run for run in newest if run.finished_at is not None and run.finished_at >= since]
    return next((run for run in (*running, *ended) if run.kind == SYNC), newest[0] if newest else None)


def _counts(transaction: Transaction, table: Any) -> tuple[int, int]:
    """All of them, and the active ones."""
    active = func.count().filter(table.c.is_active)
    every, ours = transaction.execute(select(func.count(), active).select_from(table)).one()
    return int(every), int(ours)
