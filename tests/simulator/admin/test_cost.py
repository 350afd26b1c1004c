"""What queries cost, before and after."""

import pytest

from shopify_simulator.admin.cost import multiple
from tests.simulator.admin.asking import PAGE, RUN, Asking


def cost(api: Asking, query: str, **variables: object) -> tuple[int, int | None]:
    """Requested and actual."""
    found = api.ask(query, **variables)["extensions"]["cost"]
    return found["requestedQueryCost"], found["actualQueryCost"]


@pytest.mark.parametrize(
    ("size", "times"), [(0, 0), (1, 1), (2, 1), (3, 2), (5, 3), (10, 4), (50, 7), (250, 11)]
)
def test_a_connection_pays_by_the_logarithm_of_its_size(size: int, times: int) -> None:
    assert multiple(size) == times


def test_the_query_that_was_measured_costs_what_was_measured(api: Asking) -> None:
    """25 and 1 points: community.shopify.dev/t/23101."""
    query = (
        "query ($id: ID!) { product(id: $id) { variants(first: 250) { nodes { inventoryItem { id } } } } }"
    )
    assert cost(api, query, id="gid://shopify/Product/1") == (25, 1)


IMAGES = "media(first: 3) { nodes { ... on MediaImage { image { url } } } }"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("{ shop { name myshopifyDomain } }", 1),
        ("{ shop { plan { publicDisplayName } resourceLimits { maxProductVariants } } }", 3),
        ("{ a: shop { id } b: shop { id } }", 2),
        ("{ products(first: 10) { nodes { id } pageInfo { endCursor } } }", 2 + 4 * 1),
        ("{ products(first: 10) { edges { cursor node { id } } } }", 2 + 4 * 1),
        ("{ products(last: 50) { nodes { options { name } } } }", 2 + 7 * 2),
        (f"{{ products(first: 5) {{ nodes {{ {IMAGES} }} }} }}", 2 + 3 * (1 + 2 + 2 * 2)),
        ('{ nodes(ids: ["gid://shopify/Product/1", "gid://shopify/Product/2"]) { id } }', 2),
        ("{ __typename }", 1),
    ],
)
def test_what_is_asked_for_is_priced_before(api: Asking, query: str, wanted: int) -> None:
    assert cost(api, query)[0] == wanted


def test_what_came_is_priced_after_and_never_higher(api: Asking) -> None:
    requested, actual = cost(api, PAGE, first=250)
    assert requested == 2 + 11 * (1 + 1 + (2 + 4 * 3) + (2 + 4 * 2))
    assert actual is not None
    assert 2 + 3 * 1 < actual < requested
    assert cost(api, '{ products(first: 250, query: "id:1") { nodes { id } } }') == (13, 2)


def test_a_mutation_costs_10_whatever_it_returns(api: Asking) -> None:
    assert cost(api, RUN, text="{ products { edges { node { id } } } }") == (10, 10)


def test_more_than_a_thousand_points_are_refused_before_anything_is_taken(api: Asking) -> None:
    ids = ["gid://shopify/Product/1"] * 250
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Product { options { id } a: variants(first: 9)"
    query += " { nodes { id } } } } }"
    answer = api.ask(query, ids=ids)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert error["extensions"]["cost"] == 250 * (1 + 1 + 2 + 4)
    assert error["extensions"]["maxCost"] == 1000
    assert "data" not in answer
    assert answer["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 2000
    assert api.control("GET", "/admin")["counts"]["too_dear"] == 1
