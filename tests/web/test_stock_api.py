from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from backroom.db.database import Database
from backroom.resources.registry import RESOURCES
from backroom.web.api import build_router
from backroom.web.security import Doorkeeper
from backroom.web.tokens import Role
from tests.house import House, instant
from tests.rooms.catalogue import second_shop
from tests.rooms.stockroom import change, told_by, variant_row, written
from tests.web.front import Front, open_front


class Api:
    """The read API over HTTP, as a viewer."""

    def __init__(self, front: Front) -> None:
        self._http = front.http
        self._headers = {"Authorization": f"Bearer {front.token(Role.VIEWER)}"}

    def get(self, path: str, **query: str | int) -> httpx.Response:
        return self._http.get(f"/api/v1/{path}", params=query or None, headers=self._headers)

    def read(self, path: str, **query: str | int) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    """The API, over an empty house."""
    router = build_router(database, RESOURCES, Doorkeeper(database).require)
    with open_front(database, api=router) as front:
        yield Api(front)


def test_a_sku_has_its_stock_in_all_and_by_location(house: House, api: Api) -> None:
    variant_row(house, 1, 2**53 + 1)
    written(
        house,
        locations=[change(7, name="Berlin")],
        levels=[change(2**53 + 1, 7, available=5), change(2**53 + 1, 8, available=-1)],
    )

    (found,) = api.read("skus")["items"]
    assert found["available"] == 4
    assert [
        (each["inventory_item_id"], each["location_id"], each["location"], each["available"])
        for each in found["levels"]
    ] == [("9007199254740993", "7", "Berlin", 5), ("9007199254740993", "8", None, -1)]
    (product,) = api.read("products")["items"]
    assert product["skus"] == [found]


def test_a_level_says_whether_it_counts_and_when_its_other_quantities_were_pulled(
    house: House, api: Api
) -> None:
    variant_row(house, 1, 11)
    pulled: dict[str, Any] = {"on_hand": 7, "committed": 2, "incoming": 1, "quantities_at": instant(3)}
    written(
        house,
        locations=[change(8, active=False)],
        levels=[change(11, 7, available=5, **pulled), change(11, 8, available=2)],
    )

    (found,) = api.read("skus")["items"]
    names = ("counts", "on_hand", "committed", "incoming")
    assert [[each[name] for name in names] for each in found["levels"]] == [
        [True, 7, 2, 1],
        [False, None, None, None],
    ]
    assert datetime.fromisoformat(found["levels"][0]["quantities_at"]) == instant(3)
    assert found["levels"][1]["quantities_at"] is None


def test_a_sku_says_whether_its_stock_is_counted_at_all(house: House, api: Api) -> None:
    variant_row(house, 1, 11)
    assert api.read("skus")["items"][0]["tracked"] is None

    for tracked in (True, False):
        written(house, items=[change(11, tracked=tracked)])
        assert api.read("skus")["items"][0]["tracked"] is tracked


def test_the_history_of_a_level_is_read_in_pages_and_by_field(house: House, api: Api) -> None:
    for number in range(1, 4):
        written(house, levels=[change(11, 7, available=number, on_hand=9, cause=told_by(number))])

    page = api.read("levels/11:7/history", field="available", limit=2)
    assert [(each["old"], each["new"], each["delivery_id"]) for each in page["items"]] == [
        (2, 3, 3),
        (1, 2, 2),
    ]
    (first,) = api.read("levels/11:7/history", field="available", limit=2, cursor=page["next"])["items"]
    assert (first["created"], first["delivery_id"]) == (True, 1)
    assert len(api.read("levels/11:7/history", field="on_hand")["items"]) == 1


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("levels/11:9/history", {}, 404),
        ("levels/11:7/history", {}, 409),
        ("levels/11:7/history", {"shop": "ONE.myshopify.com"}, 200),
        ("levels/11/history", {}, 400),
        ("levels/x/history", {}, 400),
        ("levels/11:7/history", {"field": "price"}, 422),
    ],
)
def test_levels_that_are_not_named_rightly_are_refused(
    house: House, api: Api, path: str, query: dict[str, str], status: int
) -> None:
    for shop_id in (house.shop_id, second_shop(house)):
        written(house, shop_id, levels=[change(11, 7, available=5)])

    assert api.get(path, **query).status_code == status


@pytest.mark.parametrize("path", ["levels/11/history", "cache/inventory/11"])
def test_who_names_a_level_wrongly_is_told_of_which_ids_its_own_is_made(
    house: House, api: Api, path: str
) -> None:
    assert "it is ITEM:LOCATION, as Shopify gives it" in api.get(path).text


def test_the_feed_tells_of_stock_by_its_tables(house: House, api: Api) -> None:
    written(
        house,
        locations=[change(7, name="Berlin")],
        items=[change(11, tracked=True)],
        levels=[change(11, 7, available=5)],
    )

    for entity in ("location", "inventory_item", "inventory_level"):
        assert [each["entity"] for each in api.read("changes", entity=entity)["items"]] == [entity]


def test_the_status_counts_levels_without_a_variant(house: House, api: Api) -> None:
    written(house, levels=[change(11, 7, available=5)])

    found = api.read("status")
    by_shop = {shop["domain"]: shop["levels_without_variant"] for shop in found["shops"]}
    assert (found["levels_without_variant"], by_shop["one.myshopify.com"]) == (1, 1)
