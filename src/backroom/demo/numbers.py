"""Both sides' counters at one look, and how fast they grow.

Enters: a stage. Leaves: numbers for the screen. What never happens here: a judgement; the two sides are read
one after the other, so they may differ by what came in between.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select

from backroom.db.database import Transaction
from backroom.demo.stage import Stage
from backroom.erp.tables import product, sku

SPAN_SECONDS: Final = 5.0
"""What a rate is averaged over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """`shop`: the simulator's counters; `status` and `answers`: Backroom's; rates are a second's.

    What the shop has no more is inactive in Backroom, and counted in `products` and `skus` too.
    """

    seconds: float
    shop: Mapping[str, int]
    status: Mapping[str, Any]
    answers: Mapping[str, int]
    products: int
    skus: int
    inactive_products: int
    inactive_skus: int
    change_rate: float
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
        return Numbers(
            seconds=now - self._began,
            shop=shop,
            status=status,
            answers=answers,
            products=products,
            skus=skus,
            inactive_products=products - active_products,
            inactive_skus=skus - active_skus,
            change_rate=self._changes.of(now, shop["changes"]),
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


def _counts(transaction: Transaction, table: Any) -> tuple[int, int]:
    """All of them, and the active ones."""
    active = func.count().filter(table.c.is_active)
    every, ours = transaction.execute(select(func.count(), active).select_from(table)).one()
    return int(every), int(ours)
