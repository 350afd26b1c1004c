"""What was fetched -> the resources in it: most are one; an inventory item has a level for each location.

Enters: an assembled body. Leaves: pieces, each the body of one resource. What never happens here: I/O.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from backroom.resources.descriptor import Resource
from backroom.shopify.assembled import Assembled
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ResourceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One resource's body. `key` null: whoever reads the body says why. `name`: for people, there."""

    name: str
    key: ResourceKey | None
    raw: bytes
    whole: bool


def pieces_of(resource: Resource, body: Assembled) -> Sequence[Piece]:
    """The resources in a body. One of many is whole, whatever its neighbours are."""
    if resource.split is None:
        return [Piece(name=body.gid, key=_key(resource, body.gid), raw=body.raw, whole=body.whole)]
    try:
        found = resource.split(body.raw)
    except Terminal:
        return [Piece(name=body.gid, key=None, raw=body.raw, whole=False)]
    return [Piece(name=body.gid, key=key, raw=raw, whole=True) for key, raw in found]


def _key(resource: Resource, gid: str) -> ResourceKey | None:
    try:
        return resource.key_of(gid)
    except Terminal:
        return None
