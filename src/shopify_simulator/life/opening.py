"""The shop opens: locations/create for each location, then products/create for each product on the shelf.

Each product's items and levels follow it; paced, in a thread of its own.
What never happens here: a pause is made up for by more than a second's worth at once.
"""

import threading
import time
from contextlib import suppress
from typing import Final

from shopify_simulator.shop.shop import Shop, UnknownProduct

MOST_CATCHING_UP_SECONDS: Final = 1.0


class Opening:
    """See the module. `rate`: so many products a second; None: one right after the other."""

    def __init__(self, shop: Shop, rate: float | None) -> None:
        self._shop = shop
        self._pause_seconds = 0.0 if rate is None else 1 / rate
        with shop.lock:
            self._ids = list(shop.products)
            shop.locations.present()
        self.products = len(self._ids)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shop-opening", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when nothing more is presented. Not to be called with the shop's lock held."""
        self._stopping.set()
        self._thread.join()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        due = time.monotonic()
        for product_id in self._ids:
            now = time.monotonic()
            due = max(due, now - MOST_CATCHING_UP_SECONDS)
            if self._stopping.wait(max(0.0, due - now)):
                return
            # One that was deleted meanwhile: its subscribers are told of that.
            with suppress(UnknownProduct):
                self._shop.present(product_id)
            due += self._pause_seconds
