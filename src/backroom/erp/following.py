"""What a product and a SKU take over from their listings: one rule, whatever the order of arrival.

A product is active while any of its listings is. One that a sync created follows the name of its first
active listing by (shop, Shopify id), or of the first one where none is active. SKUs likewise, with code
and barcode of their variants. What the ERP brought keeps its own name, code and barcode.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from backroom.erp.drafts import Cause, Draft

SYNC = "sync"


def follow_listings(product: Draft, listings: Iterable[Mapping[str, Any]], cause: Cause) -> None:
    """`listings`: all of this product's, with shop_id, shopify_product_id, title and is_active."""
    first = leading(listings, "shopify_product_id")
    fields: dict[str, Any] = {"is_active": first["is_active"]}
    if product["origin"] == SYNC:
        fields["name"] = first["title"]
    product.change(fields, cause)


def follow_variants(sku: Draft, variants: Iterable[Mapping[str, Any]], cause: Cause) -> None:
    """`variants`: all of this SKU's, with shop_id, shopify_variant_id, sku_code, barcode, is_active."""
    first = leading(variants, "shopify_variant_id")
    fields: dict[str, Any] = {"is_active": first["is_active"]}
    if sku["origin"] == SYNC:
        fields |= {"sku_code": first["sku_code"], "barcode": first["barcode"]}
    sku.change(fields, cause)


def leading(rows: Iterable[Mapping[Any, Any]], shopify_id: str) -> Mapping[Any, Any]:
    """The first active one by (shop, Shopify id), or the first where none is active."""
    return min(rows, key=lambda row: (not row["is_active"], row["shop_id"], row[shopify_id]))
