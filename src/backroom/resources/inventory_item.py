"""Inventory items: what is stocked. Each variant has one; whether its stock is tracked stands here.

Left out of the snapshot: weights (the other shape measures them elsewhere), the provinces of origin, and the
codes by country. The variant of an item is known from the product: Shopify is about to let several share one.
Sources: shopify.dev/docs/api/webhooks, inventory_items/update; the Admin GraphQL schema, 2026-10.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backroom.erp.agreement import items_agree
from backroom.erp.standing import unbacked_items
from backroom.erp.writer import ErpWriter
from backroom.resources.descriptor import Action, Arrival, Departure, Head, Resource
from backroom.resources.gids import gids_of, key_of
from backroom.resources.heads import webhook_head
from backroom.resources.json_body import read_json
from backroom.resources.stock_caches import shopify_inventory_cache, shopify_inventory_item_cache
from backroom.resources.stock_changes import stock_changes
from backroom.resources.values import (
    Text,
    amount,
    indexed,
    instant_of,
    refuse_nul,
    said,
    searchable,
    unless_blank,
    version_of,
)
from backroom.vocabulary.ids import checked_id, gid_number
from backroom.vocabulary.money import Amount
from backroom.vocabulary.selection import Changes, Selection

MAPPER_VERSION: Final = 1
SELECTION: Final = Selection(
    connection="inventoryItems",
    type_name="InventoryItem",
    selection=(
        "id sku tracked requiresShipping unitCost { amount }"
        " countryCodeOfOrigin harmonizedSystemCode updatedAt"
    ),
    changes=Changes.EXPORT,
)


class InventoryItemSnapshot(Struct, frozen=True, kw_only=True):
    """An inventory item as both of Shopify's shapes carry it. `cost`: of one, in the shop's currency."""

    shopify_inventory_item_id: int
    sku_code: Text = UNSET
    tracked: bool | UnsetType = UNSET
    cost: Amount | None | UnsetType = UNSET
    requires_shipping: bool | UnsetType = UNSET
    country_code_of_origin: Text = UNSET
    harmonized_system_code: Text = UNSET


class InventoryItemBody(Struct):
    """A webhook's body. Of a deletion it lacks most of it."""

    id: int
    updated_at: Text = UNSET
    sku: Text = UNSET
    tracked: bool | UnsetType = UNSET
    cost: Text = UNSET
    requires_shipping: bool | UnsetType = UNSET
    country_code_of_origin: Text = UNSET
    harmonized_system_code: Text = UNSET

    def is_partial(self) -> bool:
        """Law 5: a key that the snapshot reads is missing."""
        return any(getattr(self, name) is UNSET for name in self.__struct_fields__)


class CostNode(Struct):
    """A decimal text."""

    amount: str


class InventoryItemNode(Struct, rename="camel"):
    """A pulled inventory item."""

    id: str
    updated_at: str
    sku: str | None
    tracked: bool
    requires_shipping: bool
    unit_cost: CostNode | None
    country_code_of_origin: str | None
    harmonized_system_code: str | None


_BODY: Final = msgspec.json.Decoder(InventoryItemBody)
_NODE: Final = msgspec.json.Decoder(InventoryItemNode)


def identify(topic: str, raw: bytes) -> Head:
    """Which item a body is about, and which version of it. Raises Terminal."""
    body = read_json(raw, _BODY)
    return webhook_head(
        inventory_item.topics[topic],
        (checked_id(body.id, what="inventory item"),),
        version_of(body.updated_at),
        lacks_some=body.is_partial(),
        lookups={"title": searchable(body.sku)},
    )


def identify_fetched(raw: bytes) -> Head:
    """The same of a pulled one. Raises Terminal."""
    node = read_json(raw, _NODE)
    return Head(
        key=key_of(node.id),
        updated_at=instant_of(node.updated_at),
        partial=False,
        lookups={"title": searchable(node.sku)},
    )


def read_body(raw: bytes) -> InventoryItemSnapshot:
    """Raises Terminal."""
    body = read_json(raw, _BODY)
    refuse_nul(raw, body)
    return InventoryItemSnapshot(
        shopify_inventory_item_id=checked_id(body.id, what="inventory item"),
        sku_code=_code(body.sku),
        tracked=body.tracked,
        cost=amount(body.cost, "the cost"),
        requires_shipping=body.requires_shipping,
        country_code_of_origin=said(body.country_code_of_origin),
        harmonized_system_code=said(body.harmonized_system_code),
    )


def read_node(raw: bytes) -> InventoryItemSnapshot:
    """Raises Terminal."""
    node = read_json(raw, _NODE)
    refuse_nul(raw, node)
    return InventoryItemSnapshot(
        shopify_inventory_item_id=gid_number(node.id),
        sku_code=_code(node.sku),
        tracked=node.tracked,
        cost=amount(None if node.unit_cost is None else node.unit_cost.amount, "the cost"),
        requires_shipping=node.requires_shipping,
        country_code_of_origin=said(node.country_code_of_origin),
        harmonized_system_code=said(node.harmonized_system_code),
    )


def write(erp: ErpWriter, arrivals: Sequence[Arrival]) -> None:
    """Items as the snapshots say."""
    erp.stock.put_items(stock_changes(arrivals, "shopify_inventory_item_id"))


def remove(erp: ErpWriter, departures: Sequence[Departure]) -> None:
    """Gone upstream: they become inactive, and keep their last values."""
    erp.stock.deactivate_items([(each.key, each.cause) for each in departures])


def _code(sku: Text) -> Text:
    return indexed(unless_blank(sku), "the sku")


inventory_item = Resource(
    name="inventory_item",
    plural="inventory_items",
    scopes=("read_inventory",),
    topics={
        "inventory_items/create": Action.UPSERT,
        "inventory_items/update": Action.UPSERT,
        "inventory_items/delete": Action.DELETE,
    },
    cache=shopify_inventory_item_cache,
    mapper_version=MAPPER_VERSION,
    identify=identify,
    identify_fetched=identify_fetched,
    selection=SELECTION,
    gid_of=gids_of(SELECTION.type_name),
    key_of=key_of,
    decode={"rest": read_body, "graphql": read_node},
    write=write,
    remove=remove,
    unbacked=unbacked_items,
    agree=items_agree(shopify_inventory_cache, shopify_inventory_item_cache),
    levels=shopify_inventory_cache,
)
