"""Rows of the raw cache that a hand, or a clock, has damaged: they are found, and mended in one go."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backroom.erp.tables import listing
from backroom.erp.tables import product as product_table
from backroom.resources.product import shopify_product_cache
from shopify_simulator.shop.product import Product
from tests.house import House
from tests.pull.truth import assert_true
from tests.reconcile.reconciled import ReconciledDesk, a_reconciled_desk

IN_2099 = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[ReconciledDesk]:
    """After a full sync; nobody is told of what changes since."""
    with a_reconciled_desk(house, tmp_path, products=12) as opened:
        opened.sync()
        yield opened


def damage(desk: ReconciledDesk, product: Product, **values: Any) -> None:
    desk.by_hand(shopify_product_cache, {"shopify_product_id": product.id}, **values)


def cached(desk: ReconciledDesk, product: Product) -> dict[str, Any]:
    return next(row for row in desk.house.cache() if row["shopify_product_id"] == product.id)


def assert_mended_at_once(desk: ReconciledDesk, drifted: int) -> None:
    run = desk.repair()
    assert (run.drifted, run.repaired) == (drifted, drifted)
    assert_true(desk)
    assert desk.reconcile().drifted == 0


def test_a_version_later_than_shopifys_is_found_though_it_says_the_same(desk: ReconciledDesk) -> None:
    """Every change to come would be lost as an older one."""
    product = desk.products()[0]
    damage(desk, product, updated_at=IN_2099)
    assert desk.reconcile().drifted == 1
    (finding,) = desk.findings()
    assert (finding.leg, finding.kind, finding.key) == ("cache", "value", str(product.id))
    assert finding.ours == {"updated_at": "2099-01-01T00:00:00.000000Z"}
    assert finding.theirs["updated_at"] < finding.ours["updated_at"]
    assert_mended_at_once(desk, 1)
    desk.change(product, title="Changed since")
    desk.sync("incremental")
    assert_true(desk)


def test_a_body_without_a_version_gets_one(desk: ReconciledDesk) -> None:
    damage(desk, desk.products()[0], updated_at=None)
    assert_mended_at_once(desk, 1)


@pytest.mark.parametrize(
    "values", [{"raw_data": b"{garbage"}, {"raw_data": b""}, {"shape": "odd"}], ids=["body", "empty", "shape"]
)
def test_a_body_that_can_not_be_read_is_fetched_again(desk: ReconciledDesk, values: dict[str, Any]) -> None:
    product = desk.products()[0]
    damage(desk, product, **values)
    desk.by_hand(listing, {"shopify_product_id": product.id}, title="By hand")
    assert desk.reconcile().drifted == 1
    assert desk.told() == [("cache", "value", str(product.id)), ("erp", "value", str(product.id))]
    assert all(each.reason for each in desk.findings())
    assert_mended_at_once(desk, 1)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("written", ["replace(raw_data, ':', ': ')", "'garbage'", "5", "1.5"])
def test_a_body_that_is_no_blob_is_read_as_one(desk: ReconciledDesk, written: str) -> None:
    """SQLite keeps whatever a hand writes."""
    statement = f"UPDATE shopify_product_cache SET raw_data = {written} WHERE shopify_product_id = :id"
    with desk.house.database.writing() as transaction:
        transaction.execute(text(statement), {"id": desk.products()[0].id})
    assert_mended_at_once(desk, 1)


def test_a_body_that_was_lost_is_mended_together_with_the_rows_of_it(desk: ReconciledDesk) -> None:
    product = desk.products()[0]
    damage(desk, product, raw_data=None)
    desk.by_hand(listing, {"shopify_product_id": product.id}, title="By hand")
    assert_mended_at_once(desk, 1)


def test_rows_that_follow_a_body_changed_by_hand_are_mended_with_it(desk: ReconciledDesk) -> None:
    """What the mended body says is what was applied last, so nothing of it would be applied."""
    product = desk.products()[0]
    body = cached(desk, product)["raw_data"].replace(product.title.encode(), b"By hand")
    damage(desk, product, raw_data=body)
    row = next(row for row in desk.house.listings() if row["shopify_product_id"] == product.id)
    desk.by_hand(listing, {"id": row["id"]}, title="By hand")
    desk.by_hand(product_table, {"id": row["product_id"]}, name="By hand")
    assert_mended_at_once(desk, 1)


def test_a_deletion_that_was_lost_is_mended_together_with_the_rows_of_it(desk: ReconciledDesk) -> None:
    product = desk.products()[0]
    desk.simulation.shop.delete(product.id)
    desk.repair()
    damage(desk, product, raw_data=None, deleted_at=None, deleted_received_at=None)
    desk.by_hand(listing, {"shopify_product_id": product.id}, is_active=True)
    run = desk.reconcile()
    assert (run.drifted, desk.told()) == (1, [("erp", "extra", str(product.id))])
    assert_mended_at_once(desk, 1)


def test_a_row_without_a_body_takes_whatever_body_comes(desk: ReconciledDesk) -> None:
    for number, product in enumerate(desk.products()):
        damage(desk, product, raw_data=None, **({"updated_at": IN_2099} if number % 2 else {}))
    desk.sync()
    assert all(row["raw_data"] for row in desk.house.cache())
    assert_true(desk)
    assert desk.reconcile().drifted == 0


@pytest.mark.parametrize(
    "ahead",
    [
        ["wanted_at"],
        ["wanted_at", "want_next_at"],
        ["wanted_at", "wanted_updated_at"],
        ["wanted_at", "wanted_updated_at", "want_next_at"],
    ],
    ids="+".join,
)
def test_a_want_of_the_future_is_answered(desk: ReconciledDesk, ahead: list[str]) -> None:
    product, gone, *_ = desk.products()
    desk.change(product, title="Nobody was told")
    desk.simulation.shop.delete(gone.id)
    for each in (product, gone):
        damage(desk, each, **dict.fromkeys(ahead, IN_2099), wanted_reason="a hand")
    assert desk.refetch() > 0
    assert {row["wanted_at"] for row in desk.house.cache()} == {None}
    assert_true(desk)
