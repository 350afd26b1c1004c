"""The webhook's product body (REST shape) -> `ProductSnapshot`.

Left out of the snapshot, because only one of Shopify's two shapes carries it or because the ERP does not
want it: body_html, category, media (images are kept by address), template_suffix, published_*, weights,
taxable, inventory_policy, and above all inventory_quantity (a product's total is not a stock level).

Older payload versions are read too: `variant_ids` (until 2024-01) instead of `variant_gids`.
Source: shopify.dev/docs/api/webhooks, products/update, 2023-07 to 2026-10.
"""

from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backroom.resources.product_snapshot import ProductSnapshot, VariantSnapshot
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import checked_id, gid_number
from backroom.vocabulary.money import Amount, parse_amount

BODY_VARIANTS = 100
"""A webhook's body carries at most so many variants whole; `variant_gids` names all of them."""

_NUL = b"\\u0000"
"""How JSON spells it; a bare one is no JSON."""

S = TypeVar("S", bound=Struct)
Text = str | None | UnsetType


class VariantGid(Struct):
    """An element of `variant_gids`."""

    admin_graphql_api_id: str


class VariantId(Struct):
    """An element of `variant_ids`, the older spelling."""

    id: int


class VariantHead(Struct):
    """A variant as sorting sees it: its id, and which of the keys that we read are there."""

    id: int
    title: msgspec.Raw | UnsetType = UNSET
    sku: msgspec.Raw | UnsetType = UNSET
    barcode: msgspec.Raw | UnsetType = UNSET
    price: msgspec.Raw | UnsetType = UNSET
    compare_at_price: msgspec.Raw | UnsetType = UNSET
    position: msgspec.Raw | UnsetType = UNSET
    option1: msgspec.Raw | UnsetType = UNSET
    option2: msgspec.Raw | UnsetType = UNSET
    option3: msgspec.Raw | UnsetType = UNSET
    inventory_item_id: msgspec.Raw | UnsetType = UNSET

    def lacks_a_key(self) -> bool:
        return (
            self.title is UNSET
            or self.sku is UNSET
            or self.barcode is UNSET
            or self.price is UNSET
            or self.compare_at_price is UNSET
            or self.position is UNSET
            or self.option1 is UNSET
            or self.option2 is UNSET
            or self.option3 is UNSET
            or self.inventory_item_id is UNSET
        )


class ProductHead(Struct):
    """A product as sorting sees it."""

    id: int
    updated_at: Text = UNSET
    title: Text = UNSET
    handle: Text = UNSET
    status: msgspec.Raw | UnsetType = UNSET
    vendor: msgspec.Raw | UnsetType = UNSET
    product_type: msgspec.Raw | UnsetType = UNSET
    tags: msgspec.Raw | UnsetType = UNSET
    options: msgspec.Raw | UnsetType = UNSET
    images: msgspec.Raw | UnsetType = UNSET
    variants: list[VariantHead] | UnsetType = UNSET
    variant_gids: list[VariantGid] | None | UnsetType = UNSET
    variant_ids: list[VariantId] | None | UnsetType = UNSET

    def is_partial(self) -> bool:
        """Law 5: a key that the snapshot reads is missing, or not all variants are here."""
        if (
            self.title is UNSET
            or self.handle is UNSET
            or self.status is UNSET
            or self.vendor is UNSET
            or self.product_type is UNSET
            or self.tags is UNSET
            or self.options is UNSET
            or self.images is UNSET
            or self.variants is UNSET
        ):
            return True
        return self._lacks_variants(self.variants) or any(variant.lacks_a_key() for variant in self.variants)

    def _lacks_variants(self, variants: list[VariantHead]) -> bool:
        if self.variant_gids:
            named = {gid_number(each.admin_graphql_api_id) for each in self.variant_gids}
        elif self.variant_ids:
            named = {each.id for each in self.variant_ids}
        else:
            return len(variants) == BODY_VARIANTS and self.variant_gids in (UNSET, None)
        return not named <= {variant.id for variant in variants}


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
    variants: list[VariantBody] | None | UnsetType = UNSET


class AnyObject(Struct):
    """For a reason that people understand: which keys a body has that lacks an id."""

    product: msgspec.Raw | UnsetType = UNSET


_HEAD = msgspec.json.Decoder(ProductHead)
_BODY = msgspec.json.Decoder(ProductBody)
_ENVELOPE = msgspec.json.Decoder(AnyObject)


def read_head(raw: bytes) -> ProductHead:
    """The head. Raises Terminal."""
    return _read(raw, _HEAD)


def read_body(raw: bytes) -> ProductSnapshot:
    """The whole body, decoded. Raises Terminal."""
    body = _read(raw, _BODY)
    if _NUL in raw:
        _refuse_nul(body)
    names = None if body.options is UNSET else [option.name for option in _in_order(body.options or [])]
    return ProductSnapshot(
        shopify_product_id=checked_id(body.id, what="product"),
        title=_said(body.title),
        handle=_said(body.handle),
        status=_lowered(_said(body.status)),
        vendor=_said(body.vendor),
        product_type=_said(body.product_type),
        tags=_tags(body.tags),
        options=_options(body.options),
        images=_images(body.images),
        variants=_variants(body.variants, names),
    )


def _read(raw: bytes, decoder: msgspec.json.Decoder[S]) -> S:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise Terminal(_explained(raw, error)) from error
    except RecursionError as error:
        raise Terminal("the body is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise Terminal("the body is not UTF-8") from error
    except msgspec.DecodeError as error:
        raise Terminal(f"the body is not JSON: {error}" if raw else "the body is empty") from error


def _explained(raw: bytes, error: msgspec.ValidationError) -> str:
    message = str(error)
    if "missing required field `id`" in message and "at `$" not in message:
        envelope = _ENVELOPE.decode(raw)
        if envelope.product is not UNSET:
            return "the body has no id: the product is wrapped in a `product` key, as in a REST answer"
        return "the body has no id"
    return f"the body is no product: {message}"


def _said(value: Text) -> Text:
    """Empty is null: Shopify's two shapes differ in which of them they send."""
    return value if value is UNSET else value or None


def _refuse_nul(body: ProductBody) -> None:
    """A NUL fits no PostgreSQL text. The raw bytes show whether there may be one, so that few pay for this."""
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
    variants: list[VariantBody] | None | UnsetType, names: list[str] | None
) -> tuple[VariantSnapshot, ...] | UnsetType:
    if isinstance(variants, UnsetType):
        return UNSET
    read = tuple(_variant(variant, names) for variant in variants or [])
    if len({variant.shopify_variant_id for variant in read}) < len(read):
        raise Terminal("a variant is in the body more than once")
    return read


def _variant(body: VariantBody, names: list[str] | None) -> VariantSnapshot:
    variant_id = checked_id(body.id, what="variant")
    return VariantSnapshot(
        shopify_variant_id=variant_id,
        title=_said(body.title),
        sku_code=_unless_blank(body.sku),
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


def _within(value: int | None | UnsetType, greatest: int, what: str) -> int | None | UnsetType:
    if isinstance(value, int) and not -greatest <= value <= greatest:
        raise Terminal(f"{what} is out of range")
    return value
