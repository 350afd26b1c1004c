"""Connections: cursors that outlive changes, limits, and the search that goes with them."""

import pytest

from shopify_simulator.admin.slices import DEEPEST, Slice, cut, written
from tests.simulator.admin.asking import PAGE, Asking, asking

IDS = (
    "query ($first: Int, $after: String, $last: Int, $before: String, $reverse: Boolean, $query: String) {"
    " products(first: $first, after: $after, last: $last, before: $before, reverse: $reverse, query: $query,"
    " sortKey: UPDATED_AT) { nodes { id updatedAt }"
    " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
)


def by_update(api: Asking) -> list[str]:
    products = sorted(api.simulation.shop.products.values(), key=lambda each: (each.updated_at, each.id))
    return [f"gid://shopify/Product/{each.id}" for each in products]


def walk(api: Asking, first: int, query: str | None = None) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    after = None
    while True:
        page = api.data(PAGE, first=first, after=after, query=query)["products"]
        found += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("first", [1, 3, 7, 250])
def test_pages_of_any_size_hold_every_product_once_in_order(first: int) -> None:
    with asking(products=7) as api:
        assert walk(api, first) == by_update(api)


def test_a_product_that_changes_moves_to_the_end_and_is_met_again(api: Asking) -> None:
    expected = by_update(api)
    page = api.data(PAGE, first=2)["products"]
    api.clock.advance(60)
    changed = int(expected[0].rpartition("/")[2])
    api.simulation.shop.announce([changed])
    rest = api.data(PAGE, first=250, after=page["pageInfo"]["endCursor"])["products"]
    assert [node["id"] for node in rest["nodes"]] == [*expected[2:], expected[0]]


def test_a_cursor_is_good_after_its_product_is_gone(api: Asking) -> None:
    expected = by_update(api)
    page = api.data(PAGE, first=2)["products"]
    api.simulation.shop.delete(int(expected[1].rpartition("/")[2]))
    rest = api.data(PAGE, first=250, after=page["pageInfo"]["endCursor"])["products"]
    assert [node["id"] for node in rest["nodes"]] == expected[2:]


def test_pages_go_backwards_too_and_in_reverse(api: Asking) -> None:
    expected = by_update(api)
    last = api.data(IDS, last=2)["products"]
    assert [node["id"] for node in last["nodes"]] == expected[-2:]
    assert (last["pageInfo"]["hasNextPage"], last["pageInfo"]["hasPreviousPage"]) == (False, True)
    before = api.data(IDS, last=250, before=last["pageInfo"]["startCursor"])["products"]
    assert [node["id"] for node in before["nodes"]] == expected[:-2]
    first = api.data(IDS, first=2, reverse=True)["products"]
    assert [node["id"] for node in first["nodes"]] == expected[::-1][:2]
    rest = api.data(IDS, first=250, reverse=True, after=first["pageInfo"]["endCursor"])["products"]
    assert [node["id"] for node in rest["nodes"]] == expected[::-1][2:]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"first": 0},
        {"first": 251},
        {"first": -1},
        {"first": 1, "last": 1},
        {"first": 1, "after": "nonsense"},
        {"first": 1, "after": written(("A title", 5))},
    ],
    ids=str,
)
def test_wrong_arguments_are_refused(api: Asking, arguments: dict[str, object]) -> None:
    assert api.code(IDS, **arguments) == "BAD_REQUEST"


def test_variants_page_by_position_up_to_the_last(api: Asking) -> None:
    wide = max(api.simulation.shop.products.values(), key=lambda each: len(each.variants))
    query = (
        "query ($id: ID!, $after: String) { product(id: $id) { updatedAt variants(first: 40, after: $after)"
        " { nodes { id position } pageInfo { hasNextPage endCursor } } } }"
    )
    found: list[int] = []
    after, more = None, True
    while more:
        variants = api.data(query, id=f"gid://shopify/Product/{wide.id}", after=after)["product"]["variants"]
        found += [node["position"] for node in variants["nodes"]]
        after, more = variants["pageInfo"]["endCursor"], variants["pageInfo"]["hasNextPage"]
    assert found == list(range(1, 102))


def test_nobody_pages_deeper_than_25_000() -> None:
    things = list(range(1, DEEPEST + 300))

    def page(after: int) -> Slice:
        return cut(things, lambda each: (each, each), int, {"first": 1, "after": written((after, after))})

    assert page(DEEPEST).items == [DEEPEST + 1]
    with pytest.raises(Exception, match="25000"):
        page(DEEPEST + 1)


def test_searches_by_time_status_and_id(api: Asking) -> None:
    products = sorted(api.simulation.shop.products.values(), key=lambda each: (each.updated_at, each.id))
    ids = by_update(api)
    instant = products[2].updated_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert walk(api, 2, f"updated_at:>='{instant}'") == ids[2:]
    assert walk(api, 2, f"updated_at:>'{instant}'") == ids[3:]
    assert walk(api, 2, f'updated_at:<"{instant}"') == ids[:2]
    assert walk(api, 2, f"updated_at:<='{instant}' AND updated_at:>='{instant}'") == [ids[2]]
    assert walk(api, 2, f"id:{products[1].id}") == [ids[1]]
    active = [identity for identity, each in zip(ids, products, strict=True) if each.status == "active"]
    assert walk(api, 2, "status:ACTIVE") == active
    assert walk(api, 2, f"status:active updated_at:>='{instant}'") == [
        each for each in active if each in ids[2:]
    ]


def test_offsets_of_times_count(api: Asking) -> None:
    instant = max(each.updated_at for each in api.simulation.shop.products.values())
    shifted = instant.astimezone(api.simulation.shop.offset).isoformat()
    assert walk(api, 2, f"updated_at:>='{shifted}'") == by_update(api)[-1:]


@pytest.mark.parametrize("term", ["updated_at:>=2026-10-10T12:00:00Z", "colour:red", "updated_at:>='soon'"])
def test_a_term_that_makes_no_sense_is_ignored_with_a_warning(api: Asking, term: str) -> None:
    answer = api.ask(IDS, first=250, query=term)
    assert len(answer["data"]["products"]["nodes"]) == 5
    (search,) = answer["extensions"]["search"]
    assert search["query"] == term
    assert search["warnings"][0]["field"] == term.partition(":")[0]


@pytest.mark.parametrize("query", ["shirt", "status:active OR status:draft", "(id:1)", "NOT id:1", "-id:1"])
def test_what_the_search_does_not_simulate_is_refused(api: Asking, query: str) -> None:
    assert api.code(IDS, first=1, query=query) == "BAD_REQUEST"
