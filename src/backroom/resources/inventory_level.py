"""An inventory level in Shopify's two shapes -> its head, and `LevelSnapshot`.

A webhook tells `available` alone; a pull the other quantities, too, which no webhook follows. `available` is
null where the item's stock is not tracked; a pull has a number there that means nothing. Negative numbers are
legal. The gid of a level carries numbers of its own: neither the item nor the location is read from it.
Sources: shopify.dev/docs/api/webhooks, inventory_levels/update; the Admin GraphQL schema, 2026-10.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backroom.resources.json_body import read_json
from backroom.resources.values import GREATEST_INTEGER, Text, instant_of, version_of, within
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ResourceKey, checked_id, gid_number
from backroom.vocabulary.selection import Branch, Changes, Selection

SELECTION: Final = Selection(
    connection="inventoryItems",
    type_name="InventoryItem",
    selection="id tracked updatedAt",
    branches=(
        Branch(
            field="inventoryLevels",
            node_types=("InventoryLevel",),
            selection=(
                # Those that are not active are left out: `includeInactive` is false.
                "id updatedAt location { id }"
                ' quantities(names: ["available", "on_hand", "committed", "incoming"])'
                " { name quantity updatedAt }"
            ),
            first=10,
            are_resources=True,
        ),
    ),
    changes=Changes.EXPORT,
)


class LevelSnapshot(Struct, frozen=True, kw_only=True):
    """A level. `updated_at`: of `available`; `quantities_at`: of the level when it had the others."""

    available: int | None | UnsetType = UNSET
    updated_at: datetime | None = None
    on_hand: int | None | UnsetType = UNSET
    committed: int | None | UnsetType = UNSET
    incoming: int | None | UnsetType = UNSET
    quantities_at: datetime | UnsetType = UNSET


class LevelBody(Struct):
    """A webhook's body. Of a disconnect it has only the two ids."""

    inventory_item_id: int
    location_id: int
    updated_at: Text = UNSET
    available: int | None | UnsetType = UNSET

    @property
    def key(self) -> ResourceKey:
        return (
            checked_id(self.inventory_item_id, what="inventory item"),
            checked_id(self.location_id, what="location"),
        )


class LocationNode(Struct):
    """Where the stock is."""

    id: str


class ItemNode(Struct):
    """What is stocked."""

    id: str
    tracked: bool


class QuantityNode(Struct, rename="camel"):
    """One of a level's numbers."""

    name: str
    quantity: int
    updated_at: str | None = None


class LevelNode(Struct, rename="camel"):
    """A pulled level, with its item."""

    updated_at: str
    location: LocationNode
    item: ItemNode
    quantities: list[QuantityNode]

    @property
    def key(self) -> ResourceKey:
        return gid_number(self.item.id), gid_number(self.location.id)

    def version(self) -> datetime:
        """Of `available`, which webhooks tell of; else of the level. Raises Terminal."""
        stated = next((each.updated_at for each in self.quantities if each.name == "available"), None)
        return instant_of(stated or self.updated_at)


class _ItemAbove(Struct, rename="camel"):
    """An item with its levels, as it is pulled; their own bytes are kept."""

    id: msgspec.Raw
    tracked: msgspec.Raw
    inventory_levels: list[msgspec.Raw]


class _LevelPlace(Struct):
    location: LocationNode


_BODY: Final = msgspec.json.Decoder(LevelBody)
_NODE: Final = msgspec.json.Decoder(LevelNode)
_ABOVE: Final = msgspec.json.Decoder(_ItemAbove)
_PLACE: Final = msgspec.json.Decoder(_LevelPlace)


def read_head(raw: bytes) -> tuple[ResourceKey, datetime | None, bool]:
    """(key, version, whether something is missing) of a webhook's body. Raises Terminal."""
    body = read_json(raw, _BODY)
    return body.key, version_of(body.updated_at), body.available is UNSET


def read_node_head(raw: bytes) -> tuple[ResourceKey, datetime]:
    """The same of a pulled one, which is whole. Raises Terminal."""
    node = read_json(raw, _NODE)
    return node.key, node.version()


def read_body(raw: bytes) -> LevelSnapshot:
    """Raises Terminal."""
    body = read_json(raw, _BODY)
    return LevelSnapshot(
        available=within(body.available, GREATEST_INTEGER, "available"),
        updated_at=version_of(body.updated_at),
    )


def read_node(raw: bytes) -> LevelSnapshot:
    """Raises Terminal."""
    node = read_json(raw, _NODE)
    # What is not among them was not said: that is no null.
    numbers = {each.name: within(each.quantity, GREATEST_INTEGER, each.name) for each in node.quantities}
    return LevelSnapshot(
        available=numbers.get("available", UNSET) if node.item.tracked else None,
        updated_at=node.version(),
        on_hand=numbers.get("on_hand", UNSET),
        committed=numbers.get("committed", UNSET),
        incoming=numbers.get("incoming", UNSET),
        quantities_at=instant_of(node.updated_at),
    )


def shared(snapshot: LevelSnapshot) -> LevelSnapshot:
    """What a webhook's body carries as well."""
    return LevelSnapshot(available=snapshot.available, updated_at=snapshot.updated_at)


def levels_of(raw: bytes) -> Sequence[tuple[ResourceKey | None, bytes]]:
    """An item with its levels -> each level with its item, as GraphQL has it, too. Raises Terminal."""
    above = read_json(raw, _ABOVE)
    item = b',"item":{"id":' + bytes(above.id) + b',"tracked":' + bytes(above.tracked) + b"}}"
    number = gid_number(msgspec.json.decode(above.id, type=str))
    return [(_key(number, level), bytes(level)[:-1] + item) for level in above.inventory_levels]


def _key(item: int, level: msgspec.Raw) -> ResourceKey | None:
    try:
        return item, gid_number(_PLACE.decode(level).location.id)
    except (msgspec.MsgspecError, Terminal):
        return None
