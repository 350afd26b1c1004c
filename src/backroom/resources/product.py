"""Products: Shopify's product and its variants become a listing and its variants.

The translation from Shopify's words to the ERP's happens here, in `write`, and nowhere else.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from backroom.cache.tables import cache_table
from backroom.erp.ghosts import find_ghosts, lay_ghosts
from backroom.erp.listings import Change, VariantChange
from backroom.erp.standing import unbacked_listings
from backroom.erp.writer import ErpWriter
from backroom.resources.descriptor import Action, Arrival, Departure, Ghosts, Head, Resource
from backroom.resources.gids import gids_of, key_of
from backroom.resources.product_body import read_body
from backroom.resources.product_graphql import SELECTION, lookups, read_node, read_node_head
from backroom.resources.product_head import read_head
from backroom.resources.product_snapshot import ProductSnapshot, VariantSnapshot
from backroom.resources.values import instant_of, said_only, version_of
from backroom.vocabulary.ids import checked_id

MAPPER_VERSION = 1

shopify_product_cache = cache_table("product", key=("shopify_product_id",), lookups=("title", "handle"))


def identify(topic: str, raw: bytes) -> Head:
    """Which product a body is about, and which version of it. Raises Terminal."""
    head = read_head(raw)
    updated_at = version_of(head.updated_at)
    return Head(
        key=(checked_id(head.id, what="product"),),
        updated_at=updated_at,
        partial=topic != "products/delete" and updated_at is not None and head.is_partial(),
        lookups=lookups(head.title, head.handle),
    )


def identify_fetched(raw: bytes) -> Head:
    """The same of a pulled body, which is whole unless whoever fetched it says otherwise. Raises Terminal."""
    number, updated_at, found = read_node_head(raw)
    return Head(key=(number,), updated_at=instant_of(updated_at), partial=False, lookups=found)


def write(erp: ErpWriter, arrivals: Sequence[Arrival]) -> None:
    """Listings as the snapshots say; vanished variants become inactive where the body was whole."""
    erp.listings.put([_change(arrival) for arrival in arrivals])


def remove(erp: ErpWriter, departures: Sequence[Departure]) -> None:
    """Gone upstream: the listing and its variants become inactive, and keep their last values."""
    erp.listings.deactivate([(departure.key[0], departure.cause) for departure in departures])


def parts(snapshot: ProductSnapshot) -> frozenset[int]:
    """The ids of its variants."""
    variants = () if isinstance(snapshot.variants, UnsetType) else snapshot.variants
    return frozenset(variant.shopify_variant_id for variant in variants)


def _change(arrival: Arrival) -> Change:
    snapshot: ProductSnapshot = arrival.snapshot
    variants = () if isinstance(snapshot.variants, UnsetType) else snapshot.variants
    return Change(
        shopify_product_id=snapshot.shopify_product_id,
        fields=said_only(
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
        fields=said_only(
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


def _listed(values: tuple[str, ...] | UnsetType) -> list[str] | UnsetType:
    return values if isinstance(values, UnsetType) else list(values)


def _named(options: tuple[tuple[str, tuple[str, ...]], ...] | UnsetType) -> list[dict[str, Any]] | UnsetType:
    if isinstance(options, UnsetType):
        return UNSET
    return [{"name": name, "values": list(values)} for name, values in options]


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
    identify_fetched=identify_fetched,
    selection=SELECTION,
    gid_of=gids_of(SELECTION.type_name),
    key_of=key_of,
    decode={"rest": read_body, "graphql": read_node},
    write=write,
    remove=remove,
    parts=parts,
    unbacked=unbacked_listings,
    ghosts=Ghosts(find_ghosts, lay_ghosts),
    deletion_subject="PRODUCT",
)
