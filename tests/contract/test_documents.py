"""Every GraphQL text of the project, held against the schema that Shopify publishes."""

import pytest
from graphql import GraphQLSchema, parse, specified_rules, validate
from graphql.validation import NoDeprecatedCustomRule

from backroom.resources.registry import RESOURCES
from backroom.shopify.documents import every_document

DOCUMENTS = dict(every_document({resource.name: resource.selection for resource in RESOURCES}))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_is_valid_and_uses_nothing_deprecated(real_schema: GraphQLSchema, name: str) -> None:
    rules = [*specified_rules, NoDeprecatedCustomRule]
    assert [error.message for error in validate(real_schema, parse(DOCUMENTS[name]), rules)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "{ products { edges { node { id barcode } } } }",
        "query ($first: String!) { products(first: $first) { nodes { id } } }",
        "{ currentBulkOperation { id } }",
    ],
)
def test_what_is_wrong_or_deprecated_is_found(real_schema: GraphQLSchema, wrong: str) -> None:
    rules = [*specified_rules, NoDeprecatedCustomRule]
    assert validate(real_schema, parse(wrong), rules) != []


def test_what_a_bulk_operation_runs_keeps_its_rules() -> None:
    for name, text in DOCUMENTS.items():
        if name.endswith(".bulk"):
            assert text.count("edges {") <= 5
            assert "$" not in text
            assert "first:" not in text
