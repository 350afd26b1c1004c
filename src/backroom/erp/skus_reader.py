"""SKUs as people and programs read them: the ERP's own fields, and those of the first active variant.

Enters: filters and a place. Leaves: typed read models in a fixed number of statements a page. What never
happens here: a write, a stock number that nobody knows (`available` null is not 0).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, exists, select

from backroom.db.database import Transaction
from backroom.erp.following import leading
from backroom.erp.tables import listing, listing_variant, sku
from backroom.shops.tables import shop
from backroom.vocabulary.money import Amount, format_amount
from backroom.vocabulary.pages import Page, Place, checked_limit, cursor_of

PLACE_WIDTH: Final = 1
"""A place in the list is the SKU's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Stock of a SKU at one location. `available` null: not tracked."""

    shop: str
    location_id: str
    location: str | None
    available: int | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkuListing:
    """One of Shopify's variants of a SKU. Prices are decimal texts in its shop's currency."""

    shop: str
    shopify_product_id: str
    shopify_variant_id: str
    sku_code: str | None
    title: str | None
    price: str | None
    compare_at_price: str | None
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sku:
    """A SKU. Scalars that Shopify owns are those of its first active variant by (shop, Shopify id)."""

    id: int
    external_id: str | None
    product_id: int
    sku_code: str | None
    barcode: str | None
    title: str | None
    options: dict[str, str]
    price: str | None
    compare_at_price: str | None
    currency: str | None
    is_active: bool
    shopify_variant_id: str | None
    shopify_inventory_item_id: str | None
    available: int | None
    levels: list[Level]
    listings: list[SkuListing]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkuFilter:
    """What to list; None does not narrow. What concerns a variant must hold for one and the same variant."""

    code: str | None = None
    shopify_variant_id: int | None = None
    inventory_item_id: int | None = None
    shop: str | None = None
    is_active: bool | None = None


def read_skus(transaction: Transaction, wanted: SkuFilter, after: Place | None, limit: int) -> Page[Sku]:
    """A page of SKUs in the order of their ids. Raises Misuse for a limit out of range."""
    statement = select(sku).where(*_conditions(wanted)).order_by(sku.c.id).limit(checked_limit(limit) + 1)
    if after is not None:
        statement = statement.where(sku.c.id > after[0])
    rows = transaction.execute(statement).mappings().all()
    shown = rows[:limit]
    items = _models(transaction, shown, sku.c.id.in_([row["id"] for row in shown]))
    return Page(items=items, next=cursor_of((items[-1].id,)) if len(rows) > limit else None)


def skus_of_products(transaction: Transaction, product_ids: Sequence[int]) -> dict[int, list[Sku]]:
    """All SKUs of some products, by product, in the order of their ids. Two statements, however many."""
    among = sku.c.product_id.in_(product_ids)
    rows = transaction.execute(select(sku).where(among).order_by(sku.c.id)).mappings().all()
    grouped: dict[int, list[Sku]] = {}
    for model in _models(transaction, rows, among):
        grouped.setdefault(model.product_id, []).append(model)
    return grouped


def _conditions(wanted: SkuFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.code is not None:
        conditions.append(sku.c.sku_code == wanted.code)
    if wanted.is_active is not None:
        conditions.append(sku.c.is_active.is_(wanted.is_active))
    c = listing_variant.c
    in_shop: list[ColumnElement[bool]] = []
    if wanted.shop is not None:
        in_shop.append(c.shop_id == select(shop.c.id).where(shop.c.domain == wanted.shop).scalar_subquery())
    by_id: list[ColumnElement[bool]] = []
    if wanted.shopify_variant_id is not None:
        by_id.append(c.shopify_variant_id == wanted.shopify_variant_id)
    if wanted.inventory_item_id is not None:
        by_id.append(c.shopify_inventory_item_id == wanted.inventory_item_id)
    if by_id:
        # The few that have the id lead to their SKUs; for a shop alone, a page stops at its last row.
        conditions.append(sku.c.id.in_(select(c.sku_id).where(*by_id, *in_shop)))
    elif in_shop:
        conditions.append(exists().where(c.sku_id == sku.c.id, *in_shop))
    return conditions


def _models(transaction: Transaction, rows: Sequence[RowMapping], among: ColumnElement[bool]) -> list[Sku]:
    if not rows:
        return []
    variants = _variants(transaction, among)
    return [_model(row, variants.get(row["id"], [])) for row in rows]


def _variants(transaction: Transaction, among: ColumnElement[bool]) -> dict[int, list[RowMapping]]:
    """Joined, not listed by id: a page of products may have more SKUs than a statement takes parameters."""
    c = listing_variant.c
    statement = (
        select(listing_variant, listing.c.shopify_product_id, shop.c.domain, shop.c.currency)
        .select_from(sku)
        .join(listing_variant, c.sku_id == sku.c.id)
        .join(listing, listing.c.id == c.listing_id)
        .join(shop, shop.c.id == c.shop_id)
        .where(among)
        .order_by(c.shop_id, c.shopify_variant_id)
    )
    grouped: dict[int, list[RowMapping]] = {}
    for row in transaction.execute(statement).mappings():
        grouped.setdefault(row["sku_id"], []).append(row)
    return grouped


def _model(row: RowMapping, variants: Sequence[RowMapping]) -> Sku:
    first: Mapping[Any, Any] = leading(variants, "shopify_variant_id") if variants else {}
    return Sku(
        id=row["id"],
        external_id=row["external_id"],
        product_id=row["product_id"],
        sku_code=row["sku_code"],
        barcode=row["barcode"],
        title=first.get("title"),
        options=first.get("options") or {},
        price=price_text(first.get("price")),
        compare_at_price=price_text(first.get("compare_at_price")),
        currency=first.get("currency"),
        is_active=row["is_active"],
        shopify_variant_id=id_text(first.get("shopify_variant_id")),
        shopify_inventory_item_id=id_text(first.get("shopify_inventory_item_id")),
        available=None,
        levels=[],
        listings=[_listing(variant) for variant in variants],
    )


def _listing(variant: RowMapping) -> SkuListing:
    return SkuListing(
        shop=variant["domain"],
        shopify_product_id=str(variant["shopify_product_id"]),
        shopify_variant_id=str(variant["shopify_variant_id"]),
        sku_code=variant["sku_code"],
        title=variant["title"],
        price=price_text(variant["price"]),
        compare_at_price=price_text(variant["compare_at_price"]),
        is_active=variant["is_active"],
    )


def price_text(amount: int | None) -> str | None:
    """An amount of 1/10,000 as a decimal text."""
    return None if amount is None else format_amount(Amount(amount))


def id_text(shopify_id: int | None) -> str | None:
    """Shopify's ids leave as texts: they are too large for the numbers of JavaScript."""
    return None if shopify_id is None else str(shopify_id)
