"""Products as people and programs read them, with their listings and SKUs.

Enters: filters and a place. Leaves: typed read models in five statements a page. What never happens
here: a write, or a look into a body; a listing's version and wants come from its cache row's columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, RowMapping, Table, and_, exists, or_, select, union

from backroom.db.database import Transaction
from backroom.erp.following import leading
from backroom.erp.skus_reader import Sku, id_text, skus_of_products
from backroom.erp.tables import listing, listing_variant, product, sku
from backroom.shops.tables import shop
from backroom.vocabulary.pages import Page, Place, checked_limit, cursor_of

PLACE_WIDTH: Final = 1
"""A place in the list is the product's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductListing:
    """One of Shopify's products that are this product."""

    shop: str
    shopify_product_id: str
    shopify_handle: str | None
    title: str | None
    status: str | None
    is_active: bool
    refetch_wanted: bool
    linked_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product. Scalars that Shopify owns are those of its first active listing by (shop, Shopify id)."""

    id: int
    external_id: str | None
    name: str | None
    is_active: bool
    status: str | None
    vendor: str | None
    product_type: str | None
    image_url: str | None
    shopify_product_id: str | None
    shopify_handle: str | None
    shop: str | None
    updated_at: datetime | None
    skus: list[Sku]
    listings: list[ProductListing]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilter:
    """What to list; None does not narrow. `q`: a part of the name, a title, handle, vendor or SKU code.

    `shop` and `shopify_product_id` must hold for one and the same listing.
    """

    shop: str | None = None
    q: str | None = None
    shopify_product_id: int | None = None
    is_active: bool | None = None


def read_products(
    transaction: Transaction, cache: Table, wanted: ProductFilter, after: Place | None, limit: int
) -> Page[Product]:
    """A page of products in the order of their ids. `cache`: the raw cache of Shopify's products.

    Raises Misuse for a limit out of range.
    """
    statement = (
        select(product).where(*_conditions(wanted)).order_by(product.c.id).limit(checked_limit(limit) + 1)
    )
    if after is not None:
        statement = statement.where(product.c.id > after[0])
    rows = transaction.execute(statement).mappings().all()
    items = _models(transaction, cache, rows[:limit])
    return Page(items=items, next=cursor_of((items[-1].id,)) if len(rows) > limit else None)


def _conditions(wanted: ProductFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.is_active is not None:
        conditions.append(product.c.is_active.is_(wanted.is_active))
    if wanted.q is not None:
        conditions.append(_matches(wanted.q))
    in_shop: list[ColumnElement[bool]] = []
    if wanted.shop is not None:
        domain = select(shop.c.id).where(shop.c.domain == wanted.shop)
        in_shop.append(listing.c.shop_id == domain.scalar_subquery())
    if wanted.shopify_product_id is not None:
        # The few that have the id lead to their products; for a shop alone, a page stops at its last row.
        by_id = listing.c.shopify_product_id == wanted.shopify_product_id
        conditions.append(product.c.id.in_(select(listing.c.product_id).where(by_id, *in_shop)))
    elif in_shop:
        conditions.append(exists().where(listing.c.product_id == product.c.id, *in_shop))
    return conditions


def _matches(text: str) -> ColumnElement[bool]:
    """One scan of each table, whatever is found: no look-ups row by row."""
    of_listing = or_(*(_contains(listing.c[name], text) for name in ("title", "shopify_handle", "vendor")))
    of_variant = (
        select(sku.c.product_id)
        .join(listing_variant, listing_variant.c.sku_id == sku.c.id)
        .where(_contains(listing_variant.c.sku_code, text))
    )
    return product.c.id.in_(
        union(
            select(product.c.id).where(_contains(product.c.name, text)),
            select(listing.c.product_id).where(of_listing),
            select(sku.c.product_id).where(_contains(sku.c.sku_code, text)),
            of_variant,
        )
    )


def _contains(column: Column[Any], text: str) -> ColumnElement[bool]:
    """SQLite, and PostgreSQL in the C locale, fold the case of ASCII only: we try the usual forms."""
    forms = {text.lower(), text.upper(), text.title(), text} if not text.isascii() else {text}
    return or_(*(column.icontains(form, autoescape=True) for form in sorted(forms)))


def _models(transaction: Transaction, cache: Table, rows: Sequence[RowMapping]) -> list[Product]:
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    listings = _listings(transaction, cache, ids)
    skus = skus_of_products(transaction, ids)
    return [_model(row, listings.get(row["id"], []), skus.get(row["id"], [])) for row in rows]


def _listings(
    transaction: Transaction, cache: Table, product_ids: Sequence[int]
) -> dict[int, list[RowMapping]]:
    c = listing.c
    same = and_(cache.c.shop_id == c.shop_id, cache.c.shopify_product_id == c.shopify_product_id)
    statement = (
        select(listing, shop.c.domain, cache.c.wanted_at, cache.c.applied_updated_at)
        .join(shop, shop.c.id == c.shop_id)
        .outerjoin(cache, same)
        .where(c.product_id.in_(product_ids))
        .order_by(c.shop_id, c.shopify_product_id)
    )
    grouped: dict[int, list[RowMapping]] = {}
    for row in transaction.execute(statement).mappings():
        grouped.setdefault(row["product_id"], []).append(row)
    return grouped


def _model(row: RowMapping, listings: Sequence[RowMapping], skus: list[Sku]) -> Product:
    first: Mapping[Any, Any] = leading(listings, "shopify_product_id") if listings else {}
    images = first.get("images")
    return Product(
        id=row["id"],
        external_id=row["external_id"],
        name=row["name"],
        is_active=row["is_active"],
        status=first.get("status"),
        vendor=first.get("vendor"),
        product_type=first.get("product_type"),
        image_url=images[0] if images else None,
        shopify_product_id=id_text(first.get("shopify_product_id")),
        shopify_handle=first.get("shopify_handle"),
        shop=first.get("domain"),
        updated_at=first.get("applied_updated_at"),
        skus=skus,
        listings=[_listing(each) for each in listings],
    )


def _listing(row: RowMapping) -> ProductListing:
    return ProductListing(
        shop=row["domain"],
        shopify_product_id=str(row["shopify_product_id"]),
        shopify_handle=row["shopify_handle"],
        title=row["title"],
        status=row["status"],
        is_active=row["is_active"],
        refetch_wanted=row["wanted_at"] is not None,
        linked_by=row["linked_by"],
    )
