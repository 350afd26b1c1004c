"""Where a value came from: the delivery or the run that set it, when, and what was there before.

Enters: a SKU's code or id, or a product's id, and a field's name. Leaves: one answer for each row that has
the field: the ERP's own row first, then Shopify's sides of it. The delivery named is the one that set the
value, not the latest one that carried it. What never happens here: a write, a sum (`why_sums` has those of
stock).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, Select, Table, select

from backroom.db.database import Transaction
from backroom.erp.changes import Lineage, lineage
from backroom.erp.drafts import shown
from backroom.erp.levels_reader import item_rows, level_rows
from backroom.erp.skus_reader import id_text
from backroom.erp.tables import inventory_item, inventory_level, listing, listing_variant, product, sku
from backroom.erp.why_codes import Sought, sought_skus
from backroom.shops.tables import shop
from backroom.vocabulary.errors import Misuse, Unknown
from backroom.vocabulary.ids import GREATEST_ID, key_text

ALIASES: Final = {"code": "sku_code", "handle": "shopify_handle", "type": "product_type"}
OWN_OF_SKU: Final = ("sku_code", "barcode", "external_id", "is_active")
OF_VARIANT: Final = (
    "price",
    "compare_at_price",
    "title",
    "options",
    "position",
    "sku_code",
    "barcode",
    "shopify_inventory_item_id",
    "is_active",
)
OF_ITEM: Final = ("tracked", "cost")
OF_LEVEL: Final = ("available", "on_hand", "committed", "incoming")
OWN_OF_PRODUCT: Final = ("name", "external_id", "is_active")
OF_LISTING: Final = (
    "title",
    "shopify_handle",
    "status",
    "vendor",
    "product_type",
    "tags",
    "options",
    "images",
    "is_active",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelState:
    """What a level's number has to be read with.

    `counts`: its location is active. `tracked`: its item is; null: not known. `quantities_at`: Shopify's
    instant of `on_hand`, `committed` and `incoming`. `disconnected`: what disconnected it; null: it is
    connected, or the history does not say. `variant_is_active`: a variant of the SKU that has the item is;
    `variant_ended`: what made the variant inactive, as for `disconnected`.
    """

    is_active: bool
    counts: bool
    tracked: bool | None
    quantities_at: datetime | None
    disconnected: Lineage | None
    variant_is_active: bool
    variant_ended: Lineage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Where one row's value came from. `created`: it came with the row, so there is no `before`.

    `entity_id` is ours; `shop` and `shopify_id` are those of Shopify's side, null for the ERP's own row. A
    level's id is its item's and its location's, `12:7`; `location_id` and `location` (its name, null where it
    is not known) are null for all else, and so is `level`.
    `at` null: the history does not say (the row was brought in by other means).
    """

    entity: str
    entity_id: int
    shop: str | None
    shopify_id: str | None
    name: str | None
    location_id: str | None
    location: str | None
    field: str
    value: Any
    at: datetime | None
    delivery_id: int | None
    topic: str | None
    triggered_at: datetime | None
    run_id: int | None
    created: bool
    before: Any
    level: LevelState | None


def why_sku(transaction: Transaction, sought: Sought, field: str) -> list[Why]:
    """For every SKU with the code or id, and each of its variants, their inventory items, or their levels.

    Raises Unknown (code, id) and Misuse (field).
    """
    name = _known(field, OWN_OF_SKU + OF_VARIANT + OF_ITEM + OF_LEVEL)
    ids = sought_skus(transaction, sought)
    answers: list[Why] = []
    if name in OWN_OF_SKU:
        rows = transaction.execute(select(sku).where(sku.c.id.in_(ids)).order_by(sku.c.id)).mappings()
        answers += [_answer(transaction, sku, row, name, row["sku_code"]) for row in rows.all()]
    if name in OF_VARIANT:
        rows = transaction.execute(_in_shop(listing_variant, "sku_id", ids, "shopify_variant_id")).mappings()
        answers += [_answer(transaction, listing_variant, row, name, row["title"]) for row in rows.all()]
    if name in OF_ITEM:
        items = item_rows(transaction, ids)
        answers += [_answer(transaction, inventory_item, row, name, row["sku_code"]) for row in items]
    if name in OF_LEVEL:
        levels = level_rows(transaction, ids)
        answers += [_answer(transaction, inventory_level, row, name, None) for row in levels]
    return answers


def why_product(transaction: Transaction, text: str, field: str) -> list[Why]:
    """`text`: Shopify's id of a product, else the ERP's id, else its external id. Raises as `why_sku`."""
    name = _known(field, OWN_OF_PRODUCT + OF_LISTING)
    ids = _product_ids(transaction, text)
    if not ids:
        raise Unknown(f"no product has the id {text}")
    answers: list[Why] = []
    if name in OWN_OF_PRODUCT:
        rows = transaction.execute(
            select(product).where(product.c.id.in_(ids)).order_by(product.c.id)
        ).mappings()
        answers += [_answer(transaction, product, row, name, row["name"]) for row in rows.all()]
    if name in OF_LISTING:
        rows = transaction.execute(_in_shop(listing, "product_id", ids, "shopify_product_id")).mappings()
        answers += [_answer(transaction, listing, row, name, row["title"]) for row in rows.all()]
    return answers


def _known(field: str, fields: Sequence[str]) -> str:
    name = ALIASES.get(field, field)
    if name not in fields:
        raise Misuse(f"no such field: {field[:60]} (there are {', '.join(dict.fromkeys(fields))})")
    return name


def _product_ids(transaction: Transaction, text: str) -> Sequence[int]:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    statements = [select(product.c.id).where(product.c.external_id == text)]
    if 0 < number <= GREATEST_ID:
        by_shopify_id = select(listing.c.product_id).where(listing.c.shopify_product_id == number).distinct()
        statements = [by_shopify_id, select(product.c.id).where(product.c.id == number), *statements]
    for statement in statements:
        found = transaction.execute(statement).scalars().all()
        if found:
            return found
    return []


def _in_shop(table: Table, link: str, ids: Sequence[int], shopify_id: str) -> Select[Any]:
    c = table.c
    return (
        select(table, shop.c.domain, c[shopify_id].label("shopify_id"))
        .join(shop, shop.c.id == c.shop_id)
        .where(c[link].in_(ids))
        .order_by(c[link], c.shop_id, c[shopify_id])
    )


def _answer(transaction: Transaction, table: Table, row: RowMapping, field: str, name: str | None) -> Why:
    origin = lineage(transaction, table.name, row["id"], field)
    return Why(
        entity=str(table.name),
        entity_id=row["id"],
        shop=row.get("domain"),
        shopify_id=_shopify_id(row),
        name=name,
        location_id=id_text(row.get("shopify_location_id")),
        location=row.get("location"),
        field=field,
        value=shown(field, row[field]),
        at=origin.at if origin else None,
        delivery_id=origin.delivery_id if origin else None,
        topic=origin.topic if origin else None,
        triggered_at=origin.triggered_at if origin else None,
        run_id=origin.run_id if origin else None,
        created=origin is not None and origin.created,
        before=origin.old if origin else None,
        level=_level_state(transaction, row) if table is inventory_level else None,
    )


def _level_state(transaction: Transaction, row: RowMapping) -> LevelState:
    is_active, variant_is_active = row["is_active"], bool(row["variant_is_active"])
    return LevelState(
        is_active=is_active,
        counts=bool(row["counts"]),
        tracked=row["tracked"],
        quantities_at=row["quantities_at"],
        disconnected=None if is_active else _end(transaction, inventory_level, row["id"]),
        variant_is_active=variant_is_active,
        variant_ended=None if variant_is_active else _end(transaction, listing_variant, row["variant_id"]),
    )


def _end(transaction: Transaction, table: Table, row_id: int) -> Lineage | None:
    return lineage(transaction, table.name, row_id, "is_active")


def _shopify_id(row: RowMapping) -> str | None:
    if "shopify_location_id" in row:
        return key_text((row["shopify_inventory_item_id"], row["shopify_location_id"]))
    return id_text(row.get("shopify_id"))
