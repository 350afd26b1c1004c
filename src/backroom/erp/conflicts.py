"""SKU codes that several active variants of one shop share: kept as they are, and reported.

Codes are found by their index first; only those few rows are then looked at.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from sqlalchemy import RowMapping, func, select, tuple_

from backroom.db.database import Transaction
from backroom.erp.tables import listing, listing_variant
from backroom.shops.tables import shop
from backroom.vocabulary.ids import ShopId

LARGEST_REPORT: Final = 200
"""Codes in one report: there is a mistake to mend, not a list to page through."""
CODES_AT_A_TIME: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingVariant:
    """One of the variants that share a code."""

    shopify_product_id: str
    shopify_variant_id: str
    product_title: str | None
    title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeConflict:
    """A code and the active variants of one shop that carry it."""

    shop: str
    sku_code: str
    variants: list[ConflictingVariant]


def count_code_conflicts(transaction: Transaction) -> dict[ShopId, int]:
    """The number of shared codes by shop; a shop without any is not named."""
    return dict(Counter(shop_id for shop_id, _ in _shared(transaction, None)))


def read_code_conflicts(transaction: Transaction, domain: str | None = None) -> list[CodeConflict]:
    """The shared codes with their variants, by shop and code; at most 200 codes."""
    shared = _shared(transaction, domain)[:LARGEST_REPORT]
    c = listing_variant.c
    statement = (
        select(shop.c.domain, c.sku_code, c.shopify_variant_id, c.title)
        .add_columns(listing.c.shopify_product_id, listing.c.title.label("product_title"))
        .join(listing, listing.c.id == c.listing_id)
        .join(shop, shop.c.id == c.shop_id)
        .where(c.is_active, tuple_(c.shop_id, c.sku_code).in_(shared))
        .order_by(shop.c.id, c.sku_code, c.shopify_variant_id)
    )
    rows = transaction.execute(statement).mappings()
    return [
        CodeConflict(shop=domain, sku_code=code, variants=[_variant(row) for row in variants])
        for (domain, code), variants in groupby(rows, key=lambda row: (row["domain"], row["sku_code"]))
    ]


def _shared(transaction: Transaction, domain: str | None) -> list[tuple[ShopId, str]]:
    """Two steps, because the first reads nothing but an index; the second looks at the few that it found."""
    c = listing_variant.c
    many = select(c.shop_id, c.sku_code).group_by(c.shop_id, c.sku_code).having(func.count() > 1)
    statement = many.where(c.sku_code.is_not(None)).order_by(c.shop_id, c.sku_code)
    if domain is not None:
        statement = statement.where(
            c.shop_id == select(shop.c.id).where(shop.c.domain == domain).scalar_subquery()
        )
    candidates = [(ShopId(row[0]), row[1]) for row in transaction.execute(statement)]
    shared: list[tuple[ShopId, str]] = []
    for first in range(0, len(candidates), CODES_AT_A_TIME):
        some = candidates[first : first + CODES_AT_A_TIME]
        there = c.shop_id.in_(select(shop.c.id).where(shop.c.removed_at.is_(None)))
        active = many.where(c.is_active, there, tuple_(c.shop_id, c.sku_code).in_(some))
        shared += [(ShopId(row[0]), row[1]) for row in transaction.execute(active)]
    return sorted(shared)


def _variant(row: RowMapping) -> ConflictingVariant:
    return ConflictingVariant(
        shopify_product_id=str(row["shopify_product_id"]),
        shopify_variant_id=str(row["shopify_variant_id"]),
        product_title=row["product_title"],
        title=row["title"],
    )
