"""Writes a bulk operation's lines: a query and the living shop enter, JSONL leaves, in flat memory.

One object a line, its fields in the order of the query; a child's last key, `__parentId`, names its parent.
There is no snapshot: each root is read when its turn comes. What never happens here: a file, a status.

Source: shopify.dev/docs/api/usage/bulk-operations/queries (JSONL data format).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from graphql import FieldNode, GraphQLObjectType, OperationDefinitionNode, get_named_type, is_object_type

from shopify_simulator.admin.plan import Asked, Finish, Planner, fragments_of, run_of
from shopify_simulator.admin.readers import Arguments, Reader
from shopify_simulator.admin.schema import admin_schema, checked
from shopify_simulator.admin.slices import WHOLE
from shopify_simulator.admin.stock import EXPORTED, TYPE_OF_EXPORTED

PARENT = "__parentId"
Siblings = tuple[str | None, int]
"""A parent, and which of its connections: what stands there in an order."""

_encode = msgspec.json.Encoder().encode


class NotExported(Exception):
    """The simulator's exports do not have this field."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A connection below a line: how its nodes are read, and how each is written."""

    read: Reader
    arguments: Arguments
    line: "Line"


@dataclass(frozen=True, slots=True)
class Line:
    """How one object becomes a line and those of its children. `kinds`: by the name of its type."""

    kinds: dict[str, tuple[Finish, list[Branch]]]
    type_of: Callable[[Any], str]

    def own(self, source: Any, look: Any, parent: str | None = None) -> tuple[bytes, str | None]:
        """The object's line, and its id where it was asked for."""
        found: dict[str, Any] = self._kind(source)[0](source, look)
        identity = found.get("id")
        if parent is not None:
            found[PARENT] = parent
        return _encode(found) + b"\n", identity

    def children(self, source: Any, look: Any, identity: str | None) -> Iterator[tuple[Siblings, bytes]]:
        """The lines of all that hangs below it, each child before its own children, with its siblings."""
        for number, branch in enumerate(self._kind(source)[1]):
            for child in branch.read(source, look, branch.arguments).items:
                line, own = branch.line.own(child, look, identity)
                yield (identity, number), line
                yield from branch.line.children(child, look, own)

    def _kind(self, source: Any) -> tuple[Finish, list[Branch]]:
        if len(self.kinds) == 1:
            return next(iter(self.kinds.values()))
        return self.kinds[self.type_of(source)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What a bulk query asks for: the root connection's field and arguments, and its lines."""

    root: str
    arguments: Arguments
    line: Line


def export_of(text: str) -> Export:
    """The export of a query that `bulk_rules.py` let pass."""
    document = checked(text).document
    assert document is not None
    asked = Asked(schema=admin_schema(), fragments=fragments_of(document), variables=None)
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    planner = Planner(asked=asked, readers=EXPORTED, type_of=lambda source: TYPE_OF_EXPORTED[type(source)])
    root = asked.schema.query_type
    assert root is not None
    ((_, nodes),) = asked.fields_of(root, [operation.selection_set]).items()
    name = nodes[0].name.value
    line = _line(planner, get_named_type(root.fields[name].type), nodes)
    return Export(root=name, arguments=asked.arguments(root, nodes[0]), line=line)


def _line(planner: Planner, connection: Any, nodes: list[FieldNode]) -> Line:
    """The nodes of a connection, by `edges { node }` or `nodes`."""
    asked = planner.asked
    sets = [node.selection_set for node in nodes if node.selection_set is not None]
    inner = asked.fields_of(connection, sets)
    found = [node for each in inner.values() for node in each if node.name.value == "nodes"]
    edge_type = get_named_type(connection.fields["edges"].type)
    edges = [node.selection_set for each in inner.values() for node in each if node.name.value == "edges"]
    for each in asked.fields_of(edge_type, [chosen for chosen in edges if chosen is not None]).values():
        found += [node for node in each if node.name.value == "node"]
    node_type = get_named_type(connection.fields["nodes"].type)
    possible = [node_type] if is_object_type(node_type) else asked.schema.get_possible_types(node_type)
    chosen = [node.selection_set for node in found if node.selection_set is not None]
    kinds = {
        each.name: _kind(planner, each, asked.fields_of(each, chosen))
        for each in possible
        if each.name in planner.readers
    }
    return Line(kinds, planner.type_of)


def _kind(
    planner: Planner, kind: GraphQLObjectType, fields: dict[str, list[FieldNode]]
) -> tuple[Finish, list[Branch]]:
    own: dict[str, list[FieldNode]] = {}
    branches: list[Branch] = []
    for key, nodes in fields.items():
        name = nodes[0].name.value
        field = kind.fields.get(name)
        if field is None or not get_named_type(field.type).name.endswith("Connection"):
            own[key] = nodes
            continue
        if name not in planner.readers[kind.name]:
            raise NotExported(name)
        # All of it, whatever `first` says.
        arguments = {**planner.asked.arguments(kind, nodes[0]), WHOLE: True}
        line = _line(planner, get_named_type(field.type), nodes)
        branches.append(Branch(planner.readers[kind.name][name], arguments, line))
    return run_of(planner.steps(kind, own)), branches
