"""A pulled product (GraphQL shape) -> its head, and `ProductSnapshot`; and what is asked of Shopify for it.

Enters: an assembled body, a node with its variants and media as plain arrays. What is left out of the
snapshot stands in `product_body`: only what both shapes carry is in it. Source: the Admin GraphQL schema,
2026-10.
"""

import msgspec
from msgspec import Struct

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
    searchable,
    unless_blank,
    within,
)
from backroom.vocabulary.ids import gid_number
from backroom.vocabulary.selection import Branch, Selection

SELECTION = Selection(
    connection="products",
    type_name="Product",
    selection="id title handle status vendor productType tags updatedAt options { id name position values }",
    branches=(
        Branch(
            field="variants",
            node_types=("ProductVariant",),
            selection=(
                "id title sku barcode price compareAtPrice position"
                " selectedOptions { name value } inventoryItem { id }"
            ),
            first=10,
        ),
        Branch(
            field="media",
            node_types=("MediaImage", "Video", "ExternalVideo", "Model3d"),
            selection="id ... on MediaImage { image { url } }",
            first=10,
        ),
    ),
)


class OptionNode(Struct):
    """An option, as the product lists it."""

    name: str
    position: int
    values: list[str]


class ChosenOption(Struct):
    """The value that a variant has of an option."""

    name: str
    value: str


class InventoryItemNode(Struct):
    """We keep its id: levels refer to it."""

    id: str


class ImageNode(Struct):
    """We keep its address."""

    url: str | None = None


class MediaNode(Struct):
    """An image, or (without one) a film or a model, which the snapshot leaves out."""

    id: str
    image: ImageNode | None = None


class VariantNode(Struct, rename="camel"):
    """A variant, whole."""

    id: str
    title: str | None
    sku: str | None
    barcode: str | None
    price: str | None
    compare_at_price: str | None
    position: int | None
    selected_options: list[ChosenOption]
    inventory_item: InventoryItemNode | None


class ProductNode(Struct, rename="camel"):
    """A product, with all of its variants and media."""

    id: str
    title: str | None
    handle: str | None
    status: str | None
    vendor: str | None
    product_type: str | None
    tags: list[str]
    options: list[OptionNode]
    variants: list[VariantNode]
    media: list[MediaNode]


class ProductNodeHead(Struct, rename="camel"):
    """What putting a body into the cache reads of it."""

    id: str
    updated_at: str
    title: str | None = None
    handle: str | None = None


_NODE = msgspec.json.Decoder(ProductNode)
_HEAD = msgspec.json.Decoder(ProductNodeHead)


def read_node_head(raw: bytes) -> tuple[int, str, dict[str, str | None]]:
    """(Shopify's id, updated_at as text, look-ups). Raises Terminal."""
    head = read_json(raw, _HEAD)
    return gid_number(head.id), head.updated_at, lookups(head.title, head.handle)


def lookups(title: Text, handle: Text) -> dict[str, str | None]:
    """The columns to search by."""
    return {"title": searchable(title), "handle": searchable(handle)}


def read_node(raw: bytes) -> ProductSnapshot:
    """The whole body, decoded. Raises Terminal."""
    node = read_json(raw, _NODE)
    refuse_nul(raw, node)
    options = sorted(node.options, key=lambda option: option.position)
    places = {option.name: place for place, option in enumerate(options)}
    return ProductSnapshot(
        shopify_product_id=gid_number(node.id),
        title=said(node.title),
        handle=indexed(said(node.handle), "the handle"),
        status=lowered(said(node.status)),
        vendor=said(node.vendor),
        product_type=said(node.product_type),
        tags=tag_set(node.tags),
        options=tuple((option.name, tuple(option.values)) for option in options),
        images=tuple(media.image.url for media in node.media if media.image and media.image.url),
        variants=in_order(_variant(variant, places) for variant in node.variants),
    )


def _variant(node: VariantNode, places: dict[str, int]) -> VariantSnapshot:
    variant_id = gid_number(node.id)
    return VariantSnapshot(
        shopify_variant_id=variant_id,
        title=said(node.title),
        sku_code=indexed(unless_blank(node.sku), "a variant's sku"),
        barcode=unless_blank(node.barcode),
        price=amount(node.price, "the price of variant", variant_id),
        compare_at_price=amount(node.compare_at_price, "the compare-at price of variant", variant_id),
        options=_chosen(node.selected_options, places),
        position=within(node.position, GREATEST_INTEGER, "position"),
        inventory_item_id=gid_number(node.inventory_item.id) if node.inventory_item else None,
    )


def _chosen(options: list[ChosenOption], places: dict[str, int]) -> tuple[tuple[str, str], ...]:
    """In the product's order; a value whose option the product does not have is left out."""
    known = [option for option in options if option.name in places and option.value]
    return tuple((option.name, option.value) for option in sorted(known, key=lambda each: places[each.name]))
