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
    """`shop`: the simulator's counters; `status` and `answers`: Backroom's; rates are a second's."""

    seconds: float
    shop: Mapping[str, int]
    status: Mapping[str, Any]
    answers: Mapping[str, int]
    products: int
    skus: int
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
        return Numbers(
            seconds=now - self._began,
            shop=shop,
            status=status,
            answers=answers,
            products=_count(transaction, product),
            skus=_count(transaction, sku),
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


def _count(transaction: Transaction, table: Any) -> int:
    return int(transaction.execute(select(func.count()).select_from(table)).scalar_one())
