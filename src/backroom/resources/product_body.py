"""The webhook's product body (REST shape) -> `ProductSnapshot`.

Left out of the snapshot, because only one of Shopify's two shapes carries it or because the ERP does not
want it: body_html, category, media (images are kept by address), template_suffix, published_*, weights,
taxable, inventory_policy, and above all inventory_quantity (a product's total is not a stock level).
Source: shopify.dev/docs/api/webhooks, products/update, 2023-07 to 2026-10.
"""

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backroom.resources.json_body import read_json
from backroom.resources.product_rules import in_order, lowered, tag_set
from backroom.resources.product_snapshot import ProductSnapshot, VariantSnapshot
from backroom.resources.values import (
    GREATEST_INTEGER,
    Text,
    amount,
    indexed,
    refuse_nul,
    said,
    unless_blank,
    within,
)
from backroom.vocabulary.ids import GREATEST_ID, checked_id


class OptionBody(Struct):
    """An option: the name that the merchant gave it, and its values."""

    name: str
    position: int | None = None
    values: list[str] = []


class ImageBody(Struct):
    """An image: we keep its address."""

    src: str | None = None
    position: int | None = None


class VariantBody(Struct):
    """A variant, whole."""

    id: int
    title: Text = UNSET
    sku: Text = UNSET
    barcode: Text = UNSET
    price: Text = UNSET
    compare_at_price: Text = UNSET
    position: int | None | UnsetType = UNSET
    option1: Text = UNSET
    option2: Text = UNSET
    option3: Text = UNSET
    inventory_item_id: int | None | UnsetType = UNSET


class ProductBody(Struct):
    """A product, whole."""

    id: int
    title: Text = UNSET
    handle: Text = UNSET
    status: Text = UNSET
    vendor: Text = UNSET
    product_type: Text = UNSET
    tags: str | list[str] | None | UnsetType = UNSET
    options: list[OptionBody] | None | UnsetType = UNSET
    images: list[ImageBody] | None | UnsetType = UNSET
    variants: list[VariantBody] | UnsetType = UNSET


_BODY = msgspec.json.Decoder(ProductBody)


def read_body(raw: bytes) -> ProductSnapshot:
    """The whole body, decoded. Raises Terminal."""
    body = read_json(raw, _BODY)
    refuse_nul(raw, body)
    names = None if body.options is UNSET else [option.name for option in _by_position(body.options or [])]
    return ProductSnapshot(
        shopify_product_id=checked_id(body.id, what="product"),
        title=said(body.title),
        handle=indexed(said(body.handle), "the handle"),
        status=lowered(said(body.status)),
        vendor=said(body.vendor),
        product_type=said(body.product_type),
        tags=_tags(body.tags),
        options=_options(body.options),
        images=_images(body.images),
        variants=_variants(body.variants, names),
    )


def _tags(tags: str | list[str] | None | UnsetType) -> tuple[str, ...] | UnsetType:
    if tags is UNSET:
        return UNSET
    assert not isinstance(tags, UnsetType)
    parts = tags.split(",") if isinstance(tags, str) else tags or []
    return tag_set(parts)


def _by_position(options: list[OptionBody]) -> list[OptionBody]:
    """By position; without one, where they stand."""
    placed = [
        (index + 1 if each.position is None else each.position, index) for index, each in enumerate(options)
    ]
    return [options[index] for _, index in sorted(placed)]


def _options(
    options: list[OptionBody] | None | UnsetType,
) -> tuple[tuple[str, tuple[str, ...]], ...] | UnsetType:
    if isinstance(options, UnsetType):
        return UNSET
    return tuple((option.name, tuple(option.values)) for option in _by_position(options or []))


def _images(images: list[ImageBody] | None | UnsetType) -> tuple[str, ...] | UnsetType:
    if isinstance(images, UnsetType):
        return UNSET
    ordered = sorted(enumerate(images or []), key=lambda each: (each[1].position or 0, each[0]))
    return tuple(image.src for _, image in ordered if image.src)


def _variants(
    variants: list[VariantBody] | UnsetType, names: list[str] | None
) -> tuple[VariantSnapshot, ...] | UnsetType:
    if isinstance(variants, UnsetType):
        return UNSET
    return in_order(_variant(variant, names) for variant in variants)


def _variant(body: VariantBody, names: list[str] | None) -> VariantSnapshot:
    variant_id = checked_id(body.id, what="variant")
    return VariantSnapshot(
        shopify_variant_id=variant_id,
        title=said(body.title),
        sku_code=indexed(unless_blank(body.sku), "a variant's sku"),
        barcode=unless_blank(body.barcode),
        price=amount(body.price, "the price of variant", variant_id),
        compare_at_price=amount(body.compare_at_price, "the compare-at price of variant", variant_id),
        options=_chosen(body, names),
        position=within(body.position, GREATEST_INTEGER, "position"),
        inventory_item_id=within(body.inventory_item_id, GREATEST_ID, "inventory_item_id"),
    )


def _chosen(body: VariantBody, names: list[str] | None) -> tuple[tuple[str, str], ...] | UnsetType:
    """Values by NAME. A value whose option has no name in the body is left out: no names are invented."""
    values = (body.option1, body.option2, body.option3)
    if names is None or any(value is UNSET for value in values):
        return UNSET
    pairs = zip(names, values, strict=False)
    return tuple((name, value) for name, value in pairs if isinstance(value, str) and value)
