"""Events: what a reader by `updated_at` could not learn, that a product is there no more."""

from typing import Any

import pytest

from shopify_simulator.shop.making import new_product, new_variant
from tests.simulator.admin.asking import RUN, Asking, Json
from tests.simulator.admin.happening import delete, publish
from tests.simulator.street import a_product

EVENTS = (
    "query ($first: Int = 50, $after: String, $query: String, $sort: EventSortKeys, $reverse: Boolean) {"
    " events(first: $first, after: $after, query: $query, sortKey: $sort, reverse: $reverse) {"
    " nodes { id action createdAt message appTitle attributeToApp attributeToUser criticalAlert"
    " ... on BasicEvent { subjectId subjectType hasAdditionalContent subject { __typename } } }"
    " edges { cursor } pageInfo { hasNextPage endCursor } } }"
)
OF_ONE = "query ($id: ID!) { product(id: $id) { events(first: 5) { nodes { action } } } }"
ONE = "query ($id: ID!) { node(id: $id) { id ... on BasicEvent { subjectId subject { __typename } } } }"


def events(api: Asking, **wanted: Any) -> list[Json]:
    return list(api.data(EVENTS, **{"sort": "ID", **wanted})["events"]["nodes"])


def ids(found: list[Json]) -> list[str]:
    return [each["subjectId"] for each in found]


def create(api: Asking, title: str = "New") -> str:
    shop = api.simulation.shop
    made = new_product(shop, title=title)
    made.variants.append(new_variant(shop, price_cents=100))
    return f"gid://shopify/Product/{shop.create(made).id}"


def test_every_deletion_is_told_with_its_instant_in_the_order_in_which_it_happened(api: Asking) -> None:
    assert events(api) == []
    first, second = delete(api), delete(api, seconds=0)
    now = f"{api.simulation.shop.now():%Y-%m-%dT%H:%M:%SZ}"
    told = events(api)
    assert [(each["action"], each["createdAt"]) for each in told] == [("destroy", now)] * 2
    assert ids(told) == [first, second]
    assert ids(events(api, sort="CREATED_AT", reverse=True)) == [second, first]


def test_what_is_gone_has_no_subject_in_any_of_its_events_and_what_lives_has_one(api: Asking) -> None:
    gone, alive = create(api, "<Gone> & lost"), create(api)
    api.simulation.shop.delete(int(gone.rpartition("/")[2]))
    assert [(each["action"], each["subjectId"], each["subject"]) for each in events(api)] == [
        ("create", gone, None),
        ("create", alive, {"__typename": "Product"}),
        ("destroy", gone, None),
    ]
    assert {each["subjectType"] for each in events(api)} == {"PRODUCT"}
    assert events(api)[2] == {
        "id": "gid://shopify/BasicEvent/3",
        "action": "destroy",
        "createdAt": f"{api.simulation.shop.now():%Y-%m-%dT%H:%M:%SZ}",
        "message": "&lt;Gone&gt; &amp; lost was deleted.",
        "appTitle": None,
        "attributeToApp": False,
        "attributeToUser": True,
        "criticalAlert": False,
        "subjectId": gone,
        "subjectType": "PRODUCT",
        "hasAdditionalContent": False,
        "subject": None,
    }


def test_publishing_is_told_and_a_mere_change_is_not(api: Asking) -> None:
    number = a_product(api.simulation)
    publish(api, number, published=True)
    api.simulation.shop.announce([number])
    publish(api, number, published=False)
    api.simulation.shop.announce([number])
    publish(api, number, published=True)
    told = [each["action"] for each in events(api)]
    assert told[-2:] == ["unpublished", "published"]
    assert "update" not in told
    one = api.data(OF_ONE, id=f"gid://shopify/Product/{number}")["product"]["events"]["nodes"]
    assert [each["action"] for each in one] == told
    other = a_product(api.simulation, 1)
    assert api.data(OF_ONE, id=f"gid://shopify/Product/{other}")["product"]["events"]["nodes"] == []


def test_a_search_finds_those_since_an_instant(api: Asking) -> None:
    delete(api)
    late = [delete(api), delete(api)]
    since = events(api)[1]["createdAt"]
    assert ids(events(api, query=f"subject_type:PRODUCT created_at:>='{since}'")) == late
    assert ids(events(api, query=f"created_at:>'{since}'")) == late[1:]
    assert ids(events(api, query="id:2")) == late[:1]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("subject_type:PRODUCT", 2),
        ("subject_type:COLLECTION", 0),
        ("action:create", 1),
        ("action:destroy subject_type:product", 1),
    ],
)
def test_a_search_finds_those_of_a_kind(api: Asking, query: str, count: int) -> None:
    create(api)
    delete(api)
    assert len(events(api, query=query)) == count


def test_an_unknown_field_is_ignored_with_a_warning(api: Asking) -> None:
    delete(api)
    answer = api.ask(EVENTS, query="occurred_at:>'2020-01-01'", sort="ID")
    assert len(answer["data"]["events"]["nodes"]) == 1
    (warned,) = answer["extensions"]["search"]
    assert (warned["path"], warned["warnings"][0]["code"]) == (["events"], "invalid_field")


def test_they_come_in_pages_also_within_one_second(api: Asking) -> None:
    wanted = [delete(api, seconds=0) for _ in range(4)]
    found: list[str] = []
    after = None
    while True:
        page = api.data(EVENTS, first=1, after=after, sort="CREATED_AT")["events"]
        found += ids(page["nodes"])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == wanted


def test_one_is_found_by_its_id(api: Asking) -> None:
    gone = delete(api)
    identity = "gid://shopify/BasicEvent/1"
    assert api.data(ONE, id=identity)["node"] == {"id": identity, "subjectId": gone, "subject": None}
    for number in (0, 2):
        assert api.data(ONE, id=f"gid://shopify/BasicEvent/{number}")["node"] is None


def test_who_may_not_read_products_is_not_told(api: Asking) -> None:
    api.control("POST", "/app", {"scopes": ["read_orders"]})
    assert api.code(EVENTS, sort="ID") == "ACCESS_DENIED"


def test_an_answer_that_lags_does_not_know_of_it_yet(api: Asking) -> None:
    api.control("POST", "/admin/faults", {"lag_seconds": 5})
    delete(api)
    api.control("POST", "/admin/scripts", {"request": ["lag"]})
    assert events(api) == []
    assert len(events(api)) == 1


@pytest.mark.parametrize(
    "query",
    [
        "{ events { edges { node { id } } } }",
        "{ products { edges { node { id events { edges { node { id } } } } } } }",
    ],
)
def test_no_bulk_operation_exports_them(api: Asking, query: str) -> None:
    answer = api.data(RUN, text=query)["bulkOperationRunQuery"]
    assert [error["code"] for error in answer["userErrors"]] == ["INVALID"]
    assert "simulator exports" in answer["userErrors"][0]["message"]
