"""Locations: where a shop keeps stock.

Left out of the snapshot: what a location is called in the other shape only (country_name, province), legacy,
and coordinates. `active` is Shopify's own word; a deactivated location is there, and sells nothing.
Sources: shopify.dev/docs/api/webhooks, locations/update; the Admin GraphQL schema, 2026-10.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backroom.erp.agreement import locations_agree
from backroom.erp.standing import unbacked_locations
from backroom.erp.writer import ErpWriter
from backroom.resources.descriptor import Action, Arrival, Departure, Head, Resource
from backroom.resources.gids import gids_of, key_of
from backroom.resources.heads import webhook_head
from backroom.resources.json_body import read_json
from backroom.resources.stock_caches import shopify_inventory_cache, shopify_location_cache
from backroom.resources.stock_changes import stock_changes
from backroom.resources.values import (
    Text,
    instant_of,
    refuse_nul,
    said,
    searchable,
    version_of,
)
from backroom.vocabulary.ids import checked_id, gid_number
from backroom.vocabulary.selection import Changes, Selection

MAPPER_VERSION: Final = 1
SELECTION: Final = Selection(
    connection="locations",
    type_name="Location",
    selection=(
        "id name isActive updatedAt address { address1 address2 city zip provinceCode countryCode phone }"
    ),
    arguments="includeInactive: true, includeLegacy: true",
    changes=Changes.EVERYTHING,
)


class LocationSnapshot(Struct, frozen=True, kw_only=True):
    """A location as both of Shopify's shapes carry it."""

    shopify_location_id: int
    name: Text = UNSET
    active: bool | UnsetType = UNSET
    address1: Text = UNSET
    address2: Text = UNSET
    city: Text = UNSET
    zip: Text = UNSET
    province_code: Text = UNSET
    country_code: Text = UNSET
    phone: Text = UNSET


class LocationBody(Struct):
    """A webhook's body. Of a deletion it has only the id."""

    id: int
    updated_at: Text = UNSET
    name: Text = UNSET
    active: bool | UnsetType = UNSET
    address1: Text = UNSET
    address2: Text = UNSET
    city: Text = UNSET
    zip: Text = UNSET
    province_code: Text = UNSET
    country_code: Text = UNSET
    phone: Text = UNSET

    def is_partial(self) -> bool:
        """Law 5: a key that the snapshot reads is missing."""
        return any(getattr(self, name) is UNSET for name in _READ)


class AddressNode(Struct, rename="camel"):
    """Where a location is."""

    address1: str | None
    address2: str | None
    city: str | None
    zip: str | None
    province_code: str | None
    country_code: str | None
    phone: str | None


class LocationNode(Struct, rename="camel"):
    """A pulled location."""

    id: str
    updated_at: str
    name: str | None
    is_active: bool
    address: AddressNode


_READ: Final = tuple(name for name in LocationBody.__struct_fields__ if name not in ("id", "updated_at"))
_BODY: Final = msgspec.json.Decoder(LocationBody)
_NODE: Final = msgspec.json.Decoder(LocationNode)


def identify(topic: str, raw: bytes) -> Head:
    """Which location a body is about, and which version of it. Raises Terminal."""
    body = read_json(raw, _BODY)
    return webhook_head(
        location.topics[topic],
        (checked_id(body.id, what="location"),),
        version_of(body.updated_at),
        lacks_some=body.is_partial(),
        lookups={"title": searchable(body.name)},
    )


def identify_fetched(raw: bytes) -> Head:
    """The same of a pulled one. Raises Terminal."""
    node = read_json(raw, _NODE)
    return Head(
        key=key_of(node.id),
        updated_at=instant_of(node.updated_at),
        partial=False,
        lookups={"title": searchable(node.name)},
    )


def read_body(raw: bytes) -> LocationSnapshot:
    """Raises Terminal."""
    body = read_json(raw, _BODY)
    refuse_nul(raw, body)
    return LocationSnapshot(
        shopify_location_id=checked_id(body.id, what="location"),
        active=body.active,
        **{name: said(getattr(body, name)) for name in _READ if name != "active"},
    )


def read_node(raw: bytes) -> LocationSnapshot:
    """Raises Terminal."""
    node = read_json(raw, _NODE)
    refuse_nul(raw, node)
    address = {name: said(value) for name, value in msgspec.structs.asdict(node.address).items()}
    return LocationSnapshot(
        shopify_location_id=gid_number(node.id), name=said(node.name), active=node.is_active, **address
    )


def write(erp: ErpWriter, arrivals: Sequence[Arrival]) -> None:
    """Locations as the snapshots say."""
    erp.stock.put_locations(stock_changes(arrivals, "shopify_location_id"))


def remove(erp: ErpWriter, departures: Sequence[Departure]) -> None:
    """Gone upstream: they become inactive, and keep their last values."""
    erp.stock.deactivate_locations([(each.key, each.cause) for each in departures])


location = Resource(
    name="location",
    plural="locations",
    scopes=("read_locations",),
    topics={
        "locations/create": Action.UPSERT,
        "locations/update": Action.UPSERT,
        "locations/activate": Action.UPSERT,
        "locations/deactivate": Action.UPSERT,
        "locations/delete": Action.DELETE,
    },
    cache=shopify_location_cache,
    mapper_version=MAPPER_VERSION,
    identify=identify,
    identify_fetched=identify_fetched,
    selection=SELECTION,
    gid_of=gids_of(SELECTION.type_name),
    key_of=key_of,
    decode={"rest": read_body, "graphql": read_node},
    write=write,
    remove=remove,
    unbacked=unbacked_locations,
    agree=locations_agree(shopify_inventory_cache, shopify_location_cache),
)
