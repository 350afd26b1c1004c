"""The webhook's product body (REST shape) -> `ProductSnapshot`.

Left out of the snapshot, because only one of Shopify's two shapes carries it or because the ERP does not
want it: body_html, category, media (images are kept by address), template_suffix, published_*, weights,
taxable, inventory_policy, and above all inventory_quantity (a product's total is not a stock level).
Source: shopify.dev/docs/api/webhooks, products/update, 2023-07 to 2026-10.
"""

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backroom.resources.json_body import read_json
from backroom.resources.product_snapshot import ProductSnapshot, VariantSnapshot
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import checked_id
from backroom.vocabulary.money import Amount, parse_amount

LONGEST_INDEXED = 255
"""Shopify's own limit for handles and SKUs. PostgreSQL's indexes take no more than about 2,700 bytes."""

_NUL = b"\\u0000"
"""How JSON spells it; a bare one is no JSON."""

Text = str | None | UnsetType


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
    if _NUL in raw:
        _refuse_nul(body)
    names = None if body.options is UNSET else [option.name for option in _in_order(body.options or [])]
    return ProductSnapshot(
        shopify_product_id=checked_id(body.id, what="product"),
        title=_said(body.title),
        handle=_indexed(_said(body.handle), "the handle"),
        status=_lowered(_said(body.status)),
        vendor=_said(body.vendor),
        product_type=_said(body.product_type),
        tags=_tags(body.tags),
        options=_options(body.options),
        images=_images(body.images),
        variants=_variants(body.variants, names),
    )


def _said(value: Text) -> Text:
    """Empty is null: Shopify's two shapes differ in which of them they send."""
    return value if value is UNSET else value or None


def _refuse_nul(body: ProductBody) -> None:
    """A NUL fits no PostgreSQL text. The raw bytes show whether there may be one: few pay for this."""
    for name, value in msgspec.structs.asdict(body).items():
        if "\x00" in _all_text(value):
            raise Terminal(f"{name} contains a NUL character")


def _all_text(value: object) -> str:
    """All texts within a value, joined."""
    if isinstance(value, str):
        return value
    if isinstance(value, Struct):
        return "".join(map(_all_text, msgspec.structs.astuple(value)))
    return "".join(map(_all_text, value)) if isinstance(value, list) else ""


def _lowered(value: Text) -> Text:
    return value.lower() if isinstance(value, str) else value


def _tags(tags: str | list[str] | None | UnsetType) -> tuple[str, ...] | UnsetType:
    if tags is UNSET:
        return UNSET
    assert not isinstance(tags, UnsetType)
    parts = tags.split(",") if isinstance(tags, str) else tags or []
    return tuple(sorted({tag for part in parts if (tag := part.strip())}))


def _in_order(options: list[OptionBody]) -> list[OptionBody]:
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
    return tuple((option.name, tuple(option.values)) for option in _in_order(options or []))


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
    read = tuple(_variant(variant, names) for variant in variants)
    if len({variant.shopify_variant_id for variant in read}) < len(read):
        raise Terminal("a variant is in the body more than once")
    return read


def _variant(body: VariantBody, names: list[str] | None) -> VariantSnapshot:
    variant_id = checked_id(body.id, what="variant")
    return VariantSnapshot(
        shopify_variant_id=variant_id,
        title=_said(body.title),
        sku_code=_indexed(_unless_blank(body.sku), "a variant's sku"),
        barcode=_unless_blank(body.barcode),
        price=_amount(body.price, "price", variant_id),
        compare_at_price=_amount(body.compare_at_price, "compare-at price", variant_id),
        options=_chosen(body, names),
        position=_within(body.position, 2**31 - 1, "position"),
        inventory_item_id=_within(body.inventory_item_id, 2**63 - 1, "inventory_item_id"),
    )


def _chosen(body: VariantBody, names: list[str] | None) -> tuple[tuple[str, str], ...] | UnsetType:
    """Values by NAME. A value whose option has no name in the body is left out: no names are invented."""
    values = (body.option1, body.option2, body.option3)
    if names is None or any(value is UNSET for value in values):
        return UNSET
    pairs = zip(names, values, strict=False)
    return tuple((name, value) for name, value in pairs if isinstance(value, str) and value)


def _amount(value: Text, what: str, variant_id: int) -> Amount | None | UnsetType:
    if isinstance(value, str) and value:
        try:
            return parse_amount(value)
        except ValueError as error:
            raise Terminal(f"the {what} of variant {variant_id}: {error}") from error
    return value if value is UNSET else None


def _unless_blank(value: Text) -> Text:
    return None if isinstance(value, str) and not value.strip() else value


def _indexed(value: Text, what: str) -> Text:
    if isinstance(value, str) and len(value) > LONGEST_INDEXED:
        raise Terminal(f"{what} is longer than {LONGEST_INDEXED} characters")
    return value


def _within(value: int | None | UnsetType, greatest: int, what: str) -> int | None | UnsetType:
    if isinstance(value, int) and not -greatest <= value <= greatest:
        raise Terminal(f"{what} is out of range")
    return value
