"""One request for GraphQL: a text and its variables enter, Shopify's JSON with its costs leaves.

Parsed, priced, taken out of the bucket, run, and given back what was too much. What never happens here: HTTP,
or the check of a token.

Source: shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits; errors as api/admin-graphql shows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    OperationType,
    get_variable_values,
    is_non_null_type,
)

from shopify_simulator.admin.bucket import Bucket, Level
from shopify_simulator.admin.cost import Prices, actual, prices_of, requested
from shopify_simulator.admin.ledger import Ledger
from shopify_simulator.admin.look import Look
from shopify_simulator.admin.plan import Asked, Fields, Planner, fragments_of
from shopify_simulator.admin.refusals import AdminError
from shopify_simulator.admin.roots import READERS, type_of
from shopify_simulator.admin.schema import admin_schema, checked

MOST_FOR_ONE: Final = 1_000
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    """What is to be run."""

    asked: Asked
    root: GraphQLObjectType
    fields: Fields
    prices: Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request's body."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None = None


class Wrong(Exception):
    """The document cannot be run. `errors` is what the answer says."""

    def __init__(self, errors: list[Json]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


class Engine:
    """See the module. Fit for several threads."""

    def __init__(self, bucket: Bucket, ledger: Ledger, *, most_for_one: int = MOST_FOR_ONE) -> None:
        self.most_for_one = most_for_one
        self._bucket = bucket
        self._ledger = ledger

    def answer(self, question: Question, look: Look, *, drained: bool = False, heard: bool = True) -> Json:
        """The answer. `drained`: another copy of the app emptied the bucket just now. `heard`: it arrives."""
        try:
            operation = _prepared(question)
        except Wrong as wrong:
            self._ledger.count("refused")
            return {"errors": wrong.errors}
        cost = requested(operation.prices)
        if cost > self.most_for_one:
            self._ledger.count("too_dear")
            return self._too_dear(cost)
        if drained:
            self._ledger.count("points_drained", self._bucket.drain())
        level = self._bucket.take(cost)
        if not level.fits:
            self._ledger.throttled(cost, level, by_fault=drained, heard=heard)
            return _throttled(cost, level)
        self._ledger.taken(cost)
        return self._run(operation, look, cost, heard=heard)

    def _run(self, operation: _Operation, look: Look, cost: int, *, heard: bool) -> Json:
        data, errors = _run(operation, look)
        spent = 1 if data is None else actual(operation.prices, data)
        level = self._bucket.give_back(cost - spent)
        self._ledger.answered(spent, level, taken=cost, heard=heard)
        answer: Json = {"data": data, "extensions": {"cost": _cost(cost, spent, level)}}
        return {**answer, "errors": errors} if errors else answer

    def _too_dear(self, cost: int) -> Json:
        message = (
            f"Query cost is {cost}, which exceeds the single query max cost limit ({self.most_for_one})."
        )
        extensions = {
            "code": "MAX_COST_EXCEEDED",
            "cost": cost,
            "maxCost": self.most_for_one,
            "documentation": "https://shopify.dev/api/usage/limits#rate-limits",
        }
        errors = [{"message": message, "extensions": extensions}]
        return {"errors": errors, "extensions": {"cost": _cost(cost, None, self._bucket.look())}}


def _throttled(cost: int, level: Level) -> Json:
    errors = [
        {
            "message": "Throttled",
            "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"},
        }
    ]
    return {"errors": errors, "extensions": {"cost": _cost(cost, None, level)}}


def _cost(wanted: int, spent: int | None, level: Level) -> Json:
    return {
        "requestedQueryCost": wanted,
        "actualQueryCost": spent,
        "throttleStatus": {
            "maximumAvailable": level.maximum,
            "currentlyAvailable": int(level.available),
            "restoreRate": level.rate,
        },
    }


def _prepared(question: Question) -> _Operation:
    """Raises Wrong."""
    held = checked(question.query)
    if held.document is None:
        raise Wrong([_error_of(each) for each in held.errors])
    definition = _named(held.document, question.operation_name)
    schema = admin_schema()
    values = get_variable_values(
        schema, list(definition.variable_definitions or ()), dict(question.variables)
    )
    if isinstance(values, list):
        raise Wrong([{**each.formatted, "extensions": {"code": "INVALID_VARIABLE"}} for each in values])
    asked = Asked(schema=schema, fragments=fragments_of(held.document), variables=values)
    root = schema.mutation_type if definition.operation is OperationType.MUTATION else schema.query_type
    assert root is not None
    fields = asked.fields_of(root, [definition.selection_set])
    if any(nodes[0].name.value in ("__schema", "__type") for nodes in fields.values()):
        raise Wrong([{"message": "The simulator does not answer what asks for its schema"}])
    return _Operation(asked=asked, root=root, fields=fields, prices=prices_of(asked, root, fields))


def _named(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if name is not None:
        found = [each for each in found if each.name is not None and each.name.value == name]
    if len(found) != 1:
        raise Wrong([{"message": "An operation name is required"}])
    return found[0]


def _error_of(error: GraphQLError) -> Json:
    formatted: Json = dict(error.formatted)
    return {
        **formatted,
        "extensions": {"code": "undefinedField" if "Cannot query" in error.message else "parse"},
    }


def _run(operation: _Operation, look: Look) -> tuple[Json | None, list[Json]]:
    """The data, and the errors of the fields at the top that could not be answered."""
    planner = Planner(asked=operation.asked, readers=READERS, type_of=type_of)
    data: Json = {}
    errors: list[Json] = []
    whole = True
    for step in planner.steps(operation.root, operation.fields):
        try:
            value = step.read(None, look, step.arguments)
            data[step.key] = value if step.finish is None else step.finish(value, look)
        except AdminError as refused:
            errors.append({"message": refused.message, "path": [step.key], "extensions": refused.extensions})
            data[step.key] = None
            name = operation.fields[step.key][0].name.value
            whole = whole and not is_non_null_type(operation.root.fields[name].type)
    return (data if whole else None), errors
