"""What Backroom holds of one shop, as plain rows for the verdict.

Enters: a reading transaction. Leaves: rows whose keys are `table.column`, by Shopify's ids. What never
happens here: a judgement, or a read through the API (its readers are not to be judged by themselves).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table, func, select

from backroom.db.database import Transaction
from backroom.erp.tables import (
    field_change,
    inventory_item,
    inventory_level,
    listing,
    listing_variant,
    location,
    product,
    sku,
)
from backroom.flow.status import read_status
from backroom.jobs.tables import sync_run
from backroom.resources.product import product as product_resource
from backroom.resources.registry import RESOURCES
from backroom.shops.tables import shop

Row = Mapping[str, Any]
StockKey = tuple[int, ...]
STOCK: Final = (
    (location, ("shopify_location_id",)),
    (inventory_item, ("shopify_inventory_item_id",)),
    (inventory_level, ("shopify_inventory_item_id", "shopify_location_id")),
)
"""The tables of stock, each with its columns of Shopify's ids."""


@dataclass(frozen=True, slots=True)
class HeldProduct:
    """A listing with the ERP's product; and its variants with the ERP's SKUs, by Shopify's variant ids."""

    row: Row
    variants: Mapping[int, Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """By Shopify's product ids; `stock` by the ERP's table and Shopify's ids. `wanted`: why a refetch is
    wanted, where one is, by what it is of: `product 11`, `inventory 5:7`.

    Of runs: `fetched` counts the products that they saw, by the runs' mode; `failures` says how those ended
    that did not succeed, by their ids.

    By the ERP's tables and ids: `creations` counts the history's entries of a creation, `untied` are products
    without a listing and SKUs without a variant.
    """

    products: Mapping[int, HeldProduct]
    stock: Mapping[str, Mapping[StockKey, Row]]
    wanted: Mapping[str, str]
    creations: Mapping[tuple[str, int], int]
    untied: Sequence[tuple[str, int]]
    fetched: Mapping[str, int]
    failures: Mapping[int, str]
    parked: int
    dead: int


def read_held(transaction: Transaction, domain: str) -> Held:
    """All of one shop; `untied`, `parked` and `dead` are of all shops. Call within `database.reading()`."""
    status = read_status(transaction, RESOURCES)
    shop_id = transaction.execute(select(shop.c.id).where(shop.c.domain == domain)).scalar_one()
    return Held(
        products=_products(transaction, shop_id),
        stock={table.name: _stock(transaction, table, names, shop_id) for table, names in STOCK},
        wanted=_wanted(transaction, shop_id),
        creations=_creations(transaction, shop_id),
        untied=_untied(transaction, product, listing, "product_id")
        + _untied(transaction, sku, listing_variant, "sku_id"),
        fetched=_fetched(transaction, shop_id),
        failures=_failures(transaction, shop_id),
        parked=status.parked,
        dead=status.dead,
    )


def _products(transaction: Transaction, shop_id: int) -> dict[int, HeldProduct]:
    listings = _joined(transaction, listing, product, "product_id", shop_id)
    variants: dict[int, dict[int, Row]] = {}
    for row in _joined(transaction, listing_variant, sku, "sku_id", shop_id):
        of_listing = variants.setdefault(row["listing_variant.listing_id"], {})
        of_listing[row["listing_variant.shopify_variant_id"]] = row
    return {
        row["listing.shopify_product_id"]: HeldProduct(row, variants.get(row["listing.id"], {}))
        for row in listings
    }


def _joined(transaction: Transaction, left: Table, right: Table, link: str, shop_id: int) -> list[Row]:
    """Rows of Shopify's side, each with the row of the ERP's side that it is linked to."""
    columns = [
        column.label(f"{table.name}.{column.name}") for table in (left, right) for column in table.columns
    ]
    statement = select(*columns).join(right, right.c.id == left.c[link]).where(left.c.shop_id == shop_id)
    return [dict(row) for row in transaction.execute(statement).mappings()]


def _stock(
    transaction: Transaction, table: Table, names: tuple[str, ...], shop_id: int
) -> dict[StockKey, Row]:
    rows = transaction.execute(select(table).where(table.c.shop_id == shop_id)).mappings()
    return {
        tuple(row[name] for name in names): {f"{table.name}.{name}": value for name, value in row.items()}
        for row in rows
    }


def _wanted(transaction: Transaction, shop_id: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for resource in RESOURCES:
        c = resource.cache.c
        _, *key = resource.cache.primary_key.columns
        statement = select(*key, c.wanted_reason).where(c.shop_id == shop_id, c.wanted_at.is_not(None))
        for *ids, reason in transaction.execute(statement):
            found[f"{resource.name} {':'.join(map(str, ids))}"] = reason
    return found


def _fetched(transaction: Transaction, shop_id: int) -> dict[str, int]:
    c = sync_run.c
    counted = select(c.mode, func.sum(c.seen)).group_by(c.mode)
    ours = counted.where(c.shop_id == shop_id, c.resource == product_resource.plural)
    return {row[0]: int(row[1]) for row in transaction.execute(ours)}


def _failures(transaction: Transaction, shop_id: int) -> dict[int, str]:
    c = sync_run.c
    statement = select(c.id, c.state, c.error).where(c.shop_id == shop_id, c.state != "succeeded")
    return {row.id: f"{row.state}: {row.error or '-'}" for row in transaction.execute(statement)}


def _creations(transaction: Transaction, shop_id: int) -> dict[tuple[str, int], int]:
    c = field_change.c
    statement = select(c.entity, c.entity_id, func.count()).where(c.shop_id == shop_id, c.field.is_(None))
    grouped = statement.group_by(c.entity, c.entity_id)
    return {(row[0], row[1]): row[2] for row in transaction.execute(grouped)}


def _untied(transaction: Transaction, table: Table, by: Table, link: str) -> list[tuple[str, int]]:
    """Rows of the ERP's side that nothing on Shopify's side refers to."""
    statement = select(table.c.id).where(table.c.id.not_in(select(by.c[link]))).order_by(table.c.id)
    return [(table.name, row_id) for row_id in transaction.execute(statement).scalars()]
