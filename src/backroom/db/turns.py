"""Turns of one process's threads at a shop: first come, first served.

The database's lock of a shop tells processes apart. Threads of one process would fight for it, and for the
interpreter's lock at each statement, which made two of them five times slower than one after the other.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from backroom.vocabulary.errors import ShopBusy
from backroom.vocabulary.ids import ShopId


class Turns:
    """One queue for each shop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[ShopId, deque[threading.Event]] = {}

    @contextmanager
    def turn(self, shop: ShopId, patience_seconds: float) -> Iterator[None]:
        """Waits for it, holds it for the block. Raises ShopBusy after so long."""
        ours = threading.Event()
        with self._lock:
            queue = self._queues.setdefault(shop, deque())
            queue.append(ours)
            if queue[0] is ours:
                ours.set()
        try:
            if not ours.wait(patience_seconds):
                raise ShopBusy("another thread of this process is working on this shop")
            yield
        finally:
            self._leave(shop, queue, ours)

    def waiting(self, shop: ShopId) -> int:
        """How many threads wait behind the one that has its turn."""
        with self._lock:
            return max(0, len(self._queues.get(shop, ())) - 1)

    def _leave(self, shop: ShopId, queue: deque[threading.Event], ours: threading.Event) -> None:
        with self._lock:
            queue.remove(ours)
            if queue:
                queue[0].set()
            else:
                del self._queues[shop]
