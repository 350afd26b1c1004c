from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from backroom.db.database import Database
from backroom.erp.conflicts import read_code_conflicts
from backroom.flow.status import ShopStatus, Status, read_status
from backroom.ingress.tables import webhook_delivery
from backroom.resources.product import shopify_product_cache
from backroom.resources.registry import RESOURCES
from backroom.shops.shops import remove_shop
from backroom.shops.tables import webhook_secret
from tests.bodies import product, variant, without
from tests.house import House, instant
from tests.rooms.catalogue import SECOND, counted_statements, second_shop
from tests.rooms.failing import UNREADABLE, die, unprocessable


def status_of(database: Database) -> Status:
    with database.reading() as transaction:
        return read_status(transaction, RESOURCES)


def numbers(found: Status | ShopStatus) -> tuple[int, ...]:
    return found.inbox_pending, found.dirty, found.parked, found.wanted, found.dead


def make_dirty(house: House) -> None:
    with house.database.writing() as transaction:
        transaction.execute(update(shopify_product_cache).values(processed_at=None))


def test_an_empty_house_waits_for_nothing(house: House) -> None:
    found = status_of(house.database)
    assert numbers(found) == (0, 0, 0, 0, 0)
    assert (found.running, found.lag_seconds, found.code_conflicts) == (0, 0.0, 0)
    assert [(shop.domain, shop.last_received_at) for shop in found.shops] == [("one.myshopify.com", None)]


def test_a_house_without_shops_has_a_status_too(database: Database) -> None:
    assert status_of(database).shops == []


def test_what_waits_is_counted_once_in_the_place_where_it_is(house: House) -> None:
    house.play("products/create", product(1))
    make_dirty(house)
    assert numbers(status_of(house.database)) == (0, 1, 0, 0, 0)

    house.settle()
    house.deliver("products/create", product(2))
    house.deliver("products/create", UNREADABLE)
    assert numbers(status_of(house.database)) == (2, 0, 0, 0, 0)

    house.settle()
    assert numbers(status_of(house.database)) == (0, 0, 1, 0, 0)

    house.play("products/create", unprocessable(3))
    assert numbers(status_of(house.database)) == (0, 0, 2, 0, 0), "a delivery and a cache row"

    die(house)
    assert numbers(status_of(house.database)) == (0, 0, 0, 0, 2)

    house.play("products/update", product(3, at=1))
    assert numbers(status_of(house.database)) == (0, 0, 0, 0, 1), "a new revision revives the dead"


def test_a_parked_cache_row_is_dirty_once_its_time_has_come(house: House) -> None:
    house.play("products/create", unprocessable(3))
    with house.database.writing() as transaction:
        transaction.execute(update(shopify_product_cache).values(next_attempt_at=transaction.now()))

    assert numbers(status_of(house.database)) == (0, 1, 0, 0, 0)


def test_a_wanted_refetch_is_wanted_and_never_dirty_for_that(house: House) -> None:
    house.play("products/create", without(product(1), "tags"))
    house.play("products/update", {"id": 2})

    assert numbers(status_of(house.database)) == (0, 0, 0, 2, 0)


def test_shops_are_counted_apart_and_summed(house: House) -> None:
    shop_id = second_shop(house)
    house.play("products/create", UNREADABLE)
    house.play("products/create", unprocessable(3), shop_id=shop_id)
    house.deliver("products/create", product(4), shop_id=shop_id)

    found = status_of(house.database)
    assert {shop.domain: numbers(shop) for shop in found.shops} == {
        "one.myshopify.com": (0, 0, 1, 0, 0),
        SECOND: (1, 0, 1, 0, 0),
    }
    assert numbers(found) == (1, 0, 2, 0, 0)


def test_the_lag_is_the_age_of_the_oldest_work_that_waits(house: House) -> None:
    house.deliver("products/create", product(1))
    house.deliver("products/create", product(2))
    age = timedelta(seconds=90)
    with house.database.writing() as transaction:
        first = update(webhook_delivery).where(webhook_delivery.c.id == 1)
        transaction.execute(first.values(received_at=transaction.now() - age))
    assert status_of(house.database).lag_seconds == pytest.approx(90, abs=20)

    house.settle()
    assert status_of(house.database).lag_seconds == 0.0

    make_dirty(house)
    assert status_of(house.database).lag_seconds == pytest.approx(90, abs=20)


def test_a_shops_last_receipt_is_that_of_its_secrets(house: House) -> None:
    with house.database.writing() as transaction:
        for seconds in (5, 9):
            transaction.execute(
                insert(webhook_secret).values(
                    shop_id=house.shop_id,
                    ciphertext=b"",
                    fingerprint="",
                    source="added",
                    created_at=instant(0),
                    last_used_at=instant(seconds),
                )
            )

    assert [shop.last_received_at for shop in status_of(house.database).shops] == [instant(9)]


def test_codes_that_active_variants_of_one_shop_share_are_conflicts(house: House) -> None:
    house.play("products/create", product(1, variants=[variant(11, sku="A"), variant(12, sku="B")]))
    house.play("products/create", product(2, variants=[variant(21, sku="A"), variant(22, sku=None)]))
    house.play("products/create", product(3, variants=[variant(31, sku=None), variant(32, sku="C")]))
    house.play("products/create", product(4, variants=[variant(41, sku="B")]), shop_id=second_shop(house))

    found = status_of(house.database)
    assert found.code_conflicts == 1
    assert [shop.code_conflicts for shop in found.shops] == [1, 0]
    with house.database.reading() as transaction:
        (conflict,) = read_code_conflicts(transaction)
        assert read_code_conflicts(transaction, SECOND) == []
    assert (conflict.shop, conflict.sku_code) == ("one.myshopify.com", "A")
    assert [(each.shopify_product_id, each.shopify_variant_id) for each in conflict.variants] == [
        ("1", "11"),
        ("2", "21"),
    ]

    house.play("products/delete", {"id": 2})
    assert status_of(house.database).code_conflicts == 0, "what is gone is in nobody's way"


def test_a_removed_shop_is_shown_while_anything_of_it_waits(house: House) -> None:
    shop_id = second_shop(house)
    for number in (1, 2):
        house.play("products/create", product(number, variants=[variant(number, sku="A")]), shop_id=shop_id)
    house.deliver("products/create", product(3), shop_id=shop_id)
    assert status_of(house.database).code_conflicts == 1
    with house.database.writing() as transaction:
        remove_shop(transaction, SECOND)

    found = status_of(house.database)
    assert [shop.domain for shop in found.shops] == ["one.myshopify.com", SECOND]
    assert (found.inbox_pending, found.code_conflicts) == (1, 0)
    with house.database.reading() as transaction:
        assert read_code_conflicts(transaction) == []

    house.settle()
    assert [shop.domain for shop in status_of(house.database).shops] == ["one.myshopify.com"]


def test_a_status_takes_the_same_number_of_statements_however_many_shops_there_are(house: House) -> None:
    house.deliver("products/create", product(1))
    with counted_statements(house.database) as few:
        status_of(house.database)
    house.deliver("products/create", product(1), shop_id=second_shop(house))
    with counted_statements(house.database) as more:
        status_of(house.database)

    assert len(few) == len(more)


def test_no_statement_of_the_status_walks_the_history(house: House) -> None:
    """Deliveries and cache rows are reached by their partial indexes, or by a primary key."""
    for number in range(1, 200):
        house.deliver("products/create", product(number))
    house.settle()
    with house.database.writing() as transaction:
        transaction.connection.exec_driver_sql("ANALYZE")
    with counted_statements(house.database) as sent:
        status_of(house.database)
    if house.database.schema is not None:
        pytest.skip("PostgreSQL rightly scans tables that are this small")
    walked = [text for text in sent if "webhook_delivery" in text or "product_cache" in text]
    assert len(walked) == 7
    with house.database.reading() as transaction:
        for text in walked:
            marks = (None,) * text.count("?")
            plan = transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", marks).all()
            ways = [row[-1] for row in plan if row[-1].startswith(("SCAN webhook", "SCAN shopify"))]
            assert all("INDEX ix_" in way for way in ways), (text, plan)


def test_open_findings_are_told_by_shop_as_they_are_handed_in(house: House) -> None:
    second = second_shop(house)
    with house.database.reading() as transaction:
        found = read_status(transaction, RESOURCES, drifting={second: 3})
    assert found.drifting == 3
    assert {shop.domain: shop.drifting for shop in found.shops} == {"one.myshopify.com": 0, SECOND: 3}
