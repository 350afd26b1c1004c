"""Whether a query may run as a bulk operation. A text enters; the complaints leave.

Source: shopify.dev/docs/api/usage/bulk-operations/queries (restrictions): one connection at least and five at
most, two deep below the root's, only of things that have ids, no node or nodes at the top.
"""

from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_interface_type,
    is_object_type,
)

from shopify_simulator.admin.plan import Asked, fragments_of
from shopify_simulator.admin.schema import admin_schema, checked

MOST_CONNECTIONS: Final = 5
DEEPEST: Final = 2


def complaints_about(text: str) -> list[str]:
    """In Shopify's manner; none for a query that may run."""
    held = checked(text)
    if held.document is None:
        return [f"Invalid bulk query: {error.message}" for error in held.errors]
    operations = [each for each in held.document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        return ["Bulk queries must contain exactly one query operation."]
    if operations[0].variable_definitions:
        return ["Bulk queries cannot have variables."]
    return _about(held.document, operations[0])


def _about(document: DocumentNode, operation: OperationDefinitionNode) -> list[str]:
    asked = Asked(schema=admin_schema(), fragments=fragments_of(document), variables=None)
    root = asked.schema.query_type
    assert root is not None
    fields = asked.fields_of(root, [operation.selection_set])
    names = [nodes[0].name.value for nodes in fields.values()]
    if {"node", "nodes"} & set(names):
        return ["Bulk queries cannot contain a top level `node` or `nodes` field."]
    found: list[tuple[str, int]] = []
    complaints: list[str] = []
    _walk(asked, root, fields, 0, found, complaints)
    if not found:
        complaints.append("Bulk queries must contain at least one connection.")
    if len(names) > 1:
        complaints.append("Bulk queries cannot contain more than one top level field.")
    if len(found) > MOST_CONNECTIONS:
        complaints.append(f"Bulk queries cannot contain more than {MOST_CONNECTIONS} connections.")
    if any(depth > DEEPEST for _, depth in found):
        complaints.append(
            f"Bulk queries cannot contain connections with a nesting depth greater than {DEEPEST}."
        )
    return complaints


def _walk(
    asked: Asked,
    parent: GraphQLObjectType,
    fields: dict[str, list[FieldNode]],
    depth: int,
    found: list[tuple[str, int]],
    complaints: list[str],
) -> None:
    """Goes down every field; `depth` counts the connections above."""
    for nodes in fields.values():
        definition = parent.fields.get(nodes[0].name.value)
        if definition is None:
            continue
        kind = get_named_type(definition.type)
        below = depth
        if kind.name.endswith("Connection"):
            found.append((nodes[0].name.value, depth))
            below += 1
            _check_node(asked, kind, complaints)
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        for each in _possible(asked, kind):
            _walk(asked, each, asked.fields_of(each, sets), below, found, complaints)


def _check_node(asked: Asked, connection: Any, complaints: list[str]) -> None:
    node = get_named_type(connection.fields["nodes"].type)
    if not all(any(face.name == "Node" for face in each.interfaces) for each in _possible(asked, node)):
        complaints.append(f"The connection {connection.name} must be of a type that implements Node.")


def _possible(asked: Asked, kind: Any) -> list[GraphQLObjectType]:
    if is_object_type(kind):
        return [kind]

    return list(asked.schema.get_possible_types(kind)) if is_interface_type(kind) else []
