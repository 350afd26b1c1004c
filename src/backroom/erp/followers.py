"""Brings products and SKUs to what their listings say, where a batch changed what they follow.

Enters: the drafts of a batch. Leaves: drafts of the products and SKUs that have to change with them. The rule
itself is in `following`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, Table, select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.erp.drafts import Draft, Drafts
from backroom.erp.following import follow_listings, follow_variants
from backroom.erp.tables import listing, listing_variant, product, sku

_FOLLOWED_OF_LISTING = ("title", "is_active")
_FOLLOWED_OF_VARIANT = ("sku_code", "barcode", "is_active")


class Followers:
    """The products and SKUs of one batch. `locking` False: within a transaction that only reads."""

    def __init__(
        self,
        transaction: Transaction,
        *,
        products: Drafts,
        skus: Drafts,
        listings: Drafts,
        variants: Drafts,
        locking: bool,
    ) -> None:
        self._transaction = transaction
        self._products = products
        self._skus = skus
        self._listings = listings
        self._variants = variants
        self._locking = locking

    def follow(self) -> None:
        """Products and SKUs whose listings changed in what they follow."""
        listings = [row for row in self._listings if _touched(row, _FOLLOWED_OF_LISTING)]
        variants = [row for row in self._variants if _touched(row, _FOLLOWED_OF_VARIANT)]
        if listings:
            self._follow_listings({row["product_id"]: row for row in listings})
        if variants:
            self._follow_variants({row["sku_id"]: row for row in variants})

    def _follow_listings(self, touched: Mapping[int, Draft]) -> None:
        c = listing.c
        products = self._load_locked(self._products, product, sorted(touched))
        statement = select(c.id, c.product_id, c.shop_id, c.shopify_product_id, c.title, c.is_active)
        groups = self._grouped(
            statement.where(among(c.product_id, sorted(touched))), "product_id", self._listings
        )
        for product_id, row in products.items():
            cause = touched[product_id].cause
            assert cause is not None
            follow_listings(row, groups[product_id], cause)

    def _follow_variants(self, touched: Mapping[int, Draft]) -> None:
        c = listing_variant.c
        skus = self._load_locked(self._skus, sku, sorted(touched))
        statement = select(
            c.id, c.sku_id, c.shop_id, c.shopify_variant_id, c.sku_code, c.barcode, c.is_active
        )
        groups = self._grouped(statement.where(among(c.sku_id, sorted(touched))), "sku_id", self._variants)
        for sku_id, row in skus.items():
            cause = touched[sku_id].cause
            assert cause is not None
            follow_variants(row, groups[sku_id], cause)

    def _load_locked(self, drafts: Drafts, table: Table, ids: Sequence[int]) -> dict[int, Draft]:
        """Other shops' workers may write the same products: lock them, in order of id, then read."""
        if self._locking:
            self._transaction.lock_rows(table, ids)
        rows = drafts.load(self._transaction.execute(select(table).where(among(table.c.id, ids))).all())
        return {row["id"]: row for row in rows}

    def _grouped(self, statement: Select[Any], by: str, drafts: Drafts) -> dict[int, list[Mapping[str, Any]]]:
        """Rows as they will be once this batch is written, grouped."""
        drafted = {row["id"]: row.values for row in drafts if not row.is_new}
        groups: dict[int, list[Mapping[str, Any]]] = {}
        for row in self._transaction.execute(statement).mappings().all():
            groups.setdefault(row[by], []).append(drafted.get(row["id"]) or dict(row))
        return groups


def _touched(row: Draft, names: Sequence[str]) -> bool:
    return not row.is_new and any(name in row.before for name in names)
