"""Resources page by page, or by their gids: whole, with all of their children.

A page carries the first few children along; those beyond are fetched by pages of their own, while the
node's updatedAt stays as it was. Where it does not, the node is read again from the start: children of two
states would make a body that never was. Bodies leave as `Assembled`; only what paging needs is decoded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from backroom.shopify.answers import PageInfo, decoded
from backroom.shopify.assembled import Assembled, assemble, json_object
from backroom.shopify.client import Client
from backroom.shopify.documents import branch_document, nodes_document, page_document
from backroom.vocabulary.errors import MaxCostExceeded, QueryRefused
from backroom.vocabulary.selection import Branch, Selection

MOST_IDS: Final = 250
"""Of an input list, and of a page. Source: shopify.dev/docs/api/usage/limits (2026-10)."""
READINGS: Final = 4
"""Of one node that changes while its children are read; then it is handed on as not whole."""

T = TypeVar("T")
Node = dict[str, msgspec.Raw]
_NODE = msgspec.json.Decoder(Node)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePage:
    """One page, in the order of the resources' last change.

    `listed_at`: their updatedAt as the page listed them, which is where it stands in that order. A resource
    that was read again, because it changed meanwhile, has a later one in its body.
    """

    items: list[Assembled]
    listed_at: list[str]
    end_cursor: str | None
    has_next: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesAnswer:
    """What was asked for by gid: what is there, and which gids are not."""

    found: list[Assembled]
    absent: list[str]


class _Connection(msgspec.Struct, rename="camel"):
    nodes: list[msgspec.Raw]
    page_info: PageInfo


class _Nodes(msgspec.Struct):
    nodes: list[msgspec.Raw]


class _One(msgspec.Struct):
    node: msgspec.Raw


class _Changed(Exception):
    """The node is not what it was when its first children were read."""


def read_page(
    client: Client, selection: Selection, *, first: int, after: str | None, query: str | None
) -> ResourcePage:
    """At most `first` resources after a cursor; fewer where the shop's limit wants it."""

    def ask(size: int) -> ResourcePage:
        answer = client.ask(document, {"first": size, "after": after, "query": query})
        connection = decoded(answer.data, dict[str, _Connection])[selection.connection]
        return ResourcePage(
            items=[_whole(client, selection, bytes(node)) for node in connection.nodes],
            listed_at=[text for node in connection.nodes if (text := _listed_at(node)) is not None],
            end_cursor=connection.page_info.end_cursor,
            has_next=connection.page_info.has_next_page,
        )

    document = page_document(selection)
    return _affordable(client, document, min(first, MOST_IDS), ask)


def read_nodes(client: Client, selection: Selection, gids: Sequence[str]) -> NodesAnswer:
    """Resources by gid, in the order of the gids; in several questions where one would cost too much."""
    items: list[Assembled | None] = []

    def ask(size: int) -> list[bytes | None]:
        return _ask_nodes(client, selection, gids[len(items) : len(items) + size])

    document = nodes_document(selection)
    while len(items) < len(gids):
        nodes = _affordable(client, document, min(len(gids) - len(items), MOST_IDS), ask)
        items += [None if node is None else _whole_or_absent(client, selection, node) for node in nodes]
    return NodesAnswer(
        found=[item for item in items if item is not None],
        absent=[gid for gid, item in zip(gids, items, strict=True) if item is None],
    )


def _affordable(client: Client, document: str, wanted: int, ask: Callable[[int], T]) -> T:
    """What `ask` gives for `wanted`, or for the largest number that the shop allows."""
    while True:
        size = client.page_size(document, wanted)
        try:
            return ask(size)
        except MaxCostExceeded as error:
            if size == 1:
                raise QueryRefused(f"{client.shop.domain} allows too little: {error}") from error
            client.shrink(document, _smaller(size, error))


def _smaller(size: int, error: MaxCostExceeded) -> int:
    """In proportion where both numbers are known: a query's cost grows about as its pages do."""
    fitting = int(size * error.limit / error.cost) if error.limit and error.cost else size // 2
    return max(1, min(fitting, size - 1))


def _ask_nodes(client: Client, selection: Selection, gids: Sequence[str]) -> list[bytes | None]:
    """Each gid's node as JSON. None where there is none, or it is of another type."""
    answer = client.ask(nodes_document(selection), {"ids": list(gids)})
    nodes = decoded(answer.data, _Nodes).nodes
    if len(nodes) != len(gids):
        raise QueryRefused(f"{client.shop.domain} answers {len(nodes)} nodes to {len(gids)} ids")
    return [None if bytes(node) in (b"null", b"{}") else bytes(node) for node in nodes]


def _whole(client: Client, selection: Selection, raw: bytes) -> Assembled:
    """A node of a page. One that vanished meanwhile is handed on as it was, not whole."""
    return _whole_or_absent(client, selection, raw) or _closed(selection, raw)


def _whole_or_absent(client: Client, selection: Selection, raw: bytes) -> Assembled | None:
    """A node with all of its children, read again where it changes meanwhile; None once it is gone."""
    current: bytes | None = raw
    for _ in range(READINGS):
        if current is None:
            return None
        raw = current
        try:
            return _completed(client, selection, raw)
        except _Changed:
            current = _ask_nodes(client, selection, [_text(_NODE.decode(raw)["id"])])[0]
    return _closed(selection, raw) if current is not None else None


def _completed(client: Client, selection: Selection, raw: bytes) -> Assembled:
    own, connections = _parted(selection, raw)
    children = [
        (
            branch.field.encode(),
            [
                *map(bytes, connection.nodes),
                *_further(client, selection, branch, own, connection.page_info),
            ],
        )
        for branch, connection in zip(selection.branches, connections, strict=True)
    ]
    return Assembled(gid=_text(own["id"]), raw=assemble(json_object(own), children), whole=True)


def _closed(selection: Selection, raw: bytes) -> Assembled:
    """A node with the children that came along, whatever is missing."""
    own, connections = _parted(selection, raw)
    children = [
        (branch.field.encode(), [*map(bytes, connection.nodes)])
        for branch, connection in zip(selection.branches, connections, strict=True)
    ]
    return Assembled(gid=_text(own["id"]), raw=assemble(json_object(own), children), whole=False)


def _further(
    client: Client, selection: Selection, branch: Branch, own: Node, page_info: PageInfo
) -> list[bytes]:
    """The children beyond the first ones. Raises _Changed."""
    document = branch_document(selection, branch)
    children: list[bytes] = []
    while page_info.has_next_page:
        after = page_info.end_cursor

        def ask(size: int, after: str | None = after) -> _Connection:
            variables = {"id": _text(own["id"]), "first": size, "after": after}
            node = decoded(client.ask(document, variables).data, _One).node
            fields = {} if bytes(node) == b"null" else _NODE.decode(node)
            if not fields or bytes(fields["updatedAt"]) != bytes(own["updatedAt"]):
                raise _Changed
            return decoded(fields[branch.field], _Connection)

        connection = _affordable(client, document, MOST_IDS, ask)
        children += map(bytes, connection.nodes)
        page_info = connection.page_info
    return children


def _parted(selection: Selection, raw: bytes) -> tuple[Node, list[_Connection]]:
    """A node's own fields, and its branches."""
    own = _NODE.decode(raw)
    return own, [decoded(own.pop(branch.field), _Connection) for branch in selection.branches]


def _listed_at(node: msgspec.Raw) -> str | None:
    """None where it is no text; whoever reads the body refuses that one alone."""
    raw = _NODE.decode(node).get("updatedAt")
    text = None if raw is None else msgspec.json.decode(raw)
    return text if isinstance(text, str) else None


def _text(raw: msgspec.Raw) -> str:
    return msgspec.json.decode(raw, type=str)
