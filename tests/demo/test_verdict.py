"""The demo's verdict finds whatever is not as the shop says: each field, broken once in the real tables."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select, update

from backroom.db.database import Transaction
from backroom.demo.expected import GONE_PRODUCT, GONE_VARIANT, expected_product, expected_variant
from backroom.demo.held import Held, read_held
from backroom.demo.judge import REFETCH, SHARING, judge
from backroom.demo.verdict import CREATIONS, Verdict
from backroom.erp.tables import field_change, listing, listing_variant, product, sku
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.tables import sync_run
from tests.bodies import Json
from tests.demo.shop import (
    MUG,
    POSTER,
    SHIRT,
    poster_body,
    poster_truth,
    shirt_body,
    shirt_truth,
    shop_status,
    truth_of,
)
from tests.house import House

DOMAIN = "one.myshopify.com"
CALM = shop_status()

BREAKS: list[tuple[Table, str, Any]] = [
    (listing, "shopify_handle", "linen-shirt-1"),
    (listing, "title", "Linen Shirt"),
    (listing, "status", "draft"),
    (listing, "vendor", None),
    (listing, "product_type", "Shirt"),
    (listing, "tags", ["linen"]),
    (listing, "options", [{"name": "Size", "values": ["S", "M"]}, {"name": "Colour", "values": ["Red"]}]),
    (listing, "images", ["https://cdn.example/back.jpg", "https://cdn.example/front.jpg"]),
    (listing, "is_active", False),
    (product, "name", None),
    (product, "is_active", False),
    (listing_variant, "shopify_inventory_item_id", 2_199),
    (listing_variant, "sku_code", "LINEN-s"),
    (listing_variant, "barcode", "4006381333932"),
    (listing_variant, "title", "S / Navy"),
    (listing_variant, "price", 290_001),
    (listing_variant, "compare_at_price", None),
    (listing_variant, "options", {"Size": "Blue", "Colour": "S"}),
    (listing_variant, "position", 3),
    (listing_variant, "is_active", False),
    (sku, "sku_code", None),
    (sku, "barcode", "4006381333932"),
    (sku, "is_active", False),
]


def held_by(house: House) -> Held:
    with house.database.reading() as transaction:
        return read_held(transaction, DOMAIN)


def found(verdict: Verdict) -> list[tuple[str, str]]:
    return [(difference.what, difference.field) for difference in verdict.differences]


class Undone(Exception):
    """Takes a break back."""


def held_while(house: House, write: Callable[[Transaction], object]) -> Held:
    """What is held after something was written; afterwards it is as before."""
    held: list[Held] = []
    try:
        with house.database.writing() as transaction:
            write(transaction)
            held.append(read_held(transaction, DOMAIN))
            raise Undone
    except Undone:
        return held[0]


def broken(house: House, table: Table, column: str, value: Any) -> Held:
    """What is held while a column of the first row says something else."""
    first = select(table.c.id).order_by(table.c.id).limit(1).scalar_subquery()
    change = update(table).where(table.c.id == first).values({column: value})
    return held_while(house, lambda transaction: transaction.execute(change))


def test_what_the_shop_says_is_what_the_tables_say(house: House) -> None:
    house.play("products/create", shirt_body())
    verdict = judge(truth_of([shirt_truth()]), held_by(house), CALM)
    assert verdict.holds
    assert found(verdict) == []
    assert (verdict.products, verdict.variants, verdict.fields) == (1, 2, 11 + 2 * 13 + 3 * 2 + 4)


def test_each_field_that_is_not_as_it_should_be_is_found(house: House) -> None:
    house.play("products/create", shirt_body())
    truth = truth_of([shirt_truth()])
    for table, column, value in BREAKS:
        verdict = judge(truth, broken(house, table, column, value), CALM)
        assert [field for _, field in found(verdict)] == [f"{table.name}.{column}"]
        assert not verdict.holds
    assert judge(truth, held_by(house), CALM).holds


def test_every_field_that_is_compared_is_broken_once_above() -> None:
    truth = shirt_truth()
    compared = {*expected_product(truth), *expected_variant(truth["variants"][0], 1)}
    assert compared == {f"{table.name}.{column}" for table, column, _ in BREAKS} | {"sku.product_id"}


def test_a_sku_of_another_product_is_found(house: House) -> None:
    house.play("products/create", shirt_body())
    house.play("products/create", poster_body(variants=1))
    truth = truth_of([shirt_truth(), poster_truth(1)])
    assert judge(truth, held_by(house), CALM).holds
    other = next(row["product_id"] for row in house.listings() if row["shopify_product_id"] == POSTER)
    verdict = judge(truth, broken(house, sku, "product_id", other), CALM)
    assert found(verdict) == [("variant 1101", "sku.product_id")]


def test_a_product_or_a_variant_that_is_not_there_is_found(house: House) -> None:
    house.play("products/create", shirt_body(variant_gids=[]))
    missing = {**shirt_truth()["variants"][0], "id": 1_109}
    truth = truth_of([{**shirt_truth(), "variants": [*shirt_truth()["variants"], missing]}, poster_truth(1)])
    verdict = judge(truth, held_by(house), CALM)
    assert found(verdict) == [("variant 1109", "listing_variant"), ("product 13", "listing")]


def test_a_listing_that_no_shop_has_is_found(house: House) -> None:
    house.play("products/create", shirt_body())
    verdict = judge(truth_of(), held_by(house), CALM)
    assert found(verdict) == [("product 11", "listing")]


@pytest.mark.parametrize("column", sorted(GONE_VARIANT))
def test_a_variant_that_is_gone_and_still_active_is_found(house: House, column: str) -> None:
    house.play("products/create", shirt_body())
    truth = shirt_truth()
    truth["variants"] = truth["variants"][1:]
    house.play("products/update", _without_first_variant(shirt_body(at=1)))
    assert judge(truth_of([truth]), held_by(house), CALM).holds
    table = {each.name: each for each in (listing_variant, sku)}[column.partition(".")[0]]
    verdict = judge(truth_of([truth]), broken(house, table, "is_active", True), CALM)
    assert found(verdict) == [("variant 1101", column)]


@pytest.mark.parametrize("column", sorted({*GONE_PRODUCT, *GONE_VARIANT}))
def test_a_deleted_product_that_is_still_active_is_found(house: House, column: str) -> None:
    house.play("products/create", shirt_body())
    house.play("products/delete", {"id": SHIRT})
    house.play("products/create", poster_body(variants=1))
    truth = truth_of([poster_truth(1)], deleted=[SHIRT, MUG])
    verdict = judge(truth, held_by(house), CALM)
    assert (verdict.holds, verdict.deleted) == (True, 2)
    tables = {each.name: each for each in (listing, product, listing_variant, sku)}
    verdict = judge(truth, broken(house, tables[column.partition(".")[0]], "is_active", True), CALM)
    assert [field for _, field in found(verdict)] == [column]


def test_a_large_product_is_compared_in_all_of_its_variants(house: House) -> None:
    house.play("products/update", poster_body(variants=120, whole=False))
    truth = truth_of([poster_truth(120)])
    missing = [(f"variant {1_300_000 + number}", "listing_variant") for number in range(101, 121)]
    verdict = judge(truth, held_by(house), CALM)
    assert found(verdict) == [*missing, ("product 13", REFETCH)]
    assert verdict.variants == 100


def test_a_want_that_nobody_answered_is_a_difference_that_says_why(house: House) -> None:
    house.play("products/update", shirt_body())
    house.play("products/update", {"id": SHIRT})
    (difference,) = judge(truth_of([shirt_truth()]), held_by(house), CALM).differences
    assert (difference.what, difference.field) == ("product 11", REFETCH)
    assert difference.held == held_by(house).wanted[f"product {SHIRT}"]


@pytest.mark.parametrize("state", ["failed", "cancelled", "running"])
def test_a_run_that_did_not_succeed_is_a_difference_that_says_why(house: House, state: str) -> None:
    house.play("products/create", shirt_body())
    new = NewRun(kind="sync", resource="products", mode="full", shop_id=house.shop_id, requested_by="a test")
    with house.database.writing() as transaction:
        run_id = queue_run(transaction, new)
    values = {"state": state, "error": "the token is not accepted", "seen": 7}
    held = held_while(house, lambda transaction: transaction.execute(update(sync_run).values(values)))
    verdict = judge(truth_of([shirt_truth()]), held, CALM)
    assert found(verdict) == [(f"run {run_id}", "its end")]
    assert verdict.differences[0].held == f"{state}: the token is not accepted"
    done = {"state": "succeeded", "seen": 7}
    held = held_while(house, lambda transaction: transaction.execute(update(sync_run).values(done)))
    assert judge(truth_of([shirt_truth()]), held, CALM).holds
    assert held.fetched == {"full": 7}


@pytest.mark.parametrize("count", ["given_up", "removed_subscriptions"])
def test_what_the_shop_gave_up_is_a_difference(house: House, count: str) -> None:
    house.play("products/create", shirt_body())
    status = shop_status(**{count: 1})
    assert found(judge(truth_of([shirt_truth()]), held_by(house), status)) == [("the whole", count)]


@pytest.mark.parametrize("name", ["parked", "dead"])
def test_what_is_parked_or_dead_is_a_difference(house: House, name: str) -> None:
    house.play("products/create", shirt_body())
    held = {"parked": replace(held_by(house), parked=1), "dead": replace(held_by(house), dead=1)}[name]
    assert found(judge(truth_of([shirt_truth()]), held, CALM)) == [("the whole", name)]


def test_a_parked_delivery_is_seen_in_the_tables(house: House) -> None:
    house.play("products/create", shirt_body())
    house.play("products/update", b"{")
    assert held_by(house).parked == 1


def test_a_verdict_over_nothing_does_not_hold(house: House) -> None:
    verdict = judge(truth_of(), held_by(house), CALM)
    assert (found(verdict), verdict.holds) == ([], False)


def extra(house: House, table: Table, **values: Any) -> Held:
    """What is held while a copy of the table's first row is there as well, with these values."""

    def write(transaction: Transaction) -> None:
        first = transaction.execute(select(table).order_by(table.c.id).limit(1)).mappings().one()
        transaction.execute(insert(table).values({**first, "id": 1_000_000, **values}))

    return held_while(house, write)


@pytest.mark.parametrize("table", [product, sku], ids=["a product", "a SKU"])
def test_what_the_erp_has_and_no_shop_is_found(house: House, table: Table) -> None:
    house.play("products/create", shirt_body())
    verdict = judge(truth_of([shirt_truth()]), extra(house, table), CALM)
    assert found(verdict) == [(f"{table.name} with the ERP's id 1000000", "what it was made for")]


def test_two_listings_of_one_product_are_found(house: House) -> None:
    house.play("products/create", shirt_body(title="Poster"))
    house.play("products/create", poster_body(variants=1))
    truth = truth_of([{**shirt_truth(), "title": "Poster"}, poster_truth(1)])
    assert judge(truth, held_by(house), CALM).holds
    one, other = (row["product_id"] for row in house.listings())

    def share(transaction: Transaction) -> None:
        for table in (listing, sku):
            transaction.execute(update(table).where(table.c.product_id == other).values(product_id=one))

    verdict = judge(truth, held_while(house, share), CALM)
    assert found(verdict) == [
        ("product 11", SHARING),
        ("product 13", SHARING),
        (f"product with the ERP's id {other}", "what it was made for"),
    ]


def test_two_variants_of_one_sku_are_found(house: House) -> None:
    shirt = shirt_truth()
    body = shirt_body()
    for said in (shirt, body):
        said["variants"][1] |= {"sku": "LINEN-S", "barcode": "4006381333931"}
    house.play("products/create", body)
    assert judge(truth_of([shirt]), held_by(house), CALM).holds
    one, other = (row["sku_id"] for row in house.variants())

    def share(transaction: Transaction) -> None:
        transaction.execute(update(listing_variant).values(sku_id=one))

    verdict = judge(truth_of([shirt]), held_while(house, share), CALM)
    assert found(verdict) == [
        ("variant 1101", SHARING),
        ("variant 1102", SHARING),
        (f"sku with the ERP's id {other}", "what it was made for"),
    ]


def test_a_creation_that_is_not_in_the_history_or_twice_is_found(house: House) -> None:
    house.play("products/create", shirt_body())
    truth = truth_of([shirt_truth()])

    def forget(transaction: Transaction) -> None:
        transaction.execute(delete(field_change).where(field_change.c.entity == "sku"))

    verdict = judge(truth, held_while(house, forget), CALM)
    assert found(verdict) == [("variant 1101", CREATIONS), ("variant 1102", CREATIONS)]
    verdict = judge(truth, extra(house, field_change), CALM)
    assert found(verdict) == [("product 11", CREATIONS)]


def _without_first_variant(body: Json) -> Json:
    return {**body, "variants": body["variants"][1:], "variant_gids": body["variant_gids"][1:]}
