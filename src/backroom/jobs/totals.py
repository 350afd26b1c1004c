"""The end of a reconcile of stock: totals that products tell, and that the levels do not add up to.

Enters: a run. Leaves: findings; where it repairs, wants, for the levels and for the product that told: which
of them is wrong only Shopify knows. A product that was pulled tells no total, so the next reconcile closes
the finding, and a later webhook of the product may bring it up again. What never happens here: a level
written.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from backroom.cache.states import keys_below
from backroom.cache.wants import want_all_of
from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.drift.ledger import ERP, TOTAL, Found, Ledger, Standing
from backroom.drift.rules import Kind
from backroom.drift.totals import Told, differing, last_changes, read_told
from backroom.drift.waiting import Waiting, read_waiting
from backroom.erp.tables import inventory_item, listing, listing_variant
from backroom.erp.totals import read_totals
from backroom.jobs.chunks import Chunk
from backroom.jobs.job import Services
from backroom.jobs.runs import RunView
from backroom.resources.descriptor import Resource
from backroom.vocabulary.clock import format_instant
from backroom.vocabulary.ids import ResourceKey

ASKED: Final = (
    "its levels, and the product that told, are asked for anew; what the product told before is not compared"
    " again: it comes up again if a later webhook of the product says so"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A stretch of totals. `until`: the last product; None: there are no more."""

    found: Sequence[Found]
    until: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTotals:
    """One run's. `begins`: what was received since is too young to be lasting (our clock)."""

    run: RunView
    services: Services
    resource: Resource

    def find(self, after: ResourceKey | None, rows: int, begins: datetime) -> Counted:
        """Those of the next products behind a key."""
        totals, shop_id = self.resource.totals, self.run.shop_id
        if totals is None:
            return Counted(found=(), until=None)
        with self.services.database.reading() as transaction:
            part = read_told(transaction, totals, shop_id, after[0] if after else 0, rows, begins)
            held = read_totals(transaction, shop_id, part.told.keys())
            waiting = read_waiting(transaction, self.resource, shop_id)
            differs = {
                item: latest
                for item, each in part.told.items()
                if (latest := differing(each, held[item])) is not None and not _may_explain(waiting, item)
            }
            changed = last_changes(transaction, self.resource.cache, shop_id, differs.keys())
            # What never said when it changed can not be compared, nor what changed in the same second.
            lasting = {item: told for item, told in differs.items() if changed.get(item, told.at) < told.at}
            codes = _codes_of(transaction, shop_id, lasting.keys())
            found = [
                _found(item, codes.get(item), told, held[item].available) for item, told in lasting.items()
            ]
        return Counted(found=found, until=part.until)

    def keep(self, chunk: Chunk, found: Sequence[Found]) -> None:
        """Findings and counts. An item whose levels differ is told of already."""
        ledger = self._ledger(chunk.transaction)
        levels = keys_below(chunk.transaction, self.resource.cache, self.run.shop_id, _items(found))
        told = {key[0] for key in ledger.told_of_keys(levels)}
        fresh = [each for each in found if each.key[0] not in told]
        drifted = ledger.keep(fresh)
        chunk.expect(max(chunk.run.seen + len(fresh), chunk.run.total or 0))
        chunk.count(seen=len(fresh), drifted=len(drifted), unchanged=len(fresh) - len(drifted))

    def to_ask(self, after: str, since: datetime | None, rows: int) -> list[Standing]:
        """See `Ledger.to_repair`."""
        if self.resource.totals is None:
            return []
        ids = self.run.options.get("findings")
        with self.services.database.reading() as transaction:
            return self._ledger(transaction).to_repair(after, rows, since=since, ids=ids, of=TOTAL)

    def ask(self, chunk: Chunk, findings: Sequence[Standing]) -> None:
        """Under the shop's lock."""
        assert self.resource.totals is not None
        items = {each.key[0] for each in findings}
        products = _products_of(chunk.transaction, self.run.shop_id, items)
        want_all_of(chunk.transaction, self.resource.cache, self.run.shop_id, items, ASKED)
        want_all_of(chunk.transaction, self.resource.totals.cache, self.run.shop_id, products, ASKED)
        self._ledger(chunk.transaction).not_repaired([each.id for each in findings], ASKED)

    def _ledger(self, transaction: Transaction) -> Ledger:
        return Ledger(transaction, self.run.shop_id, self.run.resource, self.run.id)


def _items(found: Sequence[Found]) -> set[int]:
    return {each.key[0] for each in found}


def _may_explain(waiting: Waiting, item: int) -> bool:
    return waiting.any_key or any(key[0] == item for key in waiting.keys)


def _found(item: int, code: str | None, told: Told, ours: int | None) -> Found:
    return Found(
        leg=ERP,
        kind=Kind.VALUE,
        key=(item,),
        title=code,
        entity=inventory_item.name,
        field=TOTAL,
        theirs=told.total,
        ours=ours,
        reason=f"product {told.product_id}'s webhook of {format_instant(told.at)} says so",
    )


def _codes_of(transaction: Transaction, shop_id: int, items: Collection[int]) -> dict[int, str | None]:
    """{item: the SKU's code of its first variant}"""
    c = listing_variant.c
    named = select(c.shopify_inventory_item_id, c.sku_code).where(
        c.shop_id == shop_id, among(c.shopify_inventory_item_id, sorted(items))
    )
    codes: dict[int, str | None] = {}
    for item, code in transaction.execute(named.order_by(c.id)) if items else ():
        codes.setdefault(item, code)
    return codes


def _products_of(transaction: Transaction, shop_id: int, items: Collection[int]) -> set[int]:
    c = listing_variant.c
    found = (
        select(listing.c.shopify_product_id)
        .join(listing_variant, c.listing_id == listing.c.id)
        .where(c.shop_id == shop_id, among(c.shopify_inventory_item_id, sorted(items)))
    )
    return set(transaction.execute(found).scalars())
