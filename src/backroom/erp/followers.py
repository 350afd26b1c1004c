"""Brings products and SKUs to what their listings say, where a batch changed what they follow.

Enters: the drafts of a batch. Leaves: drafts of the products and SKUs that have to change with them. The rule
itself is in `following`. Where all is looked at anew, what a hand has linked otherwise is not followed.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Select, Table, select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.erp.drafts import Cause, Draft, Drafts, FieldChange
from backroom.erp.following import SYNC, follow_listings, follow_variants, leading
from backroom.erp.links import strayed_listings, strayed_variants
from backroom.erp.tables import listing, listing_variant, product, sku

_FOLLOWED_OF_LISTING = ("title", "is_active")
_FOLLOWED_OF_VARIANT = ("sku_code", "barcode", "is_active")


class Followers:
    """The products and SKUs of one batch. `locking` False: within a transaction that only reads.

    `all_said`: whatever was said of a listing is followed, news or not: a hand may have changed its product,
    or its link: `strayed` has the links that are not as they were made. Links are never changed here. A row
    that is gone although others lead to it is made again, under its id: `remade_skus` has SKUs, which lack
    their product still, each with one of its variants.
    """

    def __init__(
        self,
        transaction: Transaction,
        *,
        now: datetime,
        products: Drafts,
        skus: Drafts,
        listings: Drafts,
        variants: Drafts,
        locking: bool,
        all_said: bool,
    ) -> None:
        self._transaction = transaction
        self._now = now
        self._products = products
        self._skus = skus
        self._listings = listings
        self._variants = variants
        self._locking = locking
        self._all_said = all_said
        self.strayed: list[FieldChange] = []
        self.remade_skus: list[tuple[Draft, Draft]] = []

    def follow(self) -> None:
        """Products and SKUs whose listings changed in what they follow."""
        listings = [row for row in self._listings if self._is_followed(row, _FOLLOWED_OF_LISTING)]
        variants = [row for row in self._variants if self._is_followed(row, _FOLLOWED_OF_VARIANT)]
        if listings:
            self._follow_listings(listings)
        if variants:
            self._follow_variants(variants)

    def _is_followed(self, row: Draft, names: Sequence[str]) -> bool:
        if row.is_new:
            return False
        return any(name in row.before for name in names) or (self._all_said and row.said_by is not None)

    def _follow_listings(self, said: Sequence[Draft]) -> None:
        c = listing.c
        ids = sorted({row["product_id"] for row in said})
        products = self._load_locked(self._products, product, ids)
        statement = select(c.id, c.product_id, c.shop_id, c.shopify_product_id, c.title, c.is_active)
        groups = self._grouped(statement.where(among(c.product_id, ids)), "product_id", self._listings)
        strayed: Mapping[int, int] = {}
        if self._all_said:
            strayed = strayed_listings(self._transaction, chain.from_iterable(groups.values()))
        for row in said:
            if row["id"] in strayed:
                self._stray(listing, row, "product_id", strayed[row["id"]])
        for product_id, cause in _causes(said, "product_id", strayed).items():
            members = [each for each in groups[product_id] if each["id"] not in strayed]
            if product_id in products:
                follow_listings(products[product_id], members, cause)
            else:
                self._make_product_again(product_id, members, cause)

    def _follow_variants(self, said: Sequence[Draft]) -> None:
        c = listing_variant.c
        ids = sorted({row["sku_id"] for row in said})
        skus = self._load_locked(self._skus, sku, ids)
        statement = select(
            c.id, c.sku_id, c.listing_id, c.shop_id, c.shopify_variant_id, c.sku_code, c.barcode, c.is_active
        )
        groups = self._grouped(statement.where(among(c.sku_id, ids)), "sku_id", self._variants)
        lost = {row["sku_id"]: row for row in said if row["sku_id"] not in skus}
        for sku_id, row in lost.items():
            self._make_sku_again(row, groups[sku_id])
        said = [row for row in said if row["sku_id"] not in lost]
        strayed: Collection[int] = ()
        if self._all_said:
            owners = {row["id"]: row["product_id"] for row in skus.values()}
            # What is taken into a listing that is made again comes with the product of its SKUs.
            settled = [row for row in chain.from_iterable(groups.values()) if row["listing_id"] is not None]
            strayed = strayed_variants(self._transaction, settled, owners)
        for row in said:
            if row["id"] in strayed:
                self._stray(listing_variant, row, "sku_id", None)
        for sku_id, cause in _causes(said, "sku_id", strayed).items():
            members = [each for each in groups[sku_id] if each["id"] not in strayed]
            follow_variants(skus[sku_id], members, cause)

    def _make_product_again(
        self, product_id: int, listings: Sequence[Mapping[str, Any]], cause: Cause
    ) -> None:
        first = leading(listings, "shopify_product_id")
        fields = {"id": product_id, "origin": SYNC, "created_at": self._now}
        self._products.create({**fields, "name": first["title"], "is_active": first["is_active"]}, cause)

    def _make_sku_again(self, variant: Draft, variants: Sequence[Mapping[str, Any]]) -> None:
        assert variant.said_by is not None
        first = leading(variants, "shopify_variant_id")
        followed = {name: first[name] for name in _FOLLOWED_OF_VARIANT}
        fields = {"id": variant["sku_id"], "origin": SYNC, "created_at": self._now}
        self.remade_skus.append((self._skus.create({**fields, **followed}, variant.said_by), variant))

    def _stray(self, table: Table, row: Draft, name: str, recorded: int | None) -> None:
        assert row.said_by is not None
        self.strayed.append(
            FieldChange(
                entity=table.name,
                entity_id=row["id"],
                field=name,
                old=row[name],
                new=recorded,
                cause=row.said_by,
            )
        )

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


def _causes(said: Sequence[Draft], link: str, strayed: Collection[int]) -> dict[int, Cause]:
    """What is to follow, and by whose word."""
    return {row[link]: row.said_by for row in said if row.said_by is not None and row["id"] not in strayed}
