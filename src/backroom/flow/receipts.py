"""Whether deliveries come in right now: while nobody waits for the writer, a batch may hold it longer.

A small batch costs nearly twice as much a row as a large one. The first delivery after a quiet time waits for
one large batch; those behind it find small ones.
"""

import time
from collections.abc import Callable
from typing import Final

from backroom.db.database import Database
from backroom.ingress.deliveries import newest_delivery

QUIET_SECONDS: Final = 2.0
"""As long as this after the last delivery, more of them are expected."""


class Receipts:
    """Watches the inbox's newest id. For one thread."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._newest: int | None = None
        self._heard = monotonic()

    def batch_seconds(self) -> float:
        """How long a batch may hold the writer now."""
        seam = self._database.seam
        return seam.quiet_batch_seconds if self._are_quiet() else seam.batch_seconds

    def _are_quiet(self) -> bool:
        now = self._monotonic()
        with self._database.reading() as transaction:
            newest = newest_delivery(transaction)
        if newest != self._newest:
            self._newest, self._heard = newest, now
        return now - self._heard >= QUIET_SECONDS
