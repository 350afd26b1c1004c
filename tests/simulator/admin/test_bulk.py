"""Bulk operations: what may be asked for, how they go, what their files hold, and who is told."""

import json
from collections.abc import Iterator

import pytest

from shopify_simulator.admin.writer import BulkWays
from shopify_simulator.shop.truth import truth_of_product
from tests.simulator.admin.asking import RUN, Asking, Json, asking
from tests.simulator.admin.test_values import sheet_of
from tests.simulator.receiver import Receiver
from tests.waiting import eventually

SMALL = "{ products { edges { node { id } } } }"
CANCEL = (
    "mutation ($id: ID!) { bulkOperationCancel(id: $id)"
    " { bulkOperation { status } userErrors { field message } } }"
)
LIST = "query ($query: String) { bulkOperations(first: 10, query: $query) { nodes { id status } } }"


def joined(lines: list[Json]) -> list[Json]:
    """The products of a file with their children, wherever those stand; in the order of the parents."""
    products = {each["id"]: each for each in lines if "__parentId" not in each}
    for each in products.values():
        each["variants"], each["media"] = {"nodes": []}, {"nodes": []}
    for line in lines:
        if (parent := line.get("__parentId")) is not None:
            branch = "variants" if "ProductVariant" in line["id"] else "media"
            products[parent][branch]["nodes"].append(line)
    return list(products.values())


def test_the_file_holds_the_whole_catalogue_as_it_is() -> None:
    with asking(products=60) as api:
        ended = api.ended(api.run_bulk())
        lines = api.lines(ended["url"])
        shop = api.simulation.shop.products.values()
    assert (ended["status"], ended["errorCode"], ended["partialDataUrl"]) == ("COMPLETED", None, None)
    assert ended["objectCount"] == str(len(lines))
    assert ended["rootObjectCount"] == "60"
    sheets = sorted((sheet_of(each) for each in joined(lines)), key=lambda each: int(each["id"]))
    assert sheets == sorted((truth_of_product(each) for each in shop), key=lambda each: int(each["id"]))


def test_a_line_has_its_fields_in_the_order_of_the_query_and_its_parent_last(api: Asking) -> None:
    address = api.ended(api.run_bulk())["url"]
    body = api.client.get(address).content
    assert str(len(body)) == api.operation("gid://shopify/BulkOperation/1")["fileSize"]
    assert body.endswith(b"}\n")
    first, second = (json.loads(line) for line in body.splitlines()[:2])
    assert list(first) == [
        *("id", "title", "handle", "status", "vendor", "productType", "tags", "updatedAt", "options"),
    ]
    assert next(iter(second)) == "id"
    assert list(second)[-1] == "__parentId"
    assert second["__parentId"] == first["id"]


def test_the_file_is_fetched_without_a_token_and_from_any_byte(api: Asking) -> None:
    address = api.ended(api.run_bulk())["url"]
    whole = api.client.get(address)
    assert (whole.status_code, whole.headers["content-length"]) == (200, str(len(whole.content)))
    rest = api.client.get(address, headers={"Range": "bytes=100-"})
    assert (rest.status_code, rest.content) == (206, whole.content[100:])
    size = len(whole.content)
    assert rest.headers["content-range"] == f"bytes 100-{size - 1}/{size}"
    assert api.client.get(address, headers={"Range": f"bytes={size}-"}).status_code == 416


def test_an_address_ends_after_seven_days_and_a_fresh_one_is_given(api: Asking) -> None:
    identity = api.run_bulk()
    address = api.ended(identity)["url"]
    assert api.client.get(address[:-1] + ("0" if address[-1] != "0" else "1")).status_code == 403
    api.clock.advance(7 * 86_400 + 1)
    assert api.client.get(address).status_code == 403
    assert api.client.get(api.operation(identity)["url"]).status_code == 200


def test_an_empty_result_has_no_address(api: Asking) -> None:
    ended = api.ended(api.run_bulk('{ products(query: "id:1") { edges { node { id } } } }'))
    assert ended["status"] == "COMPLETED"
    assert (ended["url"], ended["objectCount"], ended["fileSize"]) == (None, "0", None)


TOO_DEEP = (
    "{ products { edges { node { variants { edges { node { product { variants { edges { node {"
    " product { variants { edges { node { id } } } } } } } } } } } } } } }"
)
TOO_MANY = (
    "{ products { edges { node { a: variants { nodes { id } } b: variants { nodes { id } }"
    " c: media { nodes { id } } d: media { nodes { id } } e: media { nodes { id } } } } } }"
)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("{ shop { name } }", "at least one connection"),
        ('{ node(id: "gid://shopify/Product/1") { id } products { edges { node { id } } } }', "`node`"),
        ("{ products { edges { node { invented } } } }", "Cannot query field"),
        ("{ products {", "Syntax Error"),
        ("mutation { bulkOperationCancel(id: 1) { userErrors { message } } }", "exactly one query"),
        ("query ($n: Int) { products(first: $n) { edges { node { id } } } }", "variables"),
        (TOO_DEEP, "nesting depth"),
        (TOO_MANY, "more than 5"),
    ],
)
def test_a_query_that_breaks_a_rule_is_refused(api: Asking, query: str, says: str) -> None:
    answer = api.data(RUN, text=query)["bulkOperationRunQuery"]
    assert answer["bulkOperation"] is None
    (error,) = answer["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["query"])
    assert says in error["message"]


@pytest.fixture
def slow() -> Iterator[Asking]:
    with asking(bulk=BulkWays(seconds=3600)) as api:
        yield api


def test_five_run_at_once_and_no_more(slow: Asking) -> None:
    running = [slow.run_bulk(SMALL) for _ in range(5)]
    (error,) = slow.data(RUN, text=SMALL)["bulkOperationRunQuery"]["userErrors"]
    assert error["code"] == "LIMIT_REACHED"
    slow.data(CANCEL, id=running[0])
    assert slow.ended(running[0])["status"] == "CANCELED"
    slow.run_bulk(SMALL)
    slow.control("POST", "/admin", {"bulk": {"most_at_once": 1}})
    (error,) = slow.data(RUN, text=SMALL)["bulkOperationRunQuery"]["userErrors"]
    assert error["code"] == "OPERATION_IN_PROGRESS"


def test_one_that_runs_is_seen_listed_and_cancelled(slow: Asking) -> None:
    identity = slow.run_bulk()
    assert slow.operation(identity)["status"] in ("CREATED", "RUNNING")
    eventually(lambda: slow.operation(identity)["status"] == "RUNNING", "it runs")
    listed = slow.data(LIST, query="status:RUNNING type:QUERY")["bulkOperations"]["nodes"]
    assert [each["id"] for each in listed] == [identity]
    cancelled = slow.data(CANCEL, id=identity)["bulkOperationCancel"]
    assert cancelled["bulkOperation"]["status"] in ("CANCELING", "CANCELED")
    ended = slow.ended(identity)
    assert (ended["status"], ended["url"], ended["partialDataUrl"]) == ("CANCELED", None, None)
    (error,) = slow.data(CANCEL, id=identity)["bulkOperationCancel"]["userErrors"]
    assert "cannot be canceled" in error["message"]
    assert slow.data(LIST, query="status:RUNNING")["bulkOperations"]["nodes"] == []


def test_one_that_is_not_there_is_null(api: Asking) -> None:
    assert api.data('{ bulkOperation(id: "gid://shopify/BulkOperation/9") { id } }') == {
        "bulkOperation": None
    }
    (error,) = api.data(CANCEL, id="gid://shopify/BulkOperation/9")["bulkOperationCancel"]["userErrors"]
    assert "does not exist" in error["message"]


@pytest.mark.parametrize("order", ["grouped", "shuffled", "parted"])
@pytest.mark.parametrize("torn", [False, True])
def test_in_every_order_all_lines_are_there(order: str, torn: bool) -> None:
    with asking(products=60) as api:
        api.control("POST", "/admin", {"bulk": {"order": order, "torn": torn}})
        ended = api.ended(api.run_bulk())
        lines = api.lines(ended["url"])
        parents = [number for number, each in enumerate(lines) if "__parentId" not in each]
        truth = {each.id: truth_of_product(each) for each in api.simulation.shop.products.values()}
    assert ended["objectCount"] == str(len(lines))
    assert {each["id"]: each for each in map(sheet_of, joined(lines))} == truth
    if order == "parted":
        assert parents == list(range(60))
    seen: set[str] = set()
    early = 0
    for line in lines:
        seen.add(line["id"])
        early += "__parentId" in line and line["__parentId"] not in seen
    assert (early > 0) == (order == "shuffled")


def test_there_is_no_snapshot_what_changes_on_the_way_is_exported_as_it_is_then() -> None:
    with asking(products=150, bulk=BulkWays(seconds=0.4)) as api:
        last, *_ = sorted(api.simulation.shop.products, reverse=True)
        identity = api.run_bulk("{ products { edges { node { id title } } } }")
        api.control("PATCH", f"/products/{last}", {"title": "Changed on the way"})
        ended = api.ended(identity)
        titles = {each["id"]: each["title"] for each in api.lines(ended["url"])}
    assert titles[f"gid://shopify/Product/{last}"] == "Changed on the way"


def test_its_end_is_told_to_whoever_subscribed() -> None:
    with Receiver() as receiver, asking() as api:
        api.simulation.subscribe(receiver.url, ["bulk_operations/finish"])
        ended = api.ended(api.run_bulk())
        (told,) = eventually(lambda: receiver.received[:1], "a delivery")
        assert told.headers["x-shopify-topic"] == "bulk_operations/finish"
        assert json.loads(told.body) == {
            "admin_graphql_api_id": ended["id"],
            "completed_at": ended["completedAt"],
            "created_at": ended["createdAt"],
            "error_code": None,
            "status": "completed",
            "type": "query",
        }


def test_files_go_with_the_simulation() -> None:
    with asking() as api:
        api.ended(api.run_bulk())
        (operation,) = api.simulation.admin.bulk.all()
        assert operation.file.exists()
    assert not operation.folder.exists()
