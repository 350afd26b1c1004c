"""Products: Shopify's product and its variants become a listing and its variants.

The translation from Shopify's words to the ERP's happens here, in `write`, and nowhere else.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from backroom.cache.tables import cache_table
from backroom.erp.writer import Change, ErpWriter, VariantChange
from backroom.resources.descriptor import Action, Arrival, Departure, Head, Resource
from backroom.resources.product_body import LONGEST_INDEXED, read_body
from backroom.resources.product_head import read_head
from backroom.resources.product_snapshot import ProductSnapshot, VariantSnapshot
from backroom.vocabulary.clock import parse_instant
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import checked_id

MAPPER_VERSION = 1

shopify_product_cache = cache_table("product", key=("shopify_product_id",), lookups=("title", "handle"))


def identify(topic: str, raw: bytes) -> Head:
    """Which product a body is about, and which version of it. Raises Terminal."""
    head = read_head(raw)
    updated_at = None
    if isinstance(head.updated_at, str):
        try:
            updated_at = parse_instant(head.updated_at)
        except ValueError as error:
            raise Terminal(f"updated_at: {error}") from error
    return Head(
        key=(checked_id(head.id, what="product"),),
        updated_at=updated_at,
        partial=topic != "products/delete" and updated_at is not None and head.is_partial(),
        lookups={"title": _searchable(head.title), "handle": _searchable(head.handle)},
    )


def write(erp: ErpWriter, arrivals: Sequence[Arrival]) -> None:
    """Listings as the snapshots say; vanished variants become inactive where the body was whole."""
    erp.put_listings([_change(arrival) for arrival in arrivals])


def remove(erp: ErpWriter, departures: Sequence[Departure]) -> None:
    """Gone upstream: the listing and its variants become inactive, and keep their last values."""
    erp.deactivate_listings([(departure.key[0], departure.cause) for departure in departures])


def _change(arrival: Arrival) -> Change:
    snapshot: ProductSnapshot = arrival.snapshot
    variants = () if isinstance(snapshot.variants, UnsetType) else snapshot.variants
    return Change(
        shopify_product_id=snapshot.shopify_product_id,
        fields=_said(
            shopify_handle=snapshot.handle,
            title=snapshot.title,
            status=snapshot.status,
            vendor=snapshot.vendor,
            product_type=snapshot.product_type,
            tags=_listed(snapshot.tags),
            options=_named(snapshot.options),
            images=_listed(snapshot.images),
        ),
        variants=tuple(_variant_change(variant) for variant in variants),
        whole=not arrival.partial,
        cause=arrival.cause,
    )


def _variant_change(variant: VariantSnapshot) -> VariantChange:
    return VariantChange(
        shopify_variant_id=variant.shopify_variant_id,
        fields=_said(
            shopify_inventory_item_id=variant.inventory_item_id,
            sku_code=variant.sku_code,
            barcode=variant.barcode,
            title=variant.title,
            price=variant.price,
            compare_at_price=variant.compare_at_price,
            options=variant.options if isinstance(variant.options, UnsetType) else dict(variant.options),
            position=variant.position,
        ),
    )


def _said(**fields: Any) -> dict[str, Any]:
    """Without the fields that the body did not carry."""
    return {name: value for name, value in fields.items() if value is not UNSET}


def _listed(values: tuple[str, ...] | UnsetType) -> list[str] | UnsetType:
    return values if isinstance(values, UnsetType) else list(values)


def _named(options: tuple[tuple[str, tuple[str, ...]], ...] | UnsetType) -> list[dict[str, Any]] | UnsetType:
    if isinstance(options, UnsetType):
        return UNSET
    return [{"name": name, "values": list(values)} for name, values in options]


def _searchable(text: str | None | UnsetType) -> str | None:
    """A look-up column is for people's searches: it may lose a NUL or an end, not the delivery."""
    if not isinstance(text, str):
        return None
    return text[:LONGEST_INDEXED].replace("\x00", "\N{REPLACEMENT CHARACTER}")


product = Resource(
    name="product",
    plural="products",
    scopes=("read_products",),
    topics={
        "products/create": Action.UPSERT,
        "products/update": Action.UPSERT,
        "products/delete": Action.DELETE,
    },
    cache=shopify_product_cache,
    mapper_version=MAPPER_VERSION,
    identify=identify,
    decode={"rest": read_body},
    write=write,
    remove=remove,
)
