"""What a hand did to rows that others refer to, with a client that checks no references: found and mended."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backroom.erp.tables import listing, listing_variant
from backroom.resources.product import shopify_product_cache
from shopify_simulator.shop.product import Product
from tests.house import House
from tests.pull.truth import assert_true, differences, truth_of
from tests.reconcile.reconciled import ReconciledDesk, a_reconciled_desk

ByHand = Callable[[str], None]
NOWHERE = 77


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[ReconciledDesk]:
    """After a full sync; nobody is told of what changes since."""
    with a_reconciled_desk(house, tmp_path, products=12) as opened:
        opened.sync()
        yield opened


@pytest.fixture
def by_hand(house: House, database_url: str) -> ByHand:
    """Runs a statement as a client does that checks no references."""

    def run(statement: str) -> None:
        if database_url.startswith("sqlite"):
            with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
                assert connection.execute(statement).rowcount > 0
            connection.close()
            return
        with house.database.writing() as transaction:
            transaction.execute(text("SET LOCAL session_replication_role = replica"))
            assert transaction.execute(text(statement)).rowcount > 0

    return run


def listing_of(desk: ReconciledDesk, of: Product) -> dict[str, Any]:
    return next(row for row in desk.house.listings() if row["shopify_product_id"] == of.id)


def variants_of(desk: ReconciledDesk, of: Product) -> list[dict[str, Any]]:
    named = {variant.id for variant in of.variants}
    return [row for row in desk.house.variants() if row["shopify_variant_id"] in named]


def assert_mended(desk: ReconciledDesk) -> None:
    """One repair is enough, and every row leads somewhere."""
    assert desk.reconcile().drifted > 0
    desk.repair()
    assert differences(truth_of(desk), desk.held()) == []
    assert_consistent(desk)
    again = desk.reconcile()
    assert (again.drifted, desk.told()) == (0, [])


def assert_consistent(desk: ReconciledDesk) -> None:
    listings = {row["id"]: row for row in desk.house.listings()}
    products = {row["id"]: row for row in desk.house.products()}
    skus = {row["id"]: row for row in desk.house.skus()}
    variants = desk.house.variants()
    for row in listings.values():
        assert products[row["product_id"]]["is_active"] == row["is_active"]
    for row in variants:
        assert row["shop_id"] == listings[row["listing_id"]]["shop_id"] == desk.house.shop_id
        assert skus[row["sku_id"]]["product_id"] == listings[row["listing_id"]]["product_id"]
        assert skus[row["sku_id"]]["is_active"] == row["is_active"]
    behind = {row["product_id"] for row in listings.values()}
    assert {row["id"] for row in products.values() if row["is_active"]} <= behind
    assert {row["id"] for row in skus.values() if row["is_active"]} <= {row["sku_id"] for row in variants}


def test_a_listing_whose_variants_were_left_is_made_again_and_takes_them_back(
    desk: ReconciledDesk, by_hand: ByHand
) -> None:
    lost = desk.products()[3]
    held, variants = listing_of(desk, lost), variants_of(desk, lost)
    by_hand(f"DELETE FROM listing WHERE id = {held['id']}")
    desk.reconcile()
    told = {(each.kind, each.entity) for each in desk.findings(leg="erp") if each.key == str(lost.id)}
    assert ("missing", "listing") in told
    assert_mended(desk)
    assert listing_of(desk, lost)["product_id"] == held["product_id"], "its product was found again"
    assert [(row["id"], row["sku_id"]) for row in variants_of(desk, lost)] == [
        (row["id"], row["sku_id"]) for row in variants
    ]


def test_processing_takes_variants_back_that_were_left(desk: ReconciledDesk, by_hand: ByHand) -> None:
    lost = desk.products()[3]
    by_hand(f"DELETE FROM listing WHERE id = {listing_of(desk, lost)['id']}")
    desk.change(lost, title="Changed since")
    desk.sync()
    assert listing_of(desk, lost)["title"] == "Changed since"
    assert_true(desk)
    assert_consistent(desk)


def test_a_product_and_its_listing_that_are_gone_are_made_again(
    desk: ReconciledDesk, by_hand: ByHand
) -> None:
    held = listing_of(desk, desk.products()[3])
    by_hand(f"DELETE FROM listing WHERE id = {held['id']}")
    by_hand(f"DELETE FROM product WHERE id = {held['product_id']}")
    assert_mended(desk)


@pytest.mark.parametrize("table", ["product", "sku"])
def test_a_row_that_others_refer_to_is_made_again(desk: ReconciledDesk, by_hand: ByHand, table: str) -> None:
    of = desk.products()[2]
    link = listing_of(desk, of)["product_id"] if table == "product" else variants_of(desk, of)[0]["sku_id"]
    by_hand(f"DELETE FROM {table} WHERE id = {link}")
    desk.reconcile()
    assert {(each.kind, each.entity, each.key) for each in desk.findings()} == {
        ("missing", table, str(of.id))
    }
    assert_mended(desk)


def test_processing_makes_a_product_again_that_its_listing_refers_to(
    desk: ReconciledDesk, by_hand: ByHand
) -> None:
    of = desk.products()[2]
    by_hand(f"DELETE FROM product WHERE id = {listing_of(desk, of)['product_id']}")
    by_hand(f"DELETE FROM sku WHERE id = {variants_of(desk, of)[0]['sku_id']}")
    desk.change(of, title="Changed since")
    desk.sync()
    assert listing_of(desk, of)["title"] == "Changed since"


def test_variants_that_were_moved_to_another_listing_come_back(desk: ReconciledDesk, by_hand: ByHand) -> None:
    robbed, other = desk.products()[1], desk.products()[8]
    for one, two in ((robbed, other), (other, robbed)):
        mine, theirs = listing_of(desk, one)["id"], listing_of(desk, two)["id"]
        by_hand(f"UPDATE listing_variant SET listing_id = {theirs} WHERE listing_id = {mine}")
        assert_mended(desk)


def test_a_variant_that_two_bodies_claim_is_not_moved(desk: ReconciledDesk, by_hand: ByHand) -> None:
    one, two = desk.products()[1], desk.products()[8]
    claimed, moved = one.variants[0].id, two.variants[0].id
    rows = {row["shopify_product_id"]: row for row in desk.house.cache()}
    forged = rows[two.id]["raw_data"].replace(str(moved).encode(), str(claimed).encode())
    desk.by_hand(shopify_product_cache, {"shopify_product_id": two.id}, raw_data=forged)
    before = variants_of(desk, one)
    desk.reconcile()
    reasons = {each.key: each.reason for each in desk.findings(leg="erp") if each.reason}
    assert reasons == {
        str(two.id): f"variant {claimed} of product {two.id} belongs to product {one.id} already"
    }
    assert variants_of(desk, one) == before


def test_variants_below_nothing_of_this_shop_are_adopted(desk: ReconciledDesk, by_hand: ByHand) -> None:
    mine = listing_of(desk, desk.products()[4])["id"]
    by_hand(f"UPDATE listing_variant SET listing_id = 999999 WHERE listing_id = {mine}")
    assert_mended(desk)


def test_a_variant_of_another_shop_is_found(desk: ReconciledDesk, by_hand: ByHand) -> None:
    (first, *_) = variants_of(desk, desk.products()[4])
    by_hand(f"UPDATE listing_variant SET shop_id = {NOWHERE} WHERE id = {first['id']}")
    desk.reconcile()
    (found,) = desk.findings()
    assert (found.entity, found.entity_id, found.field) == ("listing_variant", first["id"], "shop_id")
    assert (found.ours, found.theirs) == (NOWHERE, desk.house.shop_id)
    assert_mended(desk)


def test_what_a_deletion_left_behind_becomes_inactive(desk: ReconciledDesk, by_hand: ByHand) -> None:
    """The SKU of a variant that was deleted, and the product and SKUs of a listing."""
    one, two = desk.products()[1], desk.products()[5]
    variant, mine = variants_of(desk, one)[0], listing_of(desk, two)
    left = [row["sku_id"] for row in variants_of(desk, two)]
    by_hand(f"DELETE FROM listing_variant WHERE id = {variant['id']}")
    by_hand(f"DELETE FROM listing_variant WHERE listing_id = {mine['id']}")
    by_hand(f"DELETE FROM listing WHERE id = {mine['id']}")
    desk.reconcile()
    extra = [(each.entity, each.entity_id) for each in desk.findings(kind="extra")]
    assert extra == [
        *(("sku", number) for number in sorted([variant["sku_id"], *left])),
        ("product", mine["product_id"]),
    ]
    assert_mended(desk)
    assert [row["is_active"] for row in desk.house.skus() if row["id"] == variant["sku_id"]] == [False]


def test_rows_that_nothing_leads_to_become_inactive_but_for_those_of_the_erp(
    desk: ReconciledDesk, by_hand: ByHand
) -> None:
    for number, origin in ((9001, "sync"), (9002, "erp")):
        by_hand(
            "INSERT INTO product (id, origin, name, is_active, created_at)"
            f" SELECT {number}, '{origin}', 'By hand', is_active, created_at FROM product WHERE id = 1"
        )
        by_hand(
            "INSERT INTO sku (id, product_id, origin, sku_code, is_active, created_at)"
            f" SELECT {number}, 9002, '{origin}', 'HAND', is_active, created_at FROM product WHERE id = 1"
        )
    desk.reconcile()
    found = desk.findings()
    assert [(each.kind, each.entity, each.entity_id, each.title) for each in found] == [
        ("extra", "sku", 9001, "HAND"),
        ("extra", "product", 9001, "By hand"),
    ]
    assert desk.repair_findings(found[0].id).repaired == 1
    assert desk.repair().repaired == 1
    assert {row["id"]: row["is_active"] for row in desk.house.products() if row["id"] > 9000} == {
        9001: False,
        9002: True,
    }
    assert {row["id"]: row["is_active"] for row in desk.house.skus() if row["id"] > 9000} == {
        9001: False,
        9002: True,
    }
    assert [row["run_id"] for row in desk.house.changes() if row["entity_id"] > 9000] == [3, 4]
    assert desk.reconcile().drifted == 0


def test_an_active_variant_below_an_inactive_listing_that_nobody_knows_becomes_inactive(
    desk: ReconciledDesk, by_hand: ByHand
) -> None:
    of = desk.products()[5]
    columns = ", ".join(column.name for column in listing.c if column.name not in ("id", "is_active"))
    forged = columns.replace("shopify_product_id", "8000000000000")
    by_hand(
        f"INSERT INTO listing (id, is_active, {columns})"
        f" SELECT 9001, NOT is_active, {forged} FROM listing WHERE shopify_product_id = {of.id}"
    )
    columns = ", ".join(
        column.name for column in listing_variant.c if column.name not in ("id", "listing_id")
    )
    forged = columns.replace("shopify_variant_id", "8000000000000").replace("sku_id", "9001")
    (first, *_) = variants_of(desk, of)
    by_hand(
        f"INSERT INTO listing_variant (id, listing_id, {columns})"
        f" SELECT 9001, 9001, {forged} FROM listing_variant WHERE id = {first['id']}"
    )
    by_hand(
        "INSERT INTO sku (id, product_id, origin, is_active, created_at)"
        f" SELECT 9001, product_id, origin, is_active, created_at FROM sku WHERE id = {first['sku_id']}"
    )
    desk.reconcile()
    assert [(each.kind, each.entity, each.entity_id) for each in desk.findings()] == [
        ("extra", "listing_variant", 9001)
    ]
    desk.repair()
    assert [row["is_active"] for row in desk.house.variants() if row["id"] == 9001] == [False]
    assert [row["is_active"] for row in desk.house.skus() if row["id"] == 9001] == [False]
    assert desk.reconcile().drifted == 0
