from typing import Any

import httpx
import msgspec
import pytest

from backroom.shopify.pages import read_nodes, read_page
from backroom.vocabulary.errors import QueryRefused
from tests.shopify.stub import DOMAIN, PRODUCTS, Stub, data, errors


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


class Catalogue:
    """Products with variants, which answers the four documents; two variants come along, three on a page."""

    def __init__(self, variants: dict[int, int], *, most: int = 250) -> None:
        self.variants = variants
        self.most = most
        self.updated = dict.fromkeys(variants, 0)
        self.before_branch: Any = lambda: None
        self.stub = Stub(by=self.answer)
        self.client = self.stub.client()

    def answer(self, body: dict[str, Any]) -> httpx.Response:
        asked, document = body["variables"], body["query"]
        if "ProductPage" in document:
            if asked["first"] > self.most:
                return errors("MAX_COST_EXCEEDED", cost=asked["first"] * 10, maxCost=self.most * 10)
            numbers = sorted(self.variants)[int(asked["after"] or 0) :]
            shown = numbers[: asked["first"]]
            end = int(asked["after"] or 0) + len(shown)
            page = {"hasNextPage": len(shown) < len(numbers), "endCursor": str(end)}
            nodes = [self.node(number) for number in shown]
            return data({"products": {"nodes": nodes, "pageInfo": page}})
        if "ProductNodes" in document:
            if len(asked["ids"]) > self.most:
                return errors("MAX_COST_EXCEEDED")
            numbers = [int(each.rpartition("/")[2]) for each in asked["ids"]]
            return data(
                {"nodes": [self.node(number) if number in self.variants else None for number in numbers]}
            )
        self.before_branch()
        number = int(asked["id"].rpartition("/")[2])
        if number not in self.variants:
            return data({"node": None})
        connection = self.connection(number, int(asked["after"]), min(3, asked["first"]))
        return data({"node": {"id": asked["id"], "updatedAt": self.instant(number), "variants": connection}})

    def node(self, number: int) -> dict[str, Any]:
        return {
            "id": gid("Product", number),
            "title": "é",
            "updatedAt": self.instant(number),
            "variants": self.connection(number, 0, 2),
            "media": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}},
        }

    def connection(self, number: int, after: int, first: int) -> dict[str, Any]:
        count = self.variants[number]
        end = min(count, after + first)
        nodes = [
            {"id": gid("ProductVariant", number * 1000 + each), "sku": None} for each in range(after, end)
        ]
        return {"nodes": nodes, "pageInfo": {"hasNextPage": end < count, "endCursor": str(end)}}

    def instant(self, number: int) -> str:
        return f"2026-11-28T00:00:{self.updated[number]:02}Z"

    def expected(self, number: int, count: int | None = None) -> bytes:
        count = self.variants[number] if count is None else count
        nodes = [{"id": gid("ProductVariant", number * 1000 + each), "sku": None} for each in range(count)]
        return msgspec.json.encode(
            {
                "id": gid("Product", number),
                "title": "é",
                "updatedAt": self.instant(number),
                "variants": nodes,
                "media": [],
            }
        )


def test_pages_follow_each_other_and_bodies_are_whole() -> None:
    shop = Catalogue({1: 0, 2: 2, 3: 11, 4: 3})
    page = read_page(shop.client, PRODUCTS, first=3, after=None, query="updated_at:>'x'")
    assert [item.raw for item in page.items] == [shop.expected(number) for number in (1, 2, 3)]
    assert all(item.whole for item in page.items)
    assert (page.has_next, page.end_cursor) == (True, "3")
    last = read_page(shop.client, PRODUCTS, first=3, after=page.end_cursor, query=None)
    assert [item.gid for item in last.items] == [gid("Product", 4)]
    assert not last.has_next
    assert shop.stub.asked[0]["variables"] == {"first": 3, "after": None, "query": "updated_at:>'x'"}


def test_a_page_that_costs_too_much_shrinks_and_stays_small() -> None:
    shop = Catalogue(dict.fromkeys(range(1, 101), 0), most=40)
    page = read_page(shop.client, PRODUCTS, first=250, after=None, query=None)
    assert len(page.items) == 40
    read_page(shop.client, PRODUCTS, first=250, after=page.end_cursor, query=None)
    assert [asked["variables"]["first"] for asked in shop.stub.asked] == [250, 40, 40]


def test_a_shop_that_allows_not_even_one_is_refused_in_words() -> None:
    stub = Stub(by=lambda _: errors("MAX_COST_EXCEEDED"))
    with pytest.raises(QueryRefused, match=f"{DOMAIN} allows too little"):
        read_page(stub.client(), PRODUCTS, first=4, after=None, query=None)
    assert len(stub.requests) == 3


def test_nodes_are_found_or_absent_whatever_their_number() -> None:
    shop = Catalogue(dict.fromkeys(range(1, 601, 2), 1), most=100)
    gids = [gid("Product", number) for number in range(1, 601)]
    answer = read_nodes(shop.client, PRODUCTS, gids)
    assert [item.gid for item in answer.found] == gids[::2]
    assert answer.absent == gids[1::2]
    assert max(len(asked["variables"]["ids"]) for asked in shop.stub.asked[2:]) <= 100


def test_a_node_of_another_type_is_absent() -> None:
    stub = Stub(data({"nodes": [{}]}))
    answer = read_nodes(stub.client(), PRODUCTS, [gid("Order", 1)])
    assert answer.absent == [gid("Order", 1)]


def test_nothing_asked_is_nothing_sent() -> None:
    stub = Stub()
    assert read_nodes(stub.client(), PRODUCTS, []).found == []


def test_a_node_that_changes_between_its_pages_is_read_again() -> None:
    shop = Catalogue({1: 11})
    changes = iter([False, True])

    def change() -> None:
        if next(changes, False):
            shop.updated[1] += 1
            shop.variants[1] = 9

    shop.before_branch = change
    page = read_page(shop.client, PRODUCTS, first=1, after=None, query=None)
    assert [item.raw for item in page.items] == [shop.expected(1, 9)]
    assert page.items[0].whole


def test_a_node_that_never_stands_still_is_handed_on_as_not_whole() -> None:
    shop = Catalogue({1: 11})

    def change() -> None:
        shop.updated[1] += 1

    shop.before_branch = change
    found = read_nodes(shop.client, PRODUCTS, [gid("Product", 1)]).found
    assert [item.whole for item in found] == [False]
    assert len(msgspec.json.decode(found[0].raw)["variants"]) == 2


def test_a_node_that_vanishes_between_its_pages_is_absent_or_not_whole() -> None:
    for read_one in (True, False):
        shop = Catalogue({1: 11})
        shop.before_branch = shop.variants.clear
        if read_one:
            assert read_nodes(shop.client, PRODUCTS, [gid("Product", 1)]).absent == [gid("Product", 1)]
        else:
            page = read_page(shop.client, PRODUCTS, first=1, after=None, query=None)
            assert [item.whole for item in page.items] == [False]


def test_the_bytes_are_shopifys_own() -> None:
    body = b'{"data":{"nodes":[{"id":"gid://shopify/Product/1","title":"\\u00e4\\/","updatedAt":"x","price":10.50,'
    body += b'"variants":{"nodes":[{"id":"v"}],"pageInfo":{"hasNextPage":false,"endCursor":null}},'
    body += b'"media":{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}}]}}'
    stub = Stub(httpx.Response(200, content=body))
    found = read_nodes(stub.client(), PRODUCTS, [gid("Product", 1)]).found
    assert found[0].raw == (
        b'{"id":"gid://shopify/Product/1","title":"\\u00e4\\/","updatedAt":"x","price":10.50,'
        b'"variants":[{"id":"v"}],"media":[]}'
    )


def test_an_answer_of_another_shape_is_refused() -> None:
    values: list[object] = [{"nodes": []}, {"nodes": 5}, {}]
    for value in values:
        with pytest.raises(QueryRefused):
            read_nodes(Stub(data(value)).client(), PRODUCTS, [gid("Product", 1)])
