"""The simulator's schema is a part of Shopify's: whatever it answers, Shopify would answer in that form."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_non_null_type,
)

from shopify_simulator.admin.roots import READERS
from shopify_simulator.admin.schema import admin_schema

Argument = GraphQLArgument | GraphQLInputField


def differences(ours: GraphQLSchema, real: GraphQLSchema) -> list[str]:
    """What ours has and the real one has not, or has in another form."""
    found: list[str] = []
    for name, kind in ours.type_map.items():
        if name.startswith("__") or name in ("Int", "String", "Boolean", "ID", "Float"):
            continue
        other = real.type_map.get(name)
        if type(other) is not type(kind):
            found.append(f"{name}: is no {type(kind).__name__}")
        elif isinstance(kind, GraphQLEnumType):
            assert isinstance(other, GraphQLEnumType)
            found += [f"{name}.{value}" for value in kind.values.keys() - other.values.keys()]
        elif isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            assert isinstance(other, (GraphQLObjectType, GraphQLInterfaceType))
            found += _of_fields(kind, other)
            faces = {each.name for each in kind.interfaces} - {each.name for each in other.interfaces}
            found += [f"{name} implements {face}" for face in faces]
        elif isinstance(kind, GraphQLInputObjectType):
            assert isinstance(other, GraphQLInputObjectType)
            found += [f"{name}.{difference}" for difference in _of_arguments(kind.fields, other.fields)]
    for kind_of_root in ("query_type", "mutation_type"):
        if getattr(ours, kind_of_root).name != getattr(real, kind_of_root).name:
            found.append(kind_of_root)
    return found


def _of_fields(kind: Any, other: Any) -> list[str]:
    found = []
    for name, field in kind.fields.items():
        where = f"{kind.name}.{name}"
        real = other.fields.get(name)
        if real is None:
            found.append(where)
            continue
        if str(field.type) != str(real.type):
            found.append(f"{where}: {field.type} instead of {real.type}")
        found += [f"{where}({difference})" for difference in _of_arguments(field.args, real.args)]
    return found


def _of_arguments(ours: Mapping[str, Argument], real: Mapping[str, Argument]) -> list[str]:
    found = []
    for name, argument in ours.items():
        if (other := real.get(name)) is None:
            found.append(name)
        elif str(argument.type) != str(other.type):
            found.append(f"{name}: {argument.type} instead of {other.type}")
        elif _default(argument) != _default(other):
            found.append(f"{name} = {_default(argument)} instead of {_default(other)}")
    needed = {
        name
        for name, argument in real.items()
        if is_non_null_type(argument.type) and _default(argument) == "None"
    }
    return [*found, *(f"{name}: is required" for name in needed - ours.keys())]


def _default(argument: Argument) -> str:
    return str(
        argument.ast_node and argument.ast_node.default_value and argument.ast_node.default_value.to_dict()
    )


def test_every_type_field_argument_and_value_is_shopifys(real_schema: GraphQLSchema) -> None:
    assert differences(admin_schema(), real_schema) == []


def test_a_difference_of_any_kind_is_found(real_schema: GraphQLSchema) -> None:
    broken = build_schema(
        """
        schema { query: QueryRoot mutation: Shop }
        scalar ProductStatus
        interface Node { id: ID! }
        enum CountPrecision { EXACT ROUGH }
        type Shop implements Node { id: ID! invented: Int name: String }
        type Count implements Node { id: ID! }
        input WebhookSubscriptionInput { uri: String! secret: String }
        type QueryRoot {
          product(id: String!, fast: Boolean): Shop
          node: Node
          shop: Shop!
          productsCount(limit: Int = 5): Count
          webhookSubscription(input: WebhookSubscriptionInput): Shop
        }
        """,
        assume_valid=True,
    )
    assert sorted(differences(broken, real_schema)) == sorted(
        [
            "ProductStatus: is no GraphQLScalarType",
            "CountPrecision.ROUGH",
            "Shop.invented",
            "Shop.name: String instead of String!",
            "Count.id",
            "Count implements Node",
            "WebhookSubscriptionInput.uri: String! instead of String",
            "WebhookSubscriptionInput.secret",
            "QueryRoot.webhookSubscription: Shop instead of WebhookSubscription",
            "QueryRoot.webhookSubscription(input)",
            "QueryRoot.webhookSubscription(id: is required)",
            "QueryRoot.product: Shop instead of Product",
            "QueryRoot.product(id: String! instead of ID!)",
            "QueryRoot.product(fast)",
            "QueryRoot.node(id: is required)",
            *[each for each in differences(broken, real_schema) if "limit" in each],
            "mutation_type",
        ]
    )
    assert any("limit = " in each for each in differences(broken, real_schema))


def test_every_field_has_a_reader() -> None:
    """Types without values (videos) have none: no simulated product has one."""
    without = {"Video", "ExternalVideo", "Model3d"}
    missing = [
        f"{name}.{field}"
        for name, kind in admin_schema().type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__") and name not in without
        for field in kind.fields
        if field not in READERS.get(name, {})
    ]
    assert missing == []


def test_every_connection_is_recognised_by_its_name() -> None:
    """Costs and bulk operations tell a connection by its name."""
    assert [
        f"{kind.name}.{name}"
        for kind in admin_schema().type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if ("after" in field.args) != get_named_type(field.type).name.endswith("Connection")
    ] == []
