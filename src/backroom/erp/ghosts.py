"""Active rows that no resource of Shopify leads to: a hand left them, or put them there.

A product or SKU that a sync made and that has no listing or variant; a variant below no listing, or below an
inactive one of which nothing is cached. What the ERP has brought may stand alone. Enters: a shop. Leaves:
such rows, in the order of their keys; once they are laid they are inactive, with an entry in the history.
What never happens here: a deletion.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, exists, or_, select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.erp.changes import write_changes
from backroom.erp.drafts import Cause, Draft, Drafts
from backroom.erp.following import SYNC, follow_variants
from backroom.erp.tables import listing, listing_variant, product, sku
from backroom.shops.tables import shop
from backroom.vocabulary.ids import OURS, ResourceKey, ShopId

_TABLES: Final = (listing_variant, sku, product)
_TITLES: Final = {listing_variant: "title", sku: "sku_code", product: "name"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ghost:
    """One such row. `key`: of ours, as Shopify has none for it. A product and a SKU are of no shop."""

    key: ResourceKey
    entity: str
    entity_id: int
    title: str | None


FindGhosts = Callable[[Transaction, Table, ShopId, ResourceKey | None, int], list[Ghost]]
"""(transaction, cache table, shop, behind this key, at most so many)"""
LayGhosts = Callable[[Transaction, Table, ShopId, Collection[ResourceKey], Cause], None]
"""(transaction with the shop's lock, cache table, shop, keys, why). Those that are none by now are left."""


def find_ghosts(
    transaction: Transaction, cache: Table, shop_id: ShopId, after: ResourceKey | None, limit: int
) -> list[Ghost]:
    """See `FindGhosts`."""
    found: list[Ghost] = []
    first, last_id = (1, 0) if after is None else (after[1], after[2])
    for rank, table in enumerate(_TABLES, 1):
        if rank < first or len(found) == limit:
            continue
        behind = table.c.id > (last_id if rank == first else 0)
        rows = select(table.c.id, table.c[_TITLES[table]]).where(behind, _is_ghost(table, cache, shop_id))
        found += [
            Ghost(key=(OURS, rank, row[0]), entity=table.name, entity_id=row[0], title=row[1])
            for row in transaction.execute(rows.order_by(table.c.id).limit(limit - len(found)))
        ]
    return found


def lay_ghosts(
    transaction: Transaction, cache: Table, shop_id: ShopId, keys: Collection[ResourceKey], cause: Cause
) -> None:
    """See `LayGhosts`."""
    drafts = {table: Drafts(table) for table in _TABLES}
    for rank, table in enumerate(_TABLES, 1):
        ids = sorted(key[2] for key in keys if key[1] == rank)
        transaction.lock_rows(table, ids)
        still = select(table).where(among(table.c.id, ids), _is_ghost(table, cache, shop_id))
        for row in drafts[table].load(transaction.execute(still).all()):
            row.change({"is_active": False}, cause)
    _follow(transaction, list(drafts[listing_variant]), drafts[sku], cause)
    order = transaction.commit_order()
    for table in reversed(_TABLES):
        drafts[table].flush(transaction)
    changes = [change for table in reversed(_TABLES) for change in drafts[table].history()]
    write_changes(transaction, shop_id, order, changes, transaction.now())


def _follow(transaction: Transaction, variants: Sequence[Draft], skus: Drafts, cause: Cause) -> None:
    """A variant's SKU is active while another of its variants is."""
    ids = sorted({row["sku_id"] for row in variants})
    if not ids:
        return
    transaction.lock_rows(sku, ids)
    c = listing_variant.c
    laid = {row["id"]: row.values for row in variants}
    of_sku: dict[int, list[Mapping[str, Any]]] = {}
    for row in transaction.execute(select(listing_variant).where(among(c.sku_id, ids))).mappings():
        of_sku.setdefault(row["sku_id"], []).append(laid.get(row["id"]) or dict(row))
    for draft in skus.load(transaction.execute(select(sku).where(among(sku.c.id, ids))).all()):
        follow_variants(draft, of_sku[draft["id"]], cause)


def _is_ghost(table: Table, cache: Table, shop_id: ShopId) -> ColumnElement[bool]:
    if table is listing_variant:
        return and_(listing_variant.c.is_active, _in_shop(shop_id), ~exists(_leading(cache)))
    if table is sku:
        has_variant = exists().where(listing_variant.c.sku_id == sku.c.id)
        return and_(sku.c.is_active, sku.c.origin == SYNC, ~has_variant)
    has_listing = exists().where(listing.c.product_id == product.c.id)
    # Its listing is made again, and finds it so: see `Strangers.product_of`.
    is_left = exists().where(sku.c.product_id == product.c.id, listing_variant.c.sku_id == sku.c.id)
    return and_(product.c.is_active, product.c.origin == SYNC, ~has_listing, ~is_left)


def _in_shop(shop_id: ShopId) -> ColumnElement[bool]:
    """One that says to be of a shop that does not exist is found by every shop."""
    c = listing_variant.c
    return or_(c.shop_id == shop_id, ~exists().where(shop.c.id == c.shop_id))


def _leading(cache: Table) -> Select[Any]:
    """A variant's listing, active, or with something cached of it."""
    held = exists().where(
        cache.c.shop_id == listing.c.shop_id,
        cache.c.shopify_product_id == listing.c.shopify_product_id,
        or_(cache.c.raw_data.is_not(None), cache.c.deleted_at.is_not(None)),
    )
    return select(listing.c.id).where(
        listing.c.id == listing_variant.c.listing_id, or_(listing.c.is_active, held)
    )
