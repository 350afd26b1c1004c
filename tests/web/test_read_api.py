import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from backroom.db.database import Database
from backroom.resources.registry import RESOURCES
from backroom.web.api import build_router
from backroom.web.security import Doorkeeper
from backroom.web.tokens import Role
from tests.bodies import product, variant
from tests.house import House, instant
from tests.rooms.catalogue import SECOND, second_shop
from tests.rooms.failing import UNREADABLE, die, unprocessable
from tests.web.front import Front, open_front


@dataclass
class Api:
    """The read API over HTTP, as a viewer and as an operator."""

    front: Front
    viewer: dict[str, str]
    operator: dict[str, str]

    def get(self, path: str, **query: str | int) -> httpx.Response:
        return self.front.http.get(f"/api/v1/{path}", params=query or None, headers=self.viewer)

    def post(self, path: str, headers: dict[str, str] | None = None, **query: str) -> httpx.Response:
        return self.front.http.post(f"/api/v1/{path}", params=query, headers=headers or self.operator)

    def read(self, path: str, **query: str | int) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def items(self, path: str, **query: str | int) -> list[Any]:
        items: list[Any] = self.read(path, **query)["items"]
        return items


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    """The API, over an empty house."""
    router = build_router(database, RESOURCES, Doorkeeper(database).require)
    with open_front(database, api=router) as front:
        viewer, operator = (
            {"Authorization": f"Bearer {front.token(role)}"} for role in (Role.VIEWER, Role.OPERATOR)
        )
        yield Api(front, viewer, operator)


def fill(house: House) -> None:
    """A little of everything: a shared code, a deletion, a want, what is parked and what is dead."""
    house.play("products/create", product(7, at=0.5, variants=[variant(71, sku="A"), variant(72, sku="A")]))
    house.play("products/create", product(8), triggered_at=instant(2))
    house.play("products/delete", {"id": 8})
    house.play("products/update", {"id": 9})
    house.play("products/create", product(7), shop_id=second_shop(house))
    house.play("products/create", UNREADABLE)
    house.play("products/create", unprocessable(10))
    die(house)
    house.play("products/create", b"\xff")
    house.play("orders/create", b"[1]")


def test_products_have_exactly_the_fields_that_are_promised(house: House, api: Api) -> None:
    house.play("products/create", product(7, at=0.5))

    (found,) = api.items("products")
    assert set(found) == {
        "id", "external_id", "name", "is_active", "status", "vendor", "product_type", "image_url",
        "shopify_product_id", "shopify_handle", "shop", "updated_at", "skus", "listings",
    }  # fmt: skip
    assert set(found["listings"][0]) == {
        "shop", "shopify_product_id", "shopify_handle", "title", "status", "is_active", "refetch_wanted",
        "linked_by",
    }  # fmt: skip
    assert found["updated_at"] == "2025-10-09T08:53:20.500000Z"
    assert found["skus"] == api.items("skus"), "a product's SKUs have the shape of the SKUs"


def test_skus_have_exactly_the_fields_that_are_promised(house: House, api: Api) -> None:
    house.play("products/create", product(7))

    (found,) = api.items("skus")
    assert set(found) == {
        "id", "external_id", "product_id", "sku_code", "barcode", "title", "options", "price",
        "compare_at_price", "currency", "is_active", "shopify_variant_id", "shopify_inventory_item_id",
        "tracked", "available", "levels", "listings",
    }  # fmt: skip
    assert (found["price"], found["available"], found["levels"]) == ("19.99", None, [])
    assert set(found["listings"][0]) == {
        "shop", "shopify_product_id", "shopify_variant_id", "sku_code", "title", "price", "compare_at_price",
        "is_active",
    }  # fmt: skip


def test_pages_lead_on_until_next_is_null(house: House, api: Api) -> None:
    for number in range(1, 6):
        house.play("products/create", product(number))

    names: list[str] = []
    page = api.read("products", limit=2, q="product", is_active="true")
    while True:
        names += [each["name"] for each in page["items"]]
        if page["next"] is None:
            break
        page = api.read("products", limit=2, q="product", is_active="true", cursor=page["next"])
    assert names == [f"Product {number}" for number in range(1, 6)]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("products?limit=0", 422),
        ("products?limit=501", 422),
        ("products?limit=x", 422),
        ("products?cursor=nonsense", 400),
        ("products?cursor=%00", 422),
        ("products?is_active=perhaps", 422),
        ("products?shopify_product_id=9223372036854775808", 422),
        ("products?q=%00", 422),
        ("skus?code=%00", 422),
        ("deliveries?state=lost", 422),
        ("deliveries?outcome=lost", 422),
        ("deliveries/0", 422),
        ("deliveries/99", 404),
        ("cache/product/7", 404),
        ("cache/colours/7", 404),
        ("cache/product/x", 400),
        ("cache/product/1:2", 400),
        ("changes?after=nonsense", 400),
        ("changes?entity=colour", 422),
        ("failures?cursor=nonsense", 400),
        ("nowhere", 404),
    ],
)
def test_a_wrong_question_is_answered_with_a_plain_reason(api: Api, path: str, status: int) -> None:
    answer = api.get(path)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"]


def test_filters_reach_the_readers(house: House, api: Api) -> None:
    fill(house)

    assert [each["name"] for each in api.items("products", shop=SECOND.upper())] == ["Product 7"]
    assert [each["name"] for each in api.items("products", shopify_product_id=8)] == ["Product 8"]
    assert [each["name"] for each in api.items("products", is_active="false")] == ["Product 8"]
    assert [each["shopify_variant_id"] for each in api.items("skus", code="A")] == ["71", "72"]
    assert [each["shopify_variant_id"] for each in api.items("skus", inventory_item_id=1072)] == ["72"]
    assert [each["shopify_variant_id"] for each in api.items("skus", shopify_variant_id=801)] == ["801"]
    assert [each["shopify_variant_id"] for each in api.items("skus", shop=SECOND)] == ["701"]
    assert [each["is_active"] for each in api.items("skus", is_active="false")] == [False]
    assert [each["topic"] for each in api.items("deliveries", outcome="ignored")] == ["orders/create"]
    assert [each["state"] for each in api.items("deliveries", state="dead")] == ["dead"]
    assert [each["shop"] for each in api.items("deliveries", shop=SECOND)] == [SECOND]


def test_deliveries_are_listed_without_and_shown_with_their_bodies(house: House, api: Api) -> None:
    house.play("products/create", product(7))
    house.play("orders/create", b"\xff")

    listed = api.items("deliveries")
    assert [each["id"] for each in listed] == [2, 1]
    assert not {"body", "headers"} & set(listed[0])
    assert json.loads(api.read("deliveries/1")["body"]["text"])["title"] == "Product 7"
    assert api.read("deliveries/2")["body"] == {"encoding": "base64", "text": "/w=="}


def test_a_replay_is_an_operators_and_makes_a_delivery_pending(house: House, api: Api) -> None:
    house.play("products/create", product(7))

    assert api.post("deliveries/1/replay", api.viewer).status_code == 403
    assert house.deliveries()[0]["state"] == "sorted"
    assert api.post("deliveries/1/replay").json() == {"replayed": 1}
    assert house.deliveries()[0]["state"] == "pending"
    assert api.post("deliveries/9/replay").status_code == 404


def test_the_cache_shows_the_raw_body_and_its_history(house: House, api: Api) -> None:
    house.play("products/create", product(7))
    house.play("products/update", product(7, at=5), triggered_at=instant(5))

    found = api.read("cache/products/7")
    assert found == api.read("cache/product/7")
    assert json.loads(found["cached"]["body"]["text"])["updated_at"] == instant(5).isoformat()
    assert (found["cached"]["revision"], found["cached"]["shape"]) == (2, "rest")
    assert [(each["id"], each["topic"], each["outcome"]) for each in found["history"]] == [
        (2, "products/update", "cached"),
        (1, "products/create", "cached"),
    ]


def test_an_id_that_several_shops_hold_is_409_until_the_shop_is_named(house: House, api: Api) -> None:
    house.play("products/create", product(7))
    house.play("products/create", product(7), shop_id=second_shop(house))

    answer = api.get("cache/product/7")
    assert answer.status_code == 409
    assert SECOND in answer.json()["error"]
    assert api.read("cache/product/7", shop=SECOND)["cached"]["shop"] == SECOND


def test_the_feed_is_followed_with_next_even_from_its_end(house: House, api: Api) -> None:
    house.play("products/create", product(7, variants=[variant(71), variant(72)]))
    house.play("products/create", product(8, variants=[variant(81), variant(82)]))
    page = api.read("changes", limit=2)
    seen = list(page["items"])
    while page["items"]:
        page = api.read("changes", limit=2, after=page["next"])
        seen += page["items"]
    assert [each["id"] for each in seen] == [row["id"] for row in house.changes()]
    assert [each["field"] for each in seen] == [None] * len(seen)
    assert {each["shop"] for each in seen} == {"one.myshopify.com"}

    house.play("products/update", product(7, at=1, vendor="New", variants=[variant(71), variant(72)]))
    (change,) = api.read("changes", after=page["next"])["items"]
    assert (change["entity"], change["field"], change["old"], change["new"]) == (
        "listing",
        "vendor",
        "Acme",
        "New",
    )
    assert (change["delivery_id"], change["topic"]) == (3, "products/update")
    assert api.items("changes", entity="listing_variant") == []
    assert [each["field"] for each in api.items("changes", entity="listing")] == ["vendor"]


def test_an_empty_feed_has_a_next_too(house: House, api: Api) -> None:
    first = api.read("changes")
    assert first["items"] == []
    house.play("products/create", product(7))
    assert api.read("changes", after=first["next"])["items"]


def test_failures_are_listed_retried_and_discarded(house: House, api: Api) -> None:
    house.play("products/create", unprocessable(10))
    house.play("products/create", UNREADABLE)

    assert [each["id"] for each in api.items("failures")] == ["delivery:2", "product:10"]
    first = api.read("failures", limit=1)
    assert [each["id"] for each in api.items("failures", limit=1, cursor=first["next"])] == ["product:10"]
    assert api.post("failures/product:10/retry", api.viewer).status_code == 403
    assert api.post("failures/product:10/discard", api.viewer).status_code == 403
    assert api.post("failures/product:10/retry").json() == {"rows": 1}
    assert api.post("failures/delivery:2/discard", shop="one.myshopify.com").json() == {"rows": 1}
    assert api.items("failures") == []
    assert api.post("failures/product:10/retry").status_code == 404
    assert api.post("failures/colour:10/retry").status_code == 400


def test_shared_codes_are_listed_with_their_variants(house: House, api: Api) -> None:
    fill(house)

    (conflict,) = api.read("code-conflicts")["items"]
    assert (conflict["shop"], conflict["sku_code"]) == ("one.myshopify.com", "A")
    assert [each["shopify_variant_id"] for each in conflict["variants"]] == ["71", "72"]
    assert api.read("code-conflicts", shop=SECOND) == {"items": []}


def test_the_status_is_the_promised_document(house: House, api: Api) -> None:
    fill(house)

    found = api.read("status")
    assert set(found) >= {
        "inbox_pending",
        "dirty",
        "parked",
        "wanted",
        "dead",
        "running",
        "lag_seconds",
        "shops",
    }
    assert (found["inbox_pending"], found["parked"], found["wanted"], found["dead"]) == (0, 1, 1, 2)
    assert found["running"] == 0
    assert {shop["domain"] for shop in found["shops"]} == {"demo.myshopify.com", "one.myshopify.com", SECOND}


@pytest.mark.parametrize("examples", [10, pytest.param(200, marks=pytest.mark.soak)])
def test_every_answer_is_what_the_openapi_page_promises(house: House, api: Api, examples: int) -> None:
    """Schemathesis asks each operation, with all kinds of parameters."""
    fill(house)
    page = f"{api.front.http.base_url}/api/v1/openapi.json"
    schema = schemathesis.openapi.from_url(page, headers=api.operator)
    asked = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        asked.add(operation.path)

        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            # That valid parameters are accepted is not asked: a schema can't tell our cursors from others.
            case.call_and_validate(headers=api.operator, excluded_checks=[positive_data_acceptance])

        ask()
    assert len(asked) == 23


@pytest.mark.parametrize("path", ["products", "skus", "deliveries", "changes", "failures", "status"])
def test_a_parameter_that_nobody_knows_is_refused_and_does_not_show_everything(api: Api, path: str) -> None:
    answer = api.get(path, colour="red")

    assert answer.status_code == 400
    assert "'colour'" in answer.json()["error"]


def test_the_feed_takes_its_cursor_under_either_name(house: House, api: Api) -> None:
    house.play("products/create", product(7))
    following = api.read("changes")["next"]

    assert api.read("changes", cursor=following)["items"] == []
    assert api.read("changes", after=following)["items"] == []
    assert len(api.read("changes", after="")["items"]) == 2
