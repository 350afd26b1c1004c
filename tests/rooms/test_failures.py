import threading

import pytest

from backroom.flow.failures import Failure, discard, read_failures, retry
from backroom.resources.registry import RESOURCES
from backroom.vocabulary.errors import Misuse, Unknown
from backroom.vocabulary.pages import Page, Place
from tests.bodies import product
from tests.house import House
from tests.rooms.catalogue import SECOND, pages, second_shop
from tests.rooms.failing import UNREADABLE, die, unprocessable


def read(house: House) -> list[Failure]:
    with house.database.reading() as transaction:
        return read_failures(transaction, RESOURCES, None, 50).items


def test_what_is_parked_is_listed_with_its_reason_and_its_next_attempt(house: House) -> None:
    house.play("products/create", UNREADABLE)
    house.play("products/create", unprocessable(34))
    house.play("products/create", product(35))

    delivery, row = read(house)
    assert (delivery.id, delivery.state, delivery.attempts) == ("delivery:1", "parked", 1)
    assert delivery.reason is not None
    assert delivery.reason.startswith("the body is not JSON")
    assert (row.id, row.state, row.shop, row.topic) == (
        "product:34",
        "parked",
        "one.myshopify.com",
        "products/create",
    )
    assert row.reason is not None
    assert row.reason.endswith("'cheap' is not an amount")
    assert row.next_attempt_at is not None


def test_what_was_given_up_is_listed_as_dead(house: House) -> None:
    house.play("products/create", UNREADABLE)
    house.play("products/create", unprocessable(34))
    die(house)

    assert [(each.id, each.state, each.next_attempt_at) for each in read(house)] == [
        ("delivery:1", "dead", None),
        ("product:34", "dead", None),
    ]


def test_pages_of_failures_go_through_all_of_their_sources(house: House) -> None:
    shop_id = second_shop(house)
    for number in (1, 2):
        house.play("products/create", UNREADABLE)
        house.play("products/create", unprocessable(number), shop_id=shop_id)
    die(house)
    house.play("products/create", UNREADABLE)
    house.play("products/create", unprocessable(3))
    house.play("products/create", unprocessable(2))

    def page(place: Place | None) -> Page[Failure]:
        with house.database.reading() as transaction:
            return read_failures(transaction, RESOURCES, place, 2)

    found = [each for items in pages(page) for each in items]
    assert [(each.id, each.shop == SECOND) for each in found] == [
        ("delivery:5", False),
        ("delivery:1", False),
        ("delivery:3", False),
        ("product:2", False),
        ("product:3", False),
        ("product:1", True),
        ("product:2", True),
    ]


@pytest.mark.parametrize("place", [(9,), (0,), (0, 1, 2), (2, 1), (99, 1, 1)])
def test_a_cursor_of_another_list_is_refused(house: House, place: Place) -> None:
    with house.database.reading() as transaction, pytest.raises(Misuse, match="cursor"):
        read_failures(transaction, RESOURCES, place, 50)


@pytest.mark.parametrize("given_up", [False, True], ids=["parked", "dead"])
def test_a_retried_row_is_tried_at_once_with_all_its_attempts_before_it(house: House, given_up: bool) -> None:
    house.play("products/create", UNREADABLE)
    house.play("products/create", unprocessable(34))
    if given_up:
        die(house)

    assert retry(house.database, RESOURCES, ["delivery:1", "product:34"]) == 2
    assert read(house) == []
    house.settle()
    assert [(each.id, each.state, each.attempts) for each in read(house)] == [
        ("delivery:1", "parked", 1),
        ("product:34", "parked", 1),
    ]


@pytest.mark.parametrize("given_up", [False, True], ids=["parked", "dead"])
def test_a_discarded_row_is_done_and_the_erp_rows_stay(house: House, given_up: bool) -> None:
    house.play("products/create", product(34))
    before = house.listings(), house.variants(), house.skus()
    house.play("products/update", unprocessable(34, at=1))
    house.play("products/create", UNREADABLE)
    if given_up:
        die(house)

    assert discard(house.database, RESOURCES, ["product:34", "delivery:3"]) == 2
    house.settle()
    assert read(house) == []
    assert (house.listings(), house.variants(), house.skus()) == before
    delivery = house.deliveries()[2]
    assert (delivery["state"], delivery["outcome"]) == ("sorted", "failed")
    assert delivery["error"].startswith("the body is not JSON"), "its reason stays to be read"
    (row,) = house.cache()
    assert row["processed_at"] is not None
    assert (row["processing_error"], row["dead_at"], row["next_attempt_at"]) == (None, None, None)


def test_a_newer_body_of_a_discarded_row_is_processed_as_ever(house: House) -> None:
    house.play("products/create", unprocessable(34))
    discard(house.database, RESOURCES, ["product:34"])
    house.play("products/update", product(34, at=1))

    assert house.listings()[0]["title"] == "Product 34"


def test_an_id_means_all_shops_that_hold_it_unless_one_is_named(house: House) -> None:
    shop_id = second_shop(house)
    house.play("products/create", unprocessable(34))
    house.play("products/create", unprocessable(34), shop_id=shop_id)

    assert retry(house.database, RESOURCES, ["product:34"], SECOND) == 1
    house.settle()
    assert retry(house.database, RESOURCES, ["product:34"]) == 2


def test_an_id_under_which_nothing_failed_is_named_and_nothing_is_touched(house: House) -> None:
    house.play("products/create", unprocessable(34))
    house.play("products/create", product(35))

    for act in (retry, discard):
        with pytest.raises(Unknown, match="product:35, delivery:77"):
            act(house.database, RESOURCES, ["product:34", "product:35", "delivery:77"])
        with pytest.raises(Unknown, match="in nobody"):
            act(house.database, RESOURCES, ["product:34"], "nobody")
    assert [each.id for each in read(house)] == ["product:34"]


@pytest.mark.parametrize(
    "text", ["", "34", "product", "product:", "product:x", "order:1", "delivery:-1", "product:1:2"]
)
def test_an_id_in_another_form_is_refused(house: House, text: str) -> None:
    with pytest.raises(Misuse):
        retry(house.database, RESOURCES, [text])


def test_a_retry_waits_for_the_worker_that_has_the_shop(house: House) -> None:
    house.play("products/create", unprocessable(34))
    holding, done = threading.Event(), threading.Event()
    seen: list[bool] = []

    def work() -> None:
        with house.database.shop_writing(house.shop_id):
            holding.set()
            seen.append(done.wait(0.2))

    worker = threading.Thread(target=work)
    worker.start()
    holding.wait()
    assert retry(house.database, RESOURCES, ["product:34"]) == 1
    done.set()
    worker.join()
    assert seen == [False], "the retry came after the worker's commit"
