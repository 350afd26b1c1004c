"""Which shops' deliveries are refused for their signature, since when, and how often: one row a shop.

Enters: a known shop whose delivery nobody's secret signed, from the event loop. Leaves: rows of
`webhook_refusal`, from the inbox's thread, once a second at most. What never happens here: a write per
request, a row for a domain that nobody knows, or a body: anybody may send what is not signed.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from sqlalchemy import func, literal, update

from backroom.db.database import Database, Transaction
from backroom.ingress.tables import webhook_refusal
from backroom.vocabulary.ids import ShopId

WRITE_SECONDS: Final = 1.0
MOST_SHOPS: Final = 100
"""That one write sees to. All others come with the next one."""
_COLUMNS: Final = ("shop_id", "first_at", "last_at", "refused")


@dataclass(frozen=True, slots=True)
class _Count:
    """`began`: of the first one, by the monotonic clock."""

    number: int
    began: float


class Refusals:
    """Counts in memory what was refused since the last write. Fit for several threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._counts: dict[ShopId, _Count] = {}
        self._lock = threading.Lock()
        self._written = -math.inf

    def __bool__(self) -> bool:
        """Whether there is something to write."""
        return bool(self._counts)

    def note(self, shop_id: ShopId) -> None:
        """One more; a matter of microseconds."""
        with self._lock:
            held = self._counts.get(shop_id)
            number, began = (0, self._monotonic()) if held is None else (held.number, held.began)
            self._counts[shop_id] = _Count(number + 1, began)

    def write(self, database: Database, *, at_once: bool = False) -> None:
        """If it is time, or at once. What could not be written waits for the next time."""
        now = self._monotonic()
        if not self._counts or not (at_once or now - self._written >= WRITE_SECONDS):
            return
        self._written = now
        with self._lock:
            taken = dict(islice(sorted(self._counts.items()), None if at_once else MOST_SHOPS))
        with database.writing() as transaction:
            _add(transaction, taken, now)
        with self._lock:
            self._counts = {
                shop_id: _Count(count.number - taken[shop_id].number, now) if shop_id in taken else count
                for shop_id, count in self._counts.items()
                if shop_id not in taken or count.number > taken[shop_id].number
            }


def _add(transaction: Transaction, counts: Mapping[ShopId, _Count], monotonic: float) -> None:
    """In the order of ids, so that two inboxes never wait for each other."""
    now = transaction.now()
    rows = [
        (shop_id, now - timedelta(seconds=max(0.0, monotonic - count.began)), now, count.number)
        for shop_id, count in counts.items()
    ]
    fresh = transaction.insert_new(webhook_refusal, _COLUMNS, rows, unique=("shop_id",))
    c = webhook_refusal.c
    for (shop_id, began, _, number), new in zip(rows, fresh, strict=True):
        if new:
            continue
        more = {
            "first_at": func.coalesce(c.first_at, literal(began, c.first_at.type)),
            "last_at": now,
            "refused": c.refused + number,
        }
        transaction.execute(update(webhook_refusal).where(c.shop_id == shop_id).values(more))
