"""The demo's verdict finds whatever is not as the shop says: each field, broken once in the real tables."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select, update

from backroom.db.database import Transaction
from backroom.demo.expected import GONE_PRODUCT, GONE_VARIANT, expected_product, expected_variant
from backroom.demo.held import Held, read_held
from backroom.demo.record import DELETION, Record
from backroom.demo.verdict import CREATIONS, SHARING, Verdict, judge
from backroom.erp.tables import field_change, listing, listing_variant, product, sku
from tests.bodies import Json
from tests.demo.shop import (
    CUT,
    LOST,
    MUG,
    PENDING,
    POSTER,
    SHIRT,
    delivery,
    poster_body,
    poster_truth,
    recorded,
    shirt_body,
    shirt_truth,
    truth_of,
)
from tests.house import House

DOMAIN = "one.myshopify.com"
UNCUT = recorded()

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
    verdict = judge(truth_of([shirt_truth()]), held_by(house), UNCUT)
    assert verdict.holds
    assert found(verdict) == []
    assert (verdict.products, verdict.variants, verdict.fields) == (1, 2, 11 + 2 * 13 + 3 * 2 + 4)


def test_each_field_that_is_not_as_it_should_be_is_found(house: House) -> None:
    house.play("products/create", shirt_body())
    truth = truth_of([shirt_truth()])
    for table, column, value in BREAKS:
        verdict = judge(truth, broken(house, table, column, value), UNCUT)
        assert [field for _, field in found(verdict)] == [f"{table.name}.{column}"]
        assert not verdict.holds
    assert judge(truth, held_by(house), UNCUT).holds


def test_every_field_that_is_compared_is_broken_once_above() -> None:
    truth = shirt_truth()
    compared = {*expected_product(truth), *expected_variant(truth["variants"][0], 1)}
    assert compared == {f"{table.name}.{column}" for table, column, _ in BREAKS} | {"sku.product_id"}


def test_a_sku_of_another_product_is_found(house: House) -> None:
    house.play("products/create", shirt_body())
    house.play("products/create", poster_body(variants=1))
    truth = truth_of([shirt_truth(), poster_truth(1)])
    assert judge(truth, held_by(house), UNCUT).holds
    other = next(row["product_id"] for row in house.listings() if row["shopify_product_id"] == POSTER)
    verdict = judge(truth, broken(house, sku, "product_id", other), UNCUT)
    assert found(verdict) == [("variant 1101", "sku.product_id")]


def test_a_product_or_a_variant_that_is_not_there_is_found(house: House) -> None:
    house.play("products/create", shirt_body(variant_gids=[]))
    missing = {**shirt_truth()["variants"][0], "id": 1_109}
    truth = truth_of([{**shirt_truth(), "variants": [*shirt_truth()["variants"], missing]}, poster_truth(1)])
    verdict = judge(truth, held_by(house), UNCUT)
    assert found(verdict) == [("variant 1109", "listing_variant"), ("product 13", "listing")]


def test_a_listing_that_no_shop_has_is_found(house: House) -> None:
    house.play("products/create", shirt_body())
    verdict = judge(truth_of(), held_by(house), UNCUT)
    assert found(verdict) == [("product 11", "listing")]


@pytest.mark.parametrize("column", sorted(GONE_VARIANT))
def test_a_variant_that_is_gone_and_still_active_is_found(house: House, column: str) -> None:
    house.play("products/create", shirt_body())
    truth = shirt_truth()
    truth["variants"] = truth["variants"][1:]
    house.play("products/update", _without_first_variant(shirt_body(at=1)))
    assert judge(truth_of([truth]), held_by(house), UNCUT).holds
    table = {each.name: each for each in (listing_variant, sku)}[column.partition(".")[0]]
    verdict = judge(truth_of([truth]), broken(house, table, "is_active", True), UNCUT)
    assert found(verdict) == [("variant 1101", column)]


@pytest.mark.parametrize("column", sorted({*GONE_PRODUCT, *GONE_VARIANT}))
def test_a_deleted_product_that_is_still_active_is_found(house: House, column: str) -> None:
    house.play("products/create", shirt_body())
    house.play("products/delete", {"id": SHIRT})
    house.play("products/create", poster_body(variants=1))
    truth = truth_of([poster_truth(1)], deleted=[SHIRT, MUG])
    verdict = judge(truth, held_by(house), UNCUT)
    assert (verdict.holds, verdict.deleted) == (True, 2)
    tables = {each.name: each for each in (listing, product, listing_variant, sku)}
    verdict = judge(truth, broken(house, tables[column.partition(".")[0]], "is_active", True), UNCUT)
    assert [field for _, field in found(verdict)] == [column]


def test_a_truncated_product_is_compared_as_far_as_its_body_went_and_wants_a_refetch(house: House) -> None:
    house.play("products/update", poster_body(variants=120, whole=False))
    truth = truth_of([poster_truth(120)], _13=CUT)
    verdict = judge(truth, held_by(house), UNCUT)
    assert (found(verdict), verdict.truncated, verdict.variants) == ([], 1, 100)
    first = broken(house, listing_variant, "price", 1)
    assert found(judge(truth, first, UNCUT)) == [("variant 1300001", "listing_variant.price")]
    silent = replace(held_by(house), wanted={})
    assert found(judge(truth, silent, UNCUT)) == [("product 13", "a refetch")]


def test_a_product_that_came_as_an_id_has_to_want_a_refetch_and_is_not_compared(house: House) -> None:
    house.play("products/update", shirt_body(title="What it was called before"))
    house.play("products/update", {"id": SHIRT})
    cut = recorded(delivery(SHIRT, at=1), delivery(SHIRT, "id_only", at=2))
    truth = truth_of([shirt_truth()], _11=CUT)
    verdict = judge(truth, held_by(house), cut)
    assert (found(verdict), verdict.id_only, verdict.products) == ([], 1, 0)
    silent = replace(held_by(house), wanted={})
    assert found(judge(truth, silent, cut)) == [("product 11", "a refetch")]


def test_a_large_product_that_came_as_an_id_is_not_compared_either(house: House) -> None:
    house.play("products/update", poster_body(variants=120, title="What it was called before"))
    house.play("products/update", {"id": POSTER})
    truth = truth_of([poster_truth(120)], _13=CUT)
    cut = recorded(delivery(POSTER, at=1), delivery(POSTER, "id_only", at=2))
    assert found(judge(truth, held_by(house), cut)) == []
    uncut = judge(truth, held_by(house), UNCUT)
    assert ("product 13", "listing.title") in found(uncut)


def test_a_product_that_was_carried_whole_wants_nothing_unless_an_id_came_once(house: House) -> None:
    house.play("products/create", shirt_body())
    truth, asking = truth_of([shirt_truth()]), replace(held_by(house), wanted={SHIRT: "no reason at all"})
    assert found(judge(truth, asking, UNCUT)) == [("product 11", "a refetch")]
    once = recorded(delivery(SHIRT, "id_only", at=1), delivery(SHIRT, at=2))
    assert found(judge(truth, asking, once)) == []
    assert found(judge(truth, held_by(house), once)) == [("product 11", "a refetch")]


def test_a_record_that_does_not_reach_back_excuses_a_want(house: House) -> None:
    house.play("products/create", shirt_body())
    asking = replace(held_by(house), wanted={SHIRT: "an id came long ago"})
    assert judge(truth_of([shirt_truth()]), asking, recorded(delivery(SHIRT, at=2), deliveries=2)).holds


def test_a_version_that_was_dropped_is_counted_and_not_judged(house: House) -> None:
    house.play("products/create", shirt_body(title="What it was called before"))
    house.play("products/create", poster_body(variants=1))
    truth = truth_of([shirt_truth(), poster_truth(1)], deleted=[MUG], _11=LOST, _12=LOST)
    record = recorded(
        delivery(SHIRT, at=1),
        delivery(SHIRT, "drop", at=2, state="dropped"),
        delivery(MUG, "drop", at=3, state="dropped", topic="products/delete"),
        dropped=2,
    )
    verdict = judge(truth, held_by(house), record)
    assert (verdict.holds, verdict.lost, verdict.products, verdict.deleted) == (True, 2, 1, 0)


@pytest.mark.parametrize(
    "record",
    [
        recorded(delivery(SHIRT, at=1), delivery(SHIRT, at=2, state="given_up")),
        recorded(delivery(SHIRT, "drop", at=1, state="dropped"), delivery(SHIRT, at=2, state="given_up")),
        recorded(delivery(SHIRT, at=2, state="given_up"), deliveries=99),
    ],
    ids=["given up", "given up after an older one was dropped", "given up, and nothing was ever dropped"],
)
def test_a_version_that_backroom_refused_is_a_difference(house: House, record: Record) -> None:
    house.play("products/create", shirt_body())
    verdict = judge(truth_of([shirt_truth()], _11=LOST), held_by(house), record)
    assert (found(verdict), verdict.lost) == ([("product 11", "its newest version")], 0)


def test_a_loss_beyond_the_record_is_excused_where_something_was_dropped(house: House) -> None:
    house.play("products/create", poster_body(variants=1))
    truth = truth_of([shirt_truth(), poster_truth(1)], _11=LOST)
    verdict = judge(truth, held_by(house), recorded(deliveries=99, dropped=1))
    assert (found(verdict), verdict.lost) == ([], 1)


@pytest.mark.parametrize("count", ["given_up", "removed_subscriptions"])
def test_what_the_shop_gave_up_is_a_difference(house: House, count: str) -> None:
    house.play("products/create", shirt_body())
    record = recorded(**{count: 1})
    assert found(judge(truth_of([shirt_truth()]), held_by(house), record)) == [("the whole", count)]


def test_a_version_that_is_still_on_its_way_is_a_difference(house: House) -> None:
    house.play("products/create", shirt_body())
    verdict = judge(truth_of([shirt_truth()], _11=PENDING), held_by(house), UNCUT)
    assert found(verdict) == [("product 11", "its newest version")]


@pytest.mark.parametrize("name", ["parked", "dead"])
def test_what_is_parked_or_dead_is_a_difference(house: House, name: str) -> None:
    house.play("products/create", shirt_body())
    held = {"parked": replace(held_by(house), parked=1), "dead": replace(held_by(house), dead=1)}[name]
    assert found(judge(truth_of([shirt_truth()]), held, UNCUT)) == [("the whole", name)]


def test_a_parked_delivery_is_seen_in_the_tables(house: House) -> None:
    house.play("products/create", shirt_body())
    house.play("products/update", b"{")
    assert held_by(house).parked == 1


def test_a_verdict_over_nothing_does_not_hold(house: House) -> None:
    record = recorded(delivery(SHIRT, "drop", at=1, state="dropped"), dropped=1)
    verdict = judge(truth_of([shirt_truth()], _11=LOST), held_by(house), record)
    assert (found(verdict), verdict.holds) == ([], False)


def test_only_ids_that_were_accepted_and_are_of_living_products_count_as_cut() -> None:
    rows = [
        delivery(1, "id_only", at=1),
        delivery(1, at=2),
        delivery(2, at=1),
        delivery(2, "id_only", "delay", at=2),
        delivery(3, "id_only", at=1, state="given_up"),
        delivery(4, "id_only", at=1, topic="products/delete"),
    ]
    record = recorded(*rows)
    assert (set(record.cut), set(record.newest_cut), record.complete) == ({1, 2}, {2}, True)
    assert not recorded(*rows, deliveries=7).complete


def extra(house: House, table: Table, **values: Any) -> Held:
    """What is held while a copy of the table's first row is there as well, with these values."""

    def write(transaction: Transaction) -> None:
        first = transaction.execute(select(table).order_by(table.c.id).limit(1)).mappings().one()
        transaction.execute(insert(table).values({**first, "id": 1_000_000, **values}))

    return held_while(house, write)


@pytest.mark.parametrize("table", [product, sku], ids=["a product", "a SKU"])
def test_what_the_erp_has_and_no_shop_is_found(house: House, table: Table) -> None:
    house.play("products/create", shirt_body())
    verdict = judge(truth_of([shirt_truth()]), extra(house, table), UNCUT)
    assert found(verdict) == [(f"{table.name} with the ERP's id 1000000", "what it was made for")]


def test_two_listings_of_one_product_are_found(house: House) -> None:
    house.play("products/create", shirt_body(title="Poster"))
    house.play("products/create", poster_body(variants=1))
    truth = truth_of([{**shirt_truth(), "title": "Poster"}, poster_truth(1)])
    assert judge(truth, held_by(house), UNCUT).holds
    one, other = (row["product_id"] for row in house.listings())

    def share(transaction: Transaction) -> None:
        for table in (listing, sku):
            transaction.execute(update(table).where(table.c.product_id == other).values(product_id=one))

    verdict = judge(truth, held_while(house, share), UNCUT)
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
    assert judge(truth_of([shirt]), held_by(house), UNCUT).holds
    one, other = (row["sku_id"] for row in house.variants())

    def share(transaction: Transaction) -> None:
        transaction.execute(update(listing_variant).values(sku_id=one))

    verdict = judge(truth_of([shirt]), held_while(house, share), UNCUT)
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

    verdict = judge(truth, held_while(house, forget), UNCUT)
    assert found(verdict) == [("variant 1101", CREATIONS), ("variant 1102", CREATIONS)]
    verdict = judge(truth, extra(house, field_change), UNCUT)
    assert found(verdict) == [("product 11", CREATIONS)]


def test_a_body_that_came_after_the_deletion_has_to_want_a_refetch(house: House) -> None:
    house.play("products/create", shirt_body())
    house.play("products/delete", {"id": SHIRT})
    house.play("products/create", poster_body(variants=1))
    record = recorded(
        delivery(SHIRT, at=1), delivery(SHIRT, at=2, came=9), delivery(SHIRT, at=3, topic=DELETION)
    )
    truth = truth_of([poster_truth(1)], deleted=[SHIRT])
    assert found(judge(truth, held_by(house), record)) == [("product 11", "a refetch")]
    house.play("products/update", shirt_body(at=1, title="Late"))
    assert judge(truth, held_by(house), record).holds


def test_a_deleted_product_that_no_body_came_after_wants_nothing(house: House) -> None:
    house.play("products/create", shirt_body())
    house.play("products/delete", {"id": SHIRT})
    house.play("products/create", poster_body(variants=1))
    record = recorded(delivery(SHIRT, at=1), delivery(SHIRT, at=5, topic=DELETION))
    truth, asking = truth_of([poster_truth(1)], deleted=[SHIRT]), {SHIRT: "no reason at all"}
    assert judge(truth, held_by(house), record).holds
    verdict = judge(truth, replace(held_by(house), wanted=asking), record)
    assert found(verdict) == [("product 11", "a refetch")]


@pytest.mark.parametrize(
    ("rows", "late", "unsure"),
    [
        ([delivery(1, at=1)], False, False),
        ([delivery(1, at=1, came=29.5)], False, True),
        ([delivery(1, at=1, came=30.5)], False, True),
        ([delivery(1, at=1, came=32)], True, True),
        ([delivery(1, at=1, came=32, state="given_up")], False, False),
        ([delivery(1, at=1, came=32), delivery(1, at=2, came=3)], False, True),
        ([delivery(1, "id_only", at=1, came=32), delivery(1, at=2, came=3)], True, True),
        ([delivery(1, at=1, came=32, topic="products/create")], False, True),
    ],
    ids=[
        "before the deletion",
        "a moment before",
        "a moment after",
        "after",
        "never",
        "an older one after",
        "an id after",
        "the opening after, which may repeat what came",
    ],
)
def test_the_order_around_a_deletion_is_told_by_when_they_were_accepted(
    rows: list[Json], late: bool, unsure: bool
) -> None:
    record = recorded(*rows, delivery(1, at=30, topic=DELETION))
    assert (1 in record.late, 1 in record.unsure) == (late, unsure)


def _without_first_variant(body: Json) -> Json:
    return {**body, "variants": body["variants"][1:], "variant_gids": body["variant_gids"][1:]}
