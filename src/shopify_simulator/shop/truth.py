"""What the shop holds now, as plain JSON: the sheet that a receiver's copy is compared with, field by field.

Reads products and never a body, so that a mistake in the bodies shows. What never happens here: a change.
"""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from shopify_simulator.shop.inventory import Inventory
from shopify_simulator.shop.product import Product, Variant
from shopify_simulator.shop.shop import Shop
from shopify_simulator.shop.stock_truth import truth_of_stock

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the shop held once. Products on the shelf are replaced, never changed: writing needs no lock."""

    domain: str
    currency: str
    products: list[Product]
    deleted: list[int]
    inventory: Inventory

    def sheet(self, *, stock: bool = True) -> Json:
        """The shop, its products by id, the ids that were deleted, and what lies where unless not wanted."""
        variants = (variant for product in self.products for variant in product.variants)
        return {
            **(truth_of_stock(self.inventory, variants) if stock else {}),
            "shop": {"domain": self.domain, "currency": self.currency},
            "products": [truth_of_product(each) for each in sorted(self.products, key=lambda each: each.id)],
            "deleted": sorted(self.deleted),
        }


def moment_of(shop: Shop) -> Moment:
    """The present, taken under the shop's lock."""
    with shop.lock:
        return Moment(
            domain=shop.domain,
            currency=shop.currency,
            products=list(shop.products.values()),
            deleted=list(shop.deleted),
            inventory=shop.inventory.copy(),
        )


def truth_of_product(product: Product) -> Json:
    """One product: empty texts are null, tags are sorted, money is decimal text, `updated_at` is in UTC."""
    names = [option.name for option in product.options]
    return {
        "id": product.id,
        "title": product.title or None,
        "handle": product.handle or None,
        "status": product.status,
        "vendor": product.vendor or None,
        "product_type": product.product_type or None,
        "tags": sorted(product.tags),
        "options": [{"name": option.name, "values": list(option.values)} for option in product.options],
        "images": [image.src for image in product.images],
        "updated_at": product.updated_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "variants": [_variant(variant, names) for variant in product.variants],
    }


def _variant(variant: Variant, names: list[str]) -> Json:
    return {
        "id": variant.id,
        "title": variant.title or None,
        "sku": variant.sku or None,
        "barcode": variant.barcode or None,
        "price": _decimal(variant.price_cents),
        "compare_at_price": None if variant.compare_at_cents is None else _decimal(variant.compare_at_cents),
        "position": variant.position,
        "options": dict(zip(names, variant.values, strict=True)),
        "inventory_item_id": variant.inventory_item_id,
        "inventory_quantity": variant.inventory_quantity,
    }


def _decimal(cents: int) -> str:
    units, rest = divmod(cents, 100)
    return f"{units}.{rest:02d}"
