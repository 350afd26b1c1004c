"""What a repair may say of itself: repaired only where it is so, red where it is not, and again when told."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backroom.erp.tables import listing
from backroom.resources.product import shopify_product_cache
from tests.house import House
from tests.pull.truth import assert_true
from tests.reconcile.reconciled import PRODUCTS, ReconciledDesk, a_reconciled_desk

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""For what the database has no part in."""
IN_THE_FUTURE = datetime(2031, 1, 1, tzinfo=UTC)


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[ReconciledDesk]:
    """After a full sync; nobody is told of what changes since."""
    with a_reconciled_desk(house, tmp_path) as opened:
        opened.sync()
        yield opened


def cached(desk: ReconciledDesk, product_id: int) -> bytes:
    return bytes(
        next(row["raw_data"] for row in desk.house.cache() if row["shopify_product_id"] == product_id)
    )


def spoil(desk: ReconciledDesk, product_id: int, was: str, becomes: str) -> None:
    """Other content under the same version, by hand."""
    body = cached(desk, product_id).replace(was.encode(), becomes.encode())
    desk.by_hand(shopify_product_cache, {"shopify_product_id": product_id}, raw_data=body)


def until_stage(desk: ReconciledDesk, run_id: int, stage: str) -> None:
    desk.carry(run_id, until=lambda _run: (desk.cursor(run_id) or {}).get("stage") == stage)


def test_what_says_that_it_came_in_the_future_is_mended_like_anything_else(desk: ReconciledDesk) -> None:
    """By a clock that was set back since, or by hand."""
    forged, wanted, deleted, gone, *_ = desk.products()
    cache, key = shopify_product_cache, "shopify_product_id"
    spoil(desk, forged.id, forged.title, "Forged")
    desk.by_hand(cache, {key: forged.id}, received_at=IN_THE_FUTURE)
    spoil(desk, wanted.id, wanted.title, "Forged")
    desk.by_hand(cache, {key: wanted.id}, wanted_at=IN_THE_FUTURE)
    desk.by_hand(cache, {key: deleted.id}, deleted_at=IN_THE_FUTURE, deleted_received_at=IN_THE_FUTURE)
    desk.simulation.shop.delete(gone.id)
    desk.by_hand(cache, {key: gone.id}, received_at=IN_THE_FUTURE)
    run = desk.repair()
    assert (run.drifted, run.repaired) == (4, 4)
    assert_true(desk)
    assert desk.reconcile().drifted == 0


@on_sqlite
def test_a_repair_that_left_something_is_red_and_mends_it_when_it_is_resumed(desk: ReconciledDesk) -> None:
    product = desk.products()[0]
    desk.change(product, title="Nobody was told")
    run_id = desk.begin_reconcile("repair")
    until_stage(desk, run_id, "verify")
    spoil(desk, product.id, "Nobody was told", "By hand")
    failed = desk.carry(run_id)
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.error.startswith("1 of 1 products could not be repaired")
    resumed = desk.resume_reconcile(run_id, "repair")
    assert (resumed.state, resumed.seen, resumed.repaired) == ("succeeded", PRODUCTS, 1)
    assert_true(desk)


@on_sqlite
def test_a_repair_of_some_is_resumed_from_the_first_of_them(desk: ReconciledDesk) -> None:
    product, other, *_ = desk.products()
    desk.change(product, title="Nobody was told")
    desk.change(other, title="Nobody was told of this either")
    desk.reconcile()
    run_id = desk.begin_reconcile("findings", findings=[each.id for each in desk.findings()])
    until_stage(desk, run_id, "verify")
    spoil(desk, product.id, "Nobody was told", "By hand")
    assert desk.carry(run_id).state == "failed"
    resumed = desk.resume_reconcile(run_id, "findings")
    assert (resumed.state, resumed.drifted, resumed.repaired) == ("succeeded", 1, 1), "the one that was left"
    assert_true(desk)


@on_sqlite
def test_what_is_ignored_between_finding_and_mending_is_not_held_against_the_run(
    desk: ReconciledDesk,
) -> None:
    for product in desk.products()[:2]:
        desk.change(product, title="Nobody was told")
    run_id = desk.begin_reconcile("repair")
    until_stage(desk, run_id, "mend")
    first, second = desk.findings()
    desk.ignore(first.id)
    run = desk.carry(run_id)
    assert (run.state, run.drifted, run.repaired) == ("succeeded", 2, 1)
    assert [each.id for each in desk.findings(state="ignored")] == [first.id]
    assert [each.id for each in desk.findings(state="repaired")] == [second.id]


@on_sqlite
def test_what_is_ignored_of_a_row_that_is_applied_anew_is_mended_with_it(desk: ReconciledDesk) -> None:
    product = desk.products()[0]
    desk.by_hand(listing, {"shopify_product_id": product.id}, title="By hand", vendor="A hand")
    desk.reconcile()
    (title,) = [each for each in desk.findings() if each.field == "title" and each.entity == "listing"]
    desk.ignore(title.id)
    assert desk.repair().repaired == 1
    assert desk.findings(state="ignored") == []
    assert title.id in {each.id for each in desk.findings(state="repaired")}
    assert_true(desk)


@on_sqlite
def test_what_is_ignored_is_not_held_against_what_is_not(desk: ReconciledDesk) -> None:
    """A link that a hand changed is never mended."""
    other, product, *_ = desk.products()
    linked = {row["shopify_product_id"]: row["product_id"] for row in desk.house.listings()}
    key = {"shopify_product_id": product.id}
    desk.by_hand(listing, key, product_id=linked[other.id])
    desk.reconcile()
    (link,) = desk.findings()
    desk.ignore(link.id)
    desk.by_hand(shopify_product_cache, key, updated_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert desk.repair().repaired == 1
    assert [each.leg for each in desk.findings(state="repaired")] == ["cache"]
    assert [each.id for each in desk.findings(state="ignored")] == [link.id]


@on_sqlite
def test_a_row_that_holds_but_a_want_is_not_counted_as_a_product(desk: ReconciledDesk) -> None:
    desk.house.play("products/update", b'{"id": 8000000000000}')
    run = desk.reconcile()
    assert (run.seen, run.unchanged) == (PRODUCTS, PRODUCTS)


@on_sqlite
def test_findings_of_an_export_that_another_one_replaces_are_found_again(desk: ReconciledDesk) -> None:
    """Shopify forgets the first one after a part was compared with it, and its file is lost."""
    for number, product in enumerate(desk.products()[::3]):
        desk.change(product, title=f"Title {number}")
    run_id = desk.begin_reconcile("repair", job=desk.job("repair", comparing_seconds=0.0))
    begun = desk.carry(run_id, until=lambda run: run.seen > 0)
    cursor = desk.cursor(run_id)
    assert (cursor["stage"], begun.seen) == ("compare", 7)
    for path in (desk.home / "exports").glob("*"):
        path.unlink()
    forgotten = {**cursor["export"], "operation": "gid://shopify/BulkOperation/99999"}
    desk.move(run_id, "repair", {**cursor, "export": forgotten})
    run = desk.carry(run_id)
    assert (run.state, run.seen, run.drifted, run.repaired) == ("succeeded", PRODUCTS, 10, 10)
    assert desk.findings() == []
    assert_true(desk)


def doctored(desk: ReconciledDesk, was: str, becomes: str) -> int:
    """A repair that is about to read an export in which something stands otherwise."""
    run_id = desk.begin_reconcile("repair")
    until_stage(desk, run_id, "heads")
    (file,) = (desk.home / "exports").glob("*.jsonl")
    text = file.read_text()
    assert was in text
    file.write_text(text.replace(was, becomes))
    return run_id


@on_sqlite
def test_a_body_that_can_not_be_read_in_the_export_holds_up_no_other(desk: ReconciledDesk) -> None:
    bad, drifted, *_ = desk.products()
    desk.change(drifted, title="Nobody was told")
    stamp = re.search(rb'"updatedAt":"[^"]*"', cached(desk, bad.id))
    assert stamp is not None
    run = desk.carry(doctored(desk, stamp[0].decode(), '"updatedAt":"soon"'))
    assert (run.state, run.seen, run.drifted, run.repaired) == ("succeeded", PRODUCTS, 1, 1)
    assert_true(desk)


@on_sqlite
def test_a_body_whose_id_is_none_makes_it_red_once_all_others_are_compared(desk: ReconciledDesk) -> None:
    bad, drifted, *_ = desk.products()
    desk.change(drifted, title="Nobody was told")
    run_id = doctored(desk, f"Product/{bad.id}", "Product/99999999999999999999")
    run = desk.carry(run_id)
    assert (run.state, run.drifted, run.repaired, run.failed) == ("failed", 1, 1, 1)
    assert run.error is not None
    assert run.error.startswith("the export has 1 products whose ids can not be read")
    assert [each.id for each in run.samples] == ["gid://shopify/Product/99999999999999999999"]
    assert_true(desk)


@on_sqlite
def test_answers_that_are_too_large_together_are_asked_for_in_parts(desk: ReconciledDesk) -> None:
    for product in desk.products():
        spoil(desk, product.id, product.title, "Forged")
    small = desk.job("repair", rows=200, together_bytes=1)
    run = desk.carry(desk.begin_reconcile("repair", job=small))
    assert (run.state, run.seen, run.drifted, run.repaired) == ("succeeded", PRODUCTS, PRODUCTS, PRODUCTS)
    assert_true(desk)
