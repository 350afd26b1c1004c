"""SKUs as people and programs read them: the ERP's own fields, and those of the first active variant.

Enters: filters and a place. Leaves: typed read models in a fixed number of statements a page. What never
happens here: a write, a stock number that nobody knows (`available` null is not 0).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, and_, exists, select

from backroom.db.database import Transaction
from backroom.erp.available import HeldLevel, available_of
from backroom.erp.following import leading
from backroom.erp.levels_reader import levels_of_skus
from backroom.erp.tables import inventory_item, listing, listing_variant, sku
from backroom.shops.tables import shop
from backroom.vocabulary.ids import ShopId
from backroom.vocabulary.money import Amount, format_amount
from backroom.vocabulary.pages import Page, Place, checked_limit, cursor_of

PLACE_WIDTH: Final = 1
"""A place in the list is the SKU's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Stock of a SKU at one location. `available` null: not tracked. `location` null: not known yet.

    `counts`: the location is active, so the level is part of its shop's sum. `on_hand`, `committed` and
    `incoming` are as of `quantities_at`, Shopify's instant; null: never pulled.
    """

    shop: str
    inventory_item_id: str
    location_id: str
    location: str | None
    counts: bool
    available: int | None
    updated_at: datetime | None
    on_hand: int | None
    committed: int | None
    incoming: int | None
    quantities_at: datetime | None


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
    """A SKU. Scalars that Shopify owns are those of its first active variant by (shop, Shopify id).

    `available` is the sum over the active locations of that variant's shop; `levels` are of all shops, and at
    all locations. `tracked`: whether that variant's stock is counted at all; null: not known.
    """

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
    tracked: bool | None
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
    """All SKUs of some products, by product, in the order of their ids. Three statements, however many."""
    among = sku.c.product_id.in_(product_ids)
    rows = transaction.execute(select(sku).where(among).order_by(sku.c.id)).mappings().all()
    grouped: dict[int, list[Sku]] = {}
    for model in _models(transaction, rows, among):
        grouped.setdefault(model.product_id, []).append(model)
    return grouped


def skus_by_id(transaction: Transaction, ids: Sequence[int]) -> list[Sku]:
    """Some SKUs, in the order of their ids. Three statements, however many."""
    among = sku.c.id.in_(ids)
    rows = transaction.execute(select(sku).where(among).order_by(sku.c.id)).mappings().all()
    return _models(transaction, rows, among)


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
    levels = levels_of_skus(transaction, among)
    return [_model(row, variants.get(row["id"], []), levels.get(row["id"], [])) for row in rows]


def _variants(transaction: Transaction, among: ColumnElement[bool]) -> dict[int, list[RowMapping]]:
    """Joined, not listed by id: a page of products may have more SKUs than a statement takes parameters."""
    c, item = listing_variant.c, inventory_item.c
    statement = (
        select(listing_variant, listing.c.shopify_product_id, shop.c.domain, shop.c.currency)
        .add_columns(item.tracked)
        .select_from(sku)
        .join(listing_variant, c.sku_id == sku.c.id)
        .join(listing, listing.c.id == c.listing_id)
        .join(shop, shop.c.id == c.shop_id)
        .outerjoin(
            inventory_item,
            and_(
                item.shop_id == c.shop_id,
                item.shopify_inventory_item_id == c.shopify_inventory_item_id,
            ),
        )
        .where(among)
        .order_by(c.shop_id, c.shopify_variant_id)
    )
    grouped: dict[int, list[RowMapping]] = {}
    for row in transaction.execute(statement).mappings():
        grouped.setdefault(row["sku_id"], []).append(row)
    return grouped


def _model(row: RowMapping, variants: Sequence[RowMapping], levels: Sequence[HeldLevel]) -> Sku:
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
        tracked=first.get("tracked"),
        available=_available(variants, levels, first["shop_id"]) if variants else None,
        levels=_levels(variants, levels),
        listings=[_listing(variant) for variant in variants],
    )


def _available(variants: Sequence[RowMapping], levels: Sequence[HeldLevel], shop_id: ShopId) -> int | None:
    """Over the items of the active variants in one shop."""
    ours = [variant for variant in variants if variant["is_active"] and variant["shop_id"] == shop_id]
    items = {variant["shopify_inventory_item_id"]: variant["tracked"] for variant in ours}
    untracked = {item for item, tracked in items.items() if tracked is False}
    return available_of(items, [level for level in levels if level.shop_id == shop_id], untracked)


def _levels(variants: Sequence[RowMapping], levels: Sequence[HeldLevel]) -> list[Level]:
    domains = {variant["shop_id"]: variant["domain"] for variant in variants}
    return [
        Level(
            shop=domains[level.shop_id],
            inventory_item_id=str(level.item_id),
            location_id=str(level.location_id),
            location=level.location,
            counts=level.counts,
            available=level.available,
            updated_at=level.updated_at,
            on_hand=level.on_hand,
            committed=level.committed,
            incoming=level.incoming,
            quantities_at=level.quantities_at,
        )
        for level in levels
        if level.is_active
    ]


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
