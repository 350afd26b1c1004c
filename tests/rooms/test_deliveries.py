import base64

import pytest

from backroom.cache.reader import CachedResource, read_cached, read_key
from backroom.ingress.deliveries import (
    DeliveryFilter,
    DeliverySummary,
    history_of,
    read_deliveries,
    read_delivery,
    replay,
)
from backroom.resources.product import shopify_product_cache
from backroom.vocabulary.errors import Ambiguous, Misuse, Unknown
from backroom.vocabulary.pages import Page, Place
from tests.bodies import product
from tests.house import House, instant
from tests.rooms.catalogue import SECOND, pages, second_shop


def read(house: House, **filters: object) -> list[DeliverySummary]:
    """The first page."""
    with house.database.reading() as transaction:
        return read_deliveries(transaction, DeliveryFilter(**filters), None, 50).items  # type: ignore[arg-type]


def cached(house: House, number: int, domain: str | None = None) -> CachedResource:
    with house.database.reading() as transaction:
        return read_cached(transaction, shopify_product_cache, (number,), domain)


def test_deliveries_are_listed_newest_first_with_what_became_of_them(house: House) -> None:
    house.play("products/create", product(7), webhook_id="a", triggered_at=instant(3))
    house.play("orders/create", b"[]", webhook_id="b")
    house.deliver("products/create", b"")

    newest, ignored, stored = read(house)
    assert (newest.state, newest.outcome, newest.size_bytes) == ("pending", None, 0)
    assert (ignored.state, ignored.outcome, ignored.resource, ignored.size_bytes) == (
        "sorted",
        "ignored",
        None,
        2,
    )
    assert (stored.webhook_id, stored.topic, stored.shop) == ("a", "products/create", "one.myshopify.com")
    assert (stored.outcome, stored.resource, stored.resource_key) == ("cached", "product", "7")
    assert stored.triggered_at == instant(3)


def test_deliveries_are_filtered_by_topic_state_outcome_and_shop(house: House) -> None:
    house.play("products/create", product(7))
    house.play("products/create", b"no json", shop_id=second_shop(house))
    house.play("orders/create", b"{}")

    assert [each.id for each in read(house, topic="orders/create")] == [3]
    assert [each.id for each in read(house, state="parked")] == [2]
    assert [each.id for each in read(house, outcome="cached")] == [1]
    assert [each.id for each in read(house, shop=SECOND)] == [2]
    assert [each.id for each in read(house, shop=SECOND, state="sorted")] == []
    assert [each.id for each in read(house, state="dead")] == []


def test_pages_of_deliveries_keep_the_filters_while_new_ones_come(house: House) -> None:
    for _ in range(5):
        house.deliver("orders/create", b"{}")
        house.deliver("products/create", b"{}")

    def page(place: Place | None) -> Page[DeliverySummary]:
        house.deliver("orders/create", b"{}")
        with house.database.reading() as transaction:
            return read_deliveries(transaction, DeliveryFilter(topic="products/create"), place, 2)

    assert [[each.id for each in items] for items in pages(page)] == [[10, 8], [6, 4], [2]]


@pytest.mark.parametrize(
    ("body", "encoding", "text"),
    [
        (b'{"id": 1}', "text", '{"id": 1}'),
        ("nö json\x00".encode(), "text", "nö json\x00"),
        (b"\xff\xfe", "base64", base64.b64encode(b"\xff\xfe").decode()),
        (b"", "text", ""),
    ],
)
def test_a_body_is_shown_as_it_was_received(house: House, body: bytes, encoding: str, text: str) -> None:
    house.deliver("products/create", body)

    with house.database.reading() as transaction:
        found = read_delivery(transaction, 1)
    assert (found.body.encoding, found.body.text, found.size_bytes) == (encoding, text, len(body))
    assert found.headers == {}


def test_a_delivery_that_is_not_there_is_unknown(house: House) -> None:
    with house.database.reading() as transaction, pytest.raises(Unknown, match="no delivery 9"):
        read_delivery(transaction, 9)


def test_a_replayed_delivery_is_sorted_once_more(house: House) -> None:
    house.play("products/create", b"no json")
    house.play("products/create", product(7))
    parked = house.deliveries()[0]
    assert (parked["state"], parked["attempts"]) == ("parked", 1)

    with house.database.writing() as transaction:
        assert replay(transaction, [2, 1, 1]) == 2
    for row in house.deliveries():
        assert (row["state"], row["outcome"], row["error"], row["attempts"]) == ("pending", None, None, 0)
        assert row["next_attempt_at"] is None

    house.settle()
    assert [row["outcome"] for row in house.deliveries()] == ["failed", "unchanged"]


def test_a_replay_of_an_older_version_changes_nothing(house: House) -> None:
    house.play("products/create", product(7, title="Old"))
    house.play("products/update", product(7, at=9, title="New"))
    with house.database.writing() as transaction:
        replay(transaction, [1])
    house.settle()

    assert house.deliveries()[0]["outcome"] == "stale"
    assert house.listings()[0]["title"] == "New"


def test_a_replay_that_names_an_unknown_delivery_replays_none(house: House) -> None:
    house.play("products/create", product(7))

    with pytest.raises(Unknown, match="no delivery 8, 9"), house.database.writing() as transaction:
        replay(transaction, [9, 1, 8])
    assert house.deliveries()[0]["state"] == "sorted"


def test_the_history_of_a_resource_is_its_deliveries_newest_first_and_50_at_most(house: House) -> None:
    for number in range(60):
        house.deliver("products/update", product(7, at=number))
    house.deliver("products/create", product(8))
    house.deliver("products/create", product(7), shop_id=second_shop(house))
    house.settle()

    with house.database.reading() as transaction:
        history = history_of(transaction, house.shop_id, "product", "7")
    assert [each.id for each in history] == list(range(60, 10, -1))
    assert {each.outcome for each in history} <= {"cached", "stale"}


def test_the_raw_cache_shows_the_body_that_is_held_and_its_state(house: House) -> None:
    house.play("products/create", product(7, at=3), triggered_at=instant(4))

    found = cached(house, 7)
    assert found.body is not None
    assert found.body.text.startswith('{"id":7,')
    assert (found.shape, found.source, found.revision, found.partial) == ("rest", "webhook", 1, False)
    assert (found.updated_at, found.triggered_at) == (instant(3), instant(4))
    assert (found.deleted_at, found.wanted_at, found.dead_at, found.processing_error) == (
        None,
        None,
        None,
        None,
    )
    assert found.processed_at is not None


def test_a_deletion_without_a_body_is_shown_too(house: House) -> None:
    house.play("products/delete", {"id": 7}, triggered_at=instant(4))

    assert (cached(house, 7).body, cached(house, 7).deleted_at) == (None, instant(4))


def test_an_id_that_several_shops_hold_asks_for_the_shop(house: House) -> None:
    house.play("products/create", product(7))
    house.play("products/create", product(7), shop_id=second_shop(house))

    with pytest.raises(Ambiguous, match=r"one\.myshopify\.com, two\.myshopify\.com"):
        cached(house, 7)
    assert cached(house, 7, SECOND).shop == SECOND
    with pytest.raises(Unknown, match="nothing is cached under 7 for nobody"):
        cached(house, 7, "nobody")


@pytest.mark.parametrize(
    "text", ["", "x", "0", "-1", "1:2", "1_0", " 1", "01", "٣", "9223372036854775808", "9" * 5000]
)
def test_an_id_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(Misuse, match="is no id of this resource"):
        read_key(shopify_product_cache, text)
