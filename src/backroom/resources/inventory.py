"""Stock: an inventory level for each item and location that has some.

A level comes and goes as its item is connected to the location and disconnected. It may come before its
variant, its item or its location, and waits for nobody: they are joined when stock is read.
"""

from collections.abc import Sequence
from typing import Final

from backroom.erp.agreement import levels_agree
from backroom.erp.standing import unbacked_levels
from backroom.erp.writer import ErpWriter
from backroom.resources.descriptor import Action, Arrival, Departure, Head, Resource, Totals
from backroom.resources.heads import webhook_head
from backroom.resources.inventory_level import (
    SELECTION,
    levels_of,
    read_body,
    read_head,
    read_node,
    read_node_head,
    shared,
)
from backroom.resources.product import shopify_product_cache
from backroom.resources.product_totals import read_totals
from backroom.resources.stock_caches import (
    shopify_inventory_cache,
    shopify_inventory_item_cache,
    shopify_location_cache,
)
from backroom.resources.stock_changes import stock_changes
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ResourceKey

MAPPER_VERSION: Final = 1


def identify(topic: str, raw: bytes) -> Head:
    """Which level a body is about, and which version of it. Raises Terminal."""
    key, updated_at, lacks_some = read_head(raw)
    return webhook_head(inventory.topics[topic], key, updated_at, lacks_some=lacks_some, lookups={})


def identify_fetched(raw: bytes) -> Head:
    """The same of a pulled one. Raises Terminal."""
    key, updated_at = read_node_head(raw)
    return Head(key=key, updated_at=updated_at, partial=False, lookups={})


def gid_of(key: ResourceKey) -> str:
    """Of the item: a level's own gid can not be made of its key."""
    return f"gid://shopify/{SELECTION.type_name}/{key[0]}"


def key_of(gid: str) -> ResourceKey:
    """Raises Terminal: a gid does not say which level it is."""
    raise Terminal(f"{gid[:80]!r} names no item and location")


def write(erp: ErpWriter, arrivals: Sequence[Arrival]) -> None:
    """Levels as the snapshots say."""
    erp.stock.put_levels(stock_changes(arrivals))


def remove(erp: ErpWriter, departures: Sequence[Departure]) -> None:
    """Disconnected: they become inactive, and keep their last values."""
    erp.stock.deactivate_levels([(each.key, each.cause) for each in departures])


inventory = Resource(
    name="inventory",
    plural="inventory",
    scopes=("read_inventory",),
    topics={
        "inventory_levels/update": Action.UPSERT,
        "inventory_levels/connect": Action.UPSERT,
        "inventory_levels/disconnect": Action.DELETE,
    },
    cache=shopify_inventory_cache,
    mapper_version=MAPPER_VERSION,
    identify=identify,
    identify_fetched=identify_fetched,
    selection=SELECTION,
    gid_of=gid_of,
    key_of=key_of,
    decode={"rest": read_body, "graphql": read_node},
    write=write,
    remove=remove,
    unbacked=unbacked_levels,
    agree=levels_agree(shopify_inventory_cache, shopify_inventory_item_cache, shopify_location_cache),
    along=("locations", "inventory_items"),
    split=levels_of,
    shared=shared,
    pulls_more=True,
    reconnects=True,
    totals=Totals(shopify_product_cache, read_totals),
)
