"""One resource as it goes into the raw cache: the node's own JSON, and each branch as a plain list of nodes.

The same form from a bulk file, a page and a single fetch: `{"id":"gid://...",...,"variants":[...],"media":[...]}`,
Shopify's own bytes put together, without `__parentId`, edges, nodes or pageInfo. Nothing is decoded here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """A resource's body. `whole` False: not all of its children could be had, so it removes nothing."""

    gid: str
    raw: bytes
    whole: bool


def assemble(own: bytes, branches: Iterable[tuple[bytes, Sequence[bytes]]]) -> bytes:
    """`own` is the node's JSON object, not empty; each branch is (field, the nodes' JSON)."""
    parts = [own[:-1]]
    for field, nodes in branches:
        parts += (b',"', field, b'":[', b",".join(nodes), b"]")
    parts.append(b"}")
    return b"".join(parts)


def json_object(fields: Mapping[str, msgspec.Raw]) -> bytes:
    """A JSON object of Shopify's own bytes, in Shopify's order. Names are GraphQL's: nothing to escape."""
    pairs = (b'"' + name.encode() + b'":' + bytes(value) for name, value in fields.items())
    return b"{" + b",".join(pairs) + b"}"
