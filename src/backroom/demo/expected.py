"""What the ERP's tables should say, from what the shop says: Shopify's words into columns.

Enters: products of /control/truth. Leaves: values by `table.column`. Written a second time on purpose, from
the documentation of the tables: a mistake in the product's mapper must not be made here too.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Json = Mapping[str, Any]
Values = dict[str, Any]


def expected_product(product: Json) -> Values:
    """A listing that is not deleted, and the product that follows it."""
    return {
        "listing.shopify_handle": product["handle"],
        "listing.title": product["title"],
        "listing.status": product["status"],
        "listing.vendor": product["vendor"],
        "listing.product_type": product["product_type"],
        "listing.tags": product["tags"],
        "listing.options": product["options"],
        "listing.images": product["images"],
        "listing.is_active": True,
        "product.name": product["title"],
        "product.is_active": True,
    }


def expected_variant(variant: Json, product_id: int) -> Values:
    """A variant that is not gone, and the SKU that follows it. `product_id`: the ERP's."""
    code, barcode = expected_code(variant["sku"]), expected_code(variant["barcode"])
    return {
        "listing_variant.shopify_inventory_item_id": variant["inventory_item_id"],
        "listing_variant.sku_code": code,
        "listing_variant.barcode": barcode,
        "listing_variant.title": variant["title"],
        "listing_variant.price": expected_amount(variant["price"]),
        "listing_variant.compare_at_price": expected_amount(variant["compare_at_price"]),
        "listing_variant.options": variant["options"],
        "listing_variant.position": variant["position"],
        "listing_variant.is_active": True,
        "sku.product_id": product_id,
        "sku.sku_code": code,
        "sku.barcode": barcode,
        "sku.is_active": True,
    }


GONE_PRODUCT: Values = {"listing.is_active": False, "product.is_active": False}
GONE_VARIANT: Values = {"listing_variant.is_active": False, "sku.is_active": False}


def expected_code(text: str | None) -> str | None:
    """A code of blanks is none."""
    return text if text and text.strip() else None


def expected_amount(text: str | None) -> int | None:
    """Decimal text -> ten-thousandths."""
    return None if text is None else int(Decimal(text) * 10_000)
