"""Asks Shopify for resources by their keys.

Enters: keys of one shop and resource. Leaves: the body of each, which keys Shopify has nothing under, and
what came along.
What is not whole says nothing of what it lacks. What never happens here: a write.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from backroom.flow.pieces import Piece, pieces_of
from backroom.resources.descriptor import Resource
from backroom.shopify.client import Client
from backroom.shopify.pages import read_nodes
from backroom.vocabulary.ids import ResourceKey


@dataclass(slots=True)
class Fetched:
    """What Shopify answered. A key that is in neither was asked for, and can not be told.

    `besides`: what was not asked for, of the same items.
    """

    bodies: dict[ResourceKey, Piece] = field(default_factory=dict)
    absent: list[ResourceKey] = field(default_factory=list)
    besides: list[Piece] = field(default_factory=list)


def fetch_by_keys(client: Client, resource: Resource, keys: Iterable[ResourceKey]) -> Fetched:
    """In few questions: levels of one item are one node. Raises what `read_nodes` raises."""
    asked: dict[str, list[ResourceKey]] = {}
    for key in keys:
        asked.setdefault(resource.gid_of(key), []).append(key)
    answer = read_nodes(client, resource.selection, list(asked))
    fetched = Fetched(absent=[key for gid in answer.absent for key in asked[gid]])
    for body in answer.found:
        pieces = pieces_of(resource, body)
        if resource.split is None:
            fetched.bodies[asked[body.gid][0]] = pieces[0]
            continue
        found = {piece.key: piece for piece in pieces}
        for key in asked[body.gid]:
            if key in found:
                fetched.bodies[key] = found[key]
            elif body.whole and None not in found:
                fetched.absent.append(key)
        wanted = {*asked[body.gid], None}
        fetched.besides += [piece for key, piece in found.items() if key not in wanted]
    return fetched
