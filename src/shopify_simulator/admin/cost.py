"""What a query costs, as Shopify counts it: before it runs by what it asks for, after it by what came.

    scalar, enum, pageInfo   0
    object                   1 + its fields; where it is null, 1
    interface                the dearest of its possible types
    list of objects          as one object
    connection               2 + its nodes' cost x floor(2 ln(max(2, first or last)))
    nodes(ids:)              each id's own cost
    mutation                 10, whatever it returns

The rows of the table: shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits. The logarithm: Shopify's
staff in community.shopify.dev/t/how-to-calculate-graphql-cost-estimates/24364, and measured: 25 points for
product { variants(first: 250) { nodes { inventoryItem } } }. Nowhere documented, and guessed, if in doubt to
the client's disadvantage: lists as one object, `nodes` by the number of ids, and after the run the mean of
the nodes that came, rounded up. What never happens here: a bucket (`bucket.py`).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from shopify_simulator.admin.plan import Asked

MUTATION: Final = 10
CONNECTION: Final = 2
FREE: Final = frozenset({"PageInfo"})


class Price(Protocol):
    """The cost of one field: `requested` before the query runs, `actual` by the JSON that it got."""

    @property
    def requested(self) -> int: ...

    def actual(self, value: Any) -> int: ...


Prices = list[tuple[str, Price]]


def multiple(size: int) -> int:
    """How many times a connection of that size pays for its nodes."""
    return 0 if size <= 0 else math.floor(2 * math.log(max(2, size)))


@dataclass(frozen=True, slots=True)
class _Object:
    """`kinds`: the prices of the fields of each type that it may have."""

    kinds: list[Prices]

    @property
    def requested(self) -> int:
        return 1 + max(sum(price.requested for _, price in fields) for fields in self.kinds)

    def actual(self, value: Any) -> int:
        return 1 if value is None else 1 + max(_came(fields, value) for fields in self.kinds)


@dataclass(frozen=True, slots=True)
class _List:
    each: Price

    @property
    def requested(self) -> int:
        return self.each.requested

    def actual(self, value: Any) -> int:
        return max((self.each.actual(each) for each in value or ()), default=0)


@dataclass(frozen=True, slots=True)
class _Several:
    """As many as were named."""

    each: Price
    count: int

    @property
    def requested(self) -> int:
        return self.count * self.each.requested

    def actual(self, value: Any) -> int:
        return sum(self.each.actual(each) for each in value)


@dataclass(frozen=True, slots=True)
class _Connection:
    """`nodes` and `edges`: the keys of those selections, and what a node costs in each."""

    size: int
    nodes: Prices
    edges: list[tuple[str, Prices]]

    @property
    def requested(self) -> int:
        prices = [*self.nodes, *(pair for _, inner in self.edges for pair in inner)]
        return CONNECTION + sum(price.requested for _, price in prices) * multiple(self.size)

    def actual(self, value: Any) -> int:
        if value is None:
            return CONNECTION
        total = sum(_mean(price, value[key]) for key, price in self.nodes)
        for key, inner in self.edges:
            total += sum(_mean(price, [edge[name] for edge in value[key]]) for name, price in inner)
        return min(self.requested, CONNECTION + math.ceil(total))


@dataclass(frozen=True, slots=True)
class _Flat:
    requested: int

    def actual(self, value: Any) -> int:
        return self.requested


def _mean(price: Price, values: list[Any]) -> float:
    """What so many nodes cost together."""
    if not values:
        return 0.0
    return sum(map(price.actual, values)) / len(values) * multiple(len(values))


def _came(fields: Prices, value: dict[str, Any]) -> int:
    return sum(price.actual(value[key]) for key, price in fields if key in value)


def requested(prices: Prices) -> int:
    """What the whole query may cost; at least 1."""
    return max(1, sum(price.requested for _, price in prices))


def actual(prices: Prices, data: dict[str, Any]) -> int:
    """What it did cost, never more than it was thought to."""
    return max(1, min(_came(prices, data), requested(prices)))


def prices_of(asked: Asked, parent: GraphQLObjectType, nodes: dict[str, list[FieldNode]]) -> Prices:
    """The prices of those fields of that type that cost anything."""
    priced = ((key, _price(asked, parent, found)) for key, found in nodes.items())
    return [(key, price) for key, price in priced if price is not None]


def _price(asked: Asked, parent: GraphQLObjectType, nodes: list[FieldNode]) -> Price | None:
    name = nodes[0].name.value
    if name.startswith("__"):
        return None
    if parent is asked.schema.mutation_type:
        return _Flat(MUTATION)
    arguments = asked.arguments(parent, nodes[0])
    kind = parent.fields[name].type
    if get_named_type(kind).name.endswith("Connection"):
        return _connection(
            asked, get_named_type(kind), nodes, arguments.get("first") or arguments.get("last") or 0
        )
    price = _value(asked, kind, nodes)
    if price is not None and name == "nodes" and parent is asked.schema.query_type:
        assert isinstance(price, _List)
        return _Several(price.each, len(arguments["ids"]))
    return price


def _value(asked: Asked, kind: GraphQLOutputType, nodes: list[FieldNode]) -> Price | None:
    if is_non_null_type(kind):
        kind = kind.of_type
    if is_list_type(kind):
        each = _value(asked, kind.of_type, nodes)
        return None if each is None else _List(each)
    named = get_named_type(kind)
    if named.name in FREE:
        return None
    if is_object_type(named):
        possible: Iterable[GraphQLObjectType] = (named,)
    elif is_abstract_type(named):
        possible = asked.schema.get_possible_types(named)
    else:
        return None
    sets = [node.selection_set for node in nodes if node.selection_set is not None]
    return _Object([prices_of(asked, each, asked.fields_of(each, sets)) for each in possible])


def _connection(asked: Asked, kind: Any, nodes: list[FieldNode], size: int) -> _Connection:
    """`edges { node }` costs what `nodes` does: the edges themselves are free."""
    inner = asked.fields_of(kind, [node.selection_set for node in nodes if node.selection_set is not None])
    direct: Prices = []
    edges: list[tuple[str, Prices]] = []
    for key, found in inner.items():
        name = found[0].name.value
        if name == "nodes":
            direct += [(key, _node(asked, kind.fields[name].type, found))]
        elif name == "edges":
            edge = get_named_type(kind.fields[name].type)
            assert is_object_type(edge)
            sets = [node.selection_set for node in found if node.selection_set is not None]
            edges.append((key, prices_of(asked, edge, asked.fields_of(edge, sets))))
    return _Connection(size, direct, edges)


def _node(asked: Asked, kind: GraphQLOutputType, nodes: list[FieldNode]) -> Price:
    price = _value(asked, kind, nodes)
    assert isinstance(price, _List)
    return price.each
