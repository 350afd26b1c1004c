"""The shop's life: believable changes from a seed, one at a time or at a rate in a thread of its own.

Some products are hot and change more often, sometimes twice within a second, which leaves equal `updated_at`
with different content as in a real shop. What never happens here: a change that does not go through the shop.
"""

import threading
import time
from collections import Counter
from random import Random

from shopify_simulator.life import listing_edits, variant_edits
from shopify_simulator.life.merchant import Apply, Edit, Merchant
from shopify_simulator.life.stock_life import StockLife
from shopify_simulator.shop.product import Product
from shopify_simulator.shop.recipes import Recipes
from shopify_simulator.shop.rules import Refused
from shopify_simulator.shop.shop import Shop, UnknownProduct

EDITS: dict[str, tuple[int, Edit]] = {
    "price changed": (22, variant_edits.reprice),
    "sold": (18, variant_edits.sell),
    "title changed": (7, listing_edits.retitle),
    "status changed": (6, listing_edits.set_status),
    "tags changed": (6, listing_edits.retag),
    "variant added": (5, variant_edits.add_variant),
    "variant removed": (5, variant_edits.remove_variant),
    "variant returned": (6, variant_edits.return_variant),
    "variants reordered": (2, variant_edits.reorder),
    "code changed": (5, variant_edits.recode),
    "barcode changed": (4, variant_edits.rebarcode),
    "rules changed": (2, variant_edits.set_rules),
    "sale begun or ended": (3, variant_edits.run_sale),
    "option renamed": (4, listing_edits.rename_option),
    "value renamed": (3, listing_edits.rename_value),
    "options given": (2, listing_edits.give_options),
    "images changed": (4, listing_edits.edit_images),
    "described anew": (3, listing_edits.describe),
    "saved unchanged": (2, listing_edits.save_unchanged),
}
"""What merchants do, and how often in comparison."""

CREATED, DELETED = "product created", "product deleted"
COMING_AND_GOING_SHARE = 0.04
HOT_SHARE = 0.5
AGAIN_SHARE = 0.1


class Life:
    """See the module. `counts` says how often each kind of change happened."""

    def __init__(self, shop: Shop, *, seed: int) -> None:
        self._shop = shop
        self._random = Random(seed)
        self._recipes = Recipes(shop, self._random)
        self._merchant = Merchant(shop=shop, random=self._random, codes=self._recipes.codes)
        self._names = list(EDITS)
        self._weights = [weight for weight, _ in EDITS.values()]
        self._usual_size = len(shop.products)
        self._again: int | None = None
        self.stock = StockLife(shop, seed=seed)
        self._stock_share = 0.0
        self._thread: threading.Thread | None = None
        self._endless = False
        self._stopping = threading.Event()
        self.counts: Counter[str] = Counter()
        self.rate_per_s = 0.0

    def change_once(self) -> str:
        """One change, and its name. The same seed on the same shop makes the same changes."""
        # The shop's lock, so that nobody changes or deletes the product between the look and the edit.
        # Without a share nothing is drawn: a shop that lives by its products alone lives as it ever did.
        if self._stock_share and self._random.random() < self._stock_share:
            return self.stock.change_once()
        with self._shop.lock:
            name = self._come_or_go() or self._edit(self._product())
            self.counts[name] += 1
            return name

    def live(self, rate_per_s: float, *, changes: int | None = None, stock_share: float = 0.0) -> None:
        """Changes the shop at that rate in a thread, for ever or so many times; replaces an earlier rate.

        `stock_share`: from 0, no change is one of stock, to 1, all are. Raises ValueError.
        """
        if not 0 <= stock_share <= 1:
            raise ValueError("stock: a share from 0 to 1")
        self.stop()
        self._stock_share = stock_share
        if rate_per_s <= 0:
            return
        self._stopping.clear()
        self._endless = changes is None
        self.rate_per_s = rate_per_s
        self._thread = threading.Thread(
            target=self._run, args=(rate_per_s, changes), name="shop-life", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """An endless life stops; one of so many changes goes on to its end."""
        if self._endless:
            self.stop()

    def stop(self) -> None:
        """No further change begins after this returns. Not to be called with the shop's lock held."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.rate_per_s = 0.0

    def _run(self, rate_per_s: float, changes: int | None) -> None:
        try:
            due = time.monotonic()
            while changes is None or changes > 0:
                due = max(due + 1 / rate_per_s, time.monotonic() - 1)
                # The second change of a pair does not wait: it belongs within the same second.
                if self._again is None and self._stopping.wait(max(0.0, due - time.monotonic())):
                    return
                self.change_once()
                changes = None if changes is None else changes - 1
        finally:
            self.rate_per_s = 0.0

    def _come_or_go(self) -> str | None:
        """Products come and go at about the same pace, so that the shop keeps its size."""
        if self._shop.products and self._random.random() >= COMING_AND_GOING_SHARE:
            return None
        if len(self._shop.products) <= self._usual_size // 2 or self._random.random() < 0.5:
            self._shop.create(self._recipes.any(self._shop.now()))
            return CREATED
        gone = self._shop.any_product(self._random)
        self._merchant.forget(gone.id)
        self._shop.delete(gone.id)
        return DELETED

    def _product(self) -> Product:
        """Which one is edited: the one before once more, a hot one, or any."""
        again, self._again = self._again, None
        if again is not None:
            try:
                return self._shop.get(again)
            except UnknownProduct:
                pass  # deleted in between: another one then
        return self._shop.any_product(self._random, hot=self._random.random() < HOT_SHARE)

    def _edit(self, product: Product) -> str:
        """The first kind of edit drawn that suits the product."""
        while True:
            (name,) = self._random.choices(self._names, self._weights)
            apply = EDITS[name][1](self._merchant, product)
            if apply is not None and self._accepted(product, apply):
                break
        if self._random.random() < AGAIN_SHARE:
            self._again = product.id
        return name

    def _accepted(self, product: Product, apply: Apply) -> bool:
        """Someone else may have filled a field to its limit, where an edit then goes too far."""
        try:
            self._shop.change(product.id, apply)
        except Refused:
            return False
        return True
