"""Variants that one listing's body names and another listing's row, or nothing's, holds. Reads only.

Shopify never moves a variant to another product. So one that is held elsewhere was put there by a hand, and
comes back, where nothing else claims it: its listing is gone, or of another shop, or the body of that one
does not have it. What two bodies claim is never taken at random. Enters: changes, and what their listings
hold. Leaves: the rows to take.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.erp.drafts import Draft, Drafts
from backroom.erp.tables import listing, listing_variant, sku
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ShopId

Claims = Callable[[int], Collection[int] | None]
"""Shopify's product id -> the variants that its body has; None: that can't be told."""


def claims_unknown(_product_id: int) -> None:
    """Nothing is taken from any listing that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """A body's product, whether it is whole, its variants, and its listing (None: it has none)."""

    product_id: int
    whole: bool
    named: Collection[int]
    listing_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strangers:
    """One batch's. `drafts`: where rows go that are read here."""

    transaction: Transaction
    shop_id: ShopId
    drafts: Drafts
    claims: Claims

    def taken_back(
        self, namings: Sequence[Naming], known: Mapping[int, Draft]
    ) -> dict[int, dict[int, Draft]]:
        """{Shopify's product id: {Shopify's variant id: its row, held elsewhere}}

        `known`: the variants of all listings of the batch. Raises Terminal where one is another product's.
        """
        _refuse_named_twice(namings)
        named = {variant for naming in namings for variant in naming.named}
        rows = {**known, **self._held_elsewhere(named - known.keys())}
        strayed = [
            (naming, variant)
            for naming in namings
            for variant in naming.named
            if variant in rows and rows[variant]["listing_id"] != naming.listing_id
        ]
        owners = self._owners({rows[variant]["listing_id"] for _, variant in strayed})
        taken: dict[int, dict[int, Draft]] = {}
        for naming, variant in strayed:
            owner = owners.get(rows[variant]["listing_id"])
            if owner is not None and not self._may_leave(variant, owner, naming):
                raise _belongs(variant, naming.product_id, owner)
            taken.setdefault(naming.product_id, {})[variant] = rows[variant]
        return taken

    def product_of(self, variants: Iterable[Draft]) -> int | None:
        """The product that SKUs of variants without a listing are of, where no listing has it."""
        c = sku.c
        found = select(c.product_id).where(among(c.id, [row["sku_id"] for row in variants])).distinct()
        products = self.transaction.execute(found).scalars().all()
        if len(products) != 1:
            return None
        has_listing = select(exists().where(listing.c.product_id == products[0]))
        return None if self.transaction.execute(has_listing).scalar() else int(products[0])

    def _held_elsewhere(self, variant_ids: Collection[int]) -> dict[int, Draft]:
        if not variant_ids:
            return {}
        c = listing_variant.c
        rows = self.transaction.execute(
            select(listing_variant).where(
                c.shop_id == self.shop_id, among(c.shopify_variant_id, sorted(variant_ids))
            )
        ).all()
        return {row["shopify_variant_id"]: row for row in self.drafts.load(rows)}

    def _owners(self, listing_ids: Collection[int]) -> dict[int, int]:
        """{listing: Shopify's product id}; one that is gone, or of another shop, owns nothing here."""
        if not listing_ids:
            return {}
        c = listing.c
        found = select(c.id, c.shopify_product_id).where(
            among(c.id, sorted(listing_ids)), c.shop_id == self.shop_id
        )
        return {row[0]: row[1] for row in self.transaction.execute(found)}

    def _may_leave(self, variant: int, owner: int, naming: Naming) -> bool:
        if not naming.whole:
            return False
        claimed = self.claims(owner)
        return claimed is not None and variant not in claimed


def _refuse_named_twice(namings: Sequence[Naming]) -> None:
    owners: dict[int, int] = {}
    for naming in namings:
        for variant in naming.named:
            owner = owners.setdefault(variant, naming.product_id)
            if owner != naming.product_id:
                raise _belongs(variant, naming.product_id, owner)


def _belongs(variant: int, product_id: int, owner: int) -> Terminal:
    return Terminal(f"variant {variant} of product {product_id} belongs to product {owner} already")


def without(held: Mapping[int, Draft], taken: Mapping[int, Mapping[int, Any]]) -> list[Draft]:
    """Of the variants of a batch, those that stay where they are."""
    leaving = {variant for rows in taken.values() for variant in rows}
    return [row for variant, row in held.items() if variant not in leaving]
