"""A product as both of Shopify's shapes carry it, in one canonical form.

UNSET means that the body did not say; None that it said "nothing". Canonical: empty texts are None, tags
are sorted, statuses are in small letters, amounts are integers. So two bodies that say the same are
equal, and their hashes too.
"""

from msgspec import UNSET, Struct, UnsetType

from backroom.resources.values import Text
from backroom.vocabulary.money import Amount


class VariantSnapshot(Struct, frozen=True, kw_only=True):
    """One variant. `options` are (name, value) in the product's order."""

    shopify_variant_id: int
    title: Text = UNSET
    sku_code: Text = UNSET
    barcode: Text = UNSET
    price: Amount | None | UnsetType = UNSET
    compare_at_price: Amount | None | UnsetType = UNSET
    options: tuple[tuple[str, str], ...] | UnsetType = UNSET
    position: int | None | UnsetType = UNSET
    inventory_item_id: int | None | UnsetType = UNSET


class ProductSnapshot(Struct, frozen=True, kw_only=True):
    """One product with its variants. `options` are (name, values), `images` are addresses."""

    shopify_product_id: int
    title: Text = UNSET
    handle: Text = UNSET
    status: Text = UNSET
    vendor: Text = UNSET
    product_type: Text = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    options: tuple[tuple[str, tuple[str, ...]], ...] | UnsetType = UNSET
    images: tuple[str, ...] | UnsetType = UNSET
    variants: tuple[VariantSnapshot, ...] | UnsetType = UNSET
