"""What is gone, by the shop's events: from answers as Shopify may give them, and from the simulated shop."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backroom.shopify.deletions import read_deletions
from backroom.vocabulary.errors import QueryRefused, ScopeMissing
from tests.shopify.stub import Reply, Stub, data, errors
from tests.shopify.test_simulated import door
from tests.simulator.admin.asking import Asking, asking
from tests.simulator.admin.happening import delete, publish
from tests.simulator.street import a_product

SINCE = datetime(2026, 11, 28, 12, 30, tzinfo=UTC)
ALIVE = {"__typename": "Product"}


@pytest.fixture
def api() -> Iterator[Asking]:
    with asking(products=260) as opened:
        yield opened


def event(number: int, **subject: Any) -> dict[str, Any]:
    return {"subjectId": f"gid://shopify/Product/{number}", **subject}


def page(*nodes: dict[str, Any], end: str | None = None) -> Reply:
    page_info = {"hasNextPage": end is not None, "endCursor": end}
    return data({"events": {"nodes": list(nodes), "pageInfo": page_info}})


def test_events_of_that_kind_since_then_are_asked_for() -> None:
    stub = Stub(page(end="c2"), page())
    first = read_deletions(stub.client(), "PRODUCT", since=SINCE, after=None)
    assert (first.gids, first.has_next, first.end_cursor) == ([], True, "c2")
    last = read_deletions(stub.client(), "PRODUCT", since=SINCE, after="c2")
    assert not last.has_next
    query = "subject_type:PRODUCT created_at:>='2026-11-28T12:30:00.000000Z'"
    assert [asked["variables"] for asked in stub.asked] == [
        {"first": 100, "after": after, "query": query} for after in (None, "c2")
    ]


def test_only_an_event_whose_subject_is_null_tells_that_it_is_gone() -> None:
    stub = Stub(page(event(1, subject=None), event(2, subject=ALIVE), event(3), {}, event(4, subject=None)))
    found = read_deletions(stub.client(), "PRODUCT", since=SINCE, after=None)
    assert found.gids == ["gid://shopify/Product/1", "gid://shopify/Product/4"]


def test_what_has_several_events_is_named_once() -> None:
    stub = Stub(page(event(2, subject=None), event(1, subject=None), event(2, subject=None)))
    found = read_deletions(stub.client(), "PRODUCT", since=SINCE, after=None)
    assert found.gids == ["gid://shopify/Product/2", "gid://shopify/Product/1"]


@pytest.mark.parametrize(
    ("reply", "refused"),
    [
        (data({"events": None}), QueryRefused),
        (data({"events": {"nodes": None}}), QueryRefused),
        (errors("undefinedField"), QueryRefused),
        (errors("ACCESS_DENIED", value={"events": None}), ScopeMissing),
    ],
)
def test_what_is_not_told_is_refused(reply: Reply, refused: type[Exception]) -> None:
    with pytest.raises(refused):
        read_deletions(Stub(reply).client(), "PRODUCT", since=SINCE, after=None)


def test_a_simulated_shop_tells_all_of_them_over_its_pages_and_nothing_else(api: Asking) -> None:
    delete(api)
    since = api.simulation.shop.now() + timedelta(seconds=1)
    wanted = [delete(api, seconds=1) for _ in range(150)]
    publish(api, a_product(api.simulation), published=False)
    found: list[str] = []
    after = None
    while True:
        answer = read_deletions(door(api), "PRODUCT", since=since, after=after)
        found += answer.gids
        after = answer.end_cursor
        if not answer.has_next:
            break
    assert found == wanted
    assert read_deletions(door(api), "COLLECTION", since=since, after=None).gids == []


def test_a_simulated_shop_that_denies_it_is_told_as_a_missing_scope(api: Asking) -> None:
    api.control("POST", "/app", {"scopes": ["read_orders"]})
    with pytest.raises(ScopeMissing):
        read_deletions(door(api), "PRODUCT", since=SINCE, after=None)
