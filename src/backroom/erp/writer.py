"""The only hand on the ERP tables: one batch of changes for one shop, whatever they are about.

Enters: changes in the ERP's words, for one shop, under its lock. Leaves: rows, links, history, in a fixed
number of statements whatever the number of changes. What never happens here: reading bodies, commits.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from backroom.db.database import Transaction
from backroom.erp.changes import write_changes
from backroom.erp.drafts import Cause, FieldChange
from backroom.erp.listings import Listings
from backroom.erp.stock import Stock
from backroom.erp.strangers import Claims, claims_unknown
from backroom.vocabulary.ids import ShopId

__all__ = ["Cause", "ErpWriter"]


class ErpWriter:
    """One batch for one shop. Collect by `listings` and `stock`, then `resolve` and `flush` once.

    A batch names each row once. `locking` False: for `plan` within a transaction that only reads.
    `checking` False: a variant that is another product's is left to the unique key, whose error is as
    final but does not say whose it is. `anew`: products and SKUs follow all that is said, news or not.
    `claims`: what other products' bodies have, for variants that are held by them.
    """

    def __init__(
        self,
        transaction: Transaction,
        shop_id: ShopId,
        now: datetime,
        *,
        locking: bool = True,
        checking: bool = True,
        anew: bool = False,
        claims: Claims = claims_unknown,
    ) -> None:
        self._transaction = transaction
        self._shop_id = shop_id
        self._now = now
        self._order = 0
        self.listings = Listings(
            transaction, shop_id, now, locking=locking, checking=checking, anew=anew, claims=claims
        )
        self.stock = Stock(transaction, shop_id)

    @property
    def returned_items(self) -> set[int]:
        """Inventory items whose levels Shopify has to be asked for again: see `Stock.returned_items`."""
        return self.stock.returned_items

    def resolve(self) -> None:
        """Reads what is still needed: what follows from the changes, ids for new rows, references to them."""
        self.listings.follow()
        self.listings.link_new_rows()
        self.stock.allocate()
        self._order = self._transaction.commit_order()

    def flush(self) -> None:
        """Writes everything, after `resolve`. Reads nothing, so it may run `unanswered`."""
        self.listings.flush()
        self.stock.flush()
        write_changes(self._transaction, self._shop_id, self._order, self.pending_changes(), self._now)

    def plan(self) -> list[FieldChange]:
        """What `flush` would write, without writing (new rows have no ids yet)."""
        self.listings.follow()
        return list(self.pending_changes())

    def strayed_links(self) -> Sequence[FieldChange]:
        """After `plan`: links of what was said that a hand changed. `new` null: what it was is not known."""
        return self.listings.strayed

    def pending_changes(self) -> Iterable[FieldChange]:
        yield from self.listings.history()
        yield from self.stock.history()
