"""What a reconcile finds and mends, over HTTP, with the real stations."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert

from backroom.erp.tables import link_event, listing, listing_variant, sku
from backroom.erp.tables import product as product_table
from backroom.resources.product import shopify_product_cache
from shopify_simulator.shop.product import Product
from tests.house import House
from tests.pull.truth import assert_true
from tests.reconcile.reconciled import PRODUCTS, ReconciledDesk, a_reconciled_desk
from tests.waiting import eventually

IN_THE_FUTURE = datetime(2031, 1, 1, tzinfo=UTC)
FORGED = 8_000_000_000_000
"""Greater than any other: what it says is followed by nothing."""


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[ReconciledDesk]:
    """After a full sync; nobody is told of what changes since."""
    with a_reconciled_desk(house, tmp_path) as opened:
        opened.sync()
        yield opened


def listing_of(desk: ReconciledDesk, of: Product) -> dict[str, Any]:
    return next(row for row in desk.house.listings() if row["shopify_product_id"] == of.id)


def test_a_copy_that_is_right_has_no_drift(desk: ReconciledDesk) -> None:
    before = desk.house.cache(), desk.house.changes()
    run = desk.reconcile()
    assert (run.seen, run.unchanged, run.drifted, run.in_flight) == (PRODUCTS, PRODUCTS, 0, 0)
    assert desk.findings() == []
    assert (desk.house.cache(), desk.house.changes()) == before
    assert list((desk.home / "exports").glob("*")) == []


def test_what_nobody_was_told_of_is_found_by_its_kind_and_mended(desk: ReconciledDesk) -> None:
    changed, gone, *_ = desk.products()
    desk.change(changed, title="Nobody was told")
    desk.simulation.shop.delete(gone.id)
    added = desk.add()
    before = desk.house.cache(), desk.house.changes()

    run = desk.reconcile()
    assert (run.seen, run.drifted) == (PRODUCTS + 1, 3)
    expected = [
        ("cache", "deleted", str(gone.id)),
        ("cache", "missing", str(added.id)),
        ("cache", "stale", str(changed.id)),
    ]
    assert desk.told() == expected
    assert (desk.house.cache(), desk.house.changes()) == before, "it was only to compare"

    again = desk.repair()
    assert (again.drifted, again.repaired) == (3, 3)
    assert desk.told() == []
    assert desk.told(state="repaired") == expected, "found again, not found anew"
    assert_true(desk)
    assert desk.reconcile().drifted == 0


def test_a_finding_keeps_the_instant_at_which_it_was_first_seen(desk: ReconciledDesk) -> None:
    desk.change(desk.products()[0], title="Nobody was told")
    desk.reconcile()
    (first,) = desk.findings()
    desk.reconcile()
    (second,) = desk.findings()
    assert (second.id, second.first_seen_at, second.first_run_id) == (
        first.id,
        first.first_seen_at,
        first.first_run_id,
    )
    assert second.last_seen_at > first.last_seen_at


def test_what_heals_by_itself_is_gone(desk: ReconciledDesk) -> None:
    desk.change(desk.products()[0], title="Nobody was told")
    desk.reconcile()
    desk.sync("incremental")
    desk.reconcile()
    assert (desk.told(), len(desk.told(state="gone"))) == ([], 1)


def test_a_product_that_one_export_left_out_is_not_touched(desk: ReconciledDesk) -> None:
    left_out = desk.products()[3]
    run_id = desk.begin_reconcile("repair")
    desk.carry(run_id, until=lambda _run: (desk.cursor(run_id) or {}).get("stage") == "heads")
    (file,) = (desk.home / "exports").glob("*.jsonl")
    lines = [line for line in file.read_text().splitlines(keepends=True) if str(left_out.id) not in line]
    cursor = desk.cursor(run_id)
    file.write_text("".join(lines))
    doctored = {**cursor["export"], "lines": len(lines), "resources": PRODUCTS - 1}
    desk.move(run_id, "repair", {**cursor, "export": doctored})

    before = desk.house.cache(), desk.house.changes()
    run = desk.carry(run_id)
    assert (run.state, run.seen, run.drifted) == ("succeeded", PRODUCTS, 0)
    assert (desk.house.cache(), desk.house.changes()) == before
    assert_true(desk)


def test_rows_changed_by_hand_are_found_and_mended(desk: ReconciledDesk) -> None:
    first, second, third, *_ = desk.products()
    desk.by_hand(listing, {"shopify_product_id": first.id}, title="By hand", vendor="A hand")
    desk.by_hand(listing_variant, {"shopify_variant_id": second.variants[0].id}, price=1, sku_code="BY HAND")
    desk.by_hand(listing, {"shopify_product_id": third.id}, is_active=False)
    run = desk.reconcile()
    assert run.drifted == 3
    told = {(each.key, each.entity, each.field, each.ours) for each in desk.findings(leg="erp")}
    assert {
        (str(first.id), "listing", "title", "By hand"),
        (str(first.id), "listing", "vendor", "A hand"),
        (str(second.id), "listing_variant", "sku_code", "BY HAND"),
        (str(second.id), "listing_variant", "price", "0.0001"),
        (str(third.id), "listing", "is_active", False),
    } <= told

    again = desk.repair()
    assert (again.drifted, again.repaired, desk.told()) == (3, 3, [])
    assert_true(desk)


def test_what_follows_a_listing_is_found_and_mended_too(desk: ReconciledDesk) -> None:
    first, second, third, *_ = desk.products()
    desk.by_hand(product_table, {"id": listing_of(desk, first)["product_id"]}, name="By hand")
    variant = next(row for row in desk.house.variants() if row["shopify_variant_id"] == second.variants[0].id)
    desk.by_hand(sku, {"id": variant["sku_id"]}, sku_code="BY HAND", barcode="0")
    desk.by_hand(product_table, {"id": listing_of(desk, third)["product_id"]}, is_active=False)
    run = desk.reconcile()
    assert run.drifted == 3
    told = {(each.key, each.entity, each.field, each.ours) for each in desk.findings()}
    assert told == {
        (str(first.id), "product", "name", "By hand"),
        (str(second.id), "sku", "sku_code", "BY HAND"),
        (str(second.id), "sku", "barcode", "0"),
        (str(third.id), "product", "is_active", False),
    }
    assert desk.repair().repaired == 3
    assert_true(desk)


def test_what_was_deleted_a_moment_ago_may_be_on_its_way(desk: ReconciledDesk) -> None:
    """An absence does not say since when it is; Shopify's list of deletions does."""
    old, fresh, *_ = desk.products()
    desk.margin = timedelta(seconds=2)
    desk.simulation.shop.delete(old.id)
    until = desk.house.ask() + timedelta(seconds=4)
    eventually(lambda: desk.house.ask() > until, "the margin is over", look=0.05)
    desk.simulation.shop.delete(fresh.id)
    run = desk.repair()
    assert (run.drifted, run.in_flight) == (1, 1)
    assert desk.told(state="repaired") == [("cache", "deleted", str(old.id))]
    assert listing_of(desk, fresh)["is_active"] is True


def test_a_listing_deleted_by_hand_is_made_again(desk: ReconciledDesk) -> None:
    lost = desk.products()[2]
    row = listing_of(desk, lost)
    with desk.house.database.writing() as transaction:
        transaction.execute(delete(listing_variant).where(listing_variant.c.listing_id == row["id"]))
        transaction.execute(delete(link_event).where(link_event.c.listing_id == row["id"]))
        transaction.execute(delete(listing).where(listing.c.id == row["id"]))
    run = desk.reconcile()
    assert {(each.kind, each.key, each.entity) for each in desk.findings()} >= {
        ("missing", str(lost.id), "product")
    }
    left_behind = {(each.entity, each.entity_id) for each in desk.findings(kind="extra")}
    assert ("product", row["product_id"]) in left_behind, "nothing that is there says whose it was"
    assert run.drifted == 1 + len(left_behind) == 2 + len(lost.variants)
    assert desk.repair().repaired == run.drifted
    found = listing_of(desk, lost)
    assert (found["title"], found["is_active"]) == (lost.title, True)


def test_a_listing_that_nothing_stands_behind_becomes_inactive(desk: ReconciledDesk) -> None:
    row = listing_of(desk, desk.products()[0])
    with desk.house.database.writing() as transaction:
        forged = {**row, "id": 9_999, "shopify_product_id": FORGED, "title": "Forged"}
        transaction.execute(insert(listing).values(**forged))
    run = desk.reconcile()
    (finding,) = desk.findings()
    assert (run.seen, finding.leg, finding.kind, finding.key) == (PRODUCTS + 1, "erp", "extra", str(FORGED))
    assert (finding.entity, finding.entity_id, finding.title) == ("listing", 9_999, "Forged")
    assert desk.repair().repaired == 1
    assert next(each for each in desk.house.listings() if each["id"] == 9_999)["is_active"] is False
    assert desk.reconcile().drifted == 0


def test_a_body_that_a_hand_or_a_clock_put_into_the_future_gives_way(desk: ReconciledDesk) -> None:
    first, second, third, *_ = desk.products()
    rows = {row["shopify_product_id"]: row for row in desk.house.cache()}
    forged = rows[first.id]["raw_data"].replace(first.title.encode(), b"Forged")
    in_time = rows[second.id]["raw_data"].replace(second.title.encode(), b"Forged")
    cache, key = shopify_product_cache, "shopify_product_id"
    desk.by_hand(cache, {key: first.id}, raw_data=forged, updated_at=IN_THE_FUTURE)
    desk.by_hand(cache, {key: second.id}, raw_data=in_time)
    desk.by_hand(cache, {key: third.id}, deleted_at=IN_THE_FUTURE)
    run = desk.reconcile()
    assert run.drifted == 3
    told = {(each.leg, each.kind, each.key) for each in desk.findings(leg="cache")}
    assert told == {
        ("cache", "value", str(first.id)),
        ("cache", "value", str(second.id)),
        ("cache", "missing", str(third.id)),
    }
    (value,) = [each for each in desk.findings(leg="cache") if each.key == str(second.id)]
    assert (value.ours["title"], value.theirs["title"]) == ("Forged", second.title)
    assert desk.repair().repaired == 3
    assert_true(desk)
    assert desk.reconcile().drifted == 0


def test_only_the_findings_that_were_chosen_are_repaired(desk: ReconciledDesk) -> None:
    first, second, *_ = desk.products()
    desk.change(first, title="One")
    desk.change(second, title="Two")
    desk.reconcile()
    one, two = desk.findings()
    run = desk.repair_findings(one.id)
    assert (run.seen, run.drifted, run.repaired) == (1, 1, 1)
    assert [each.id for each in desk.findings()] == [two.id]
    assert [each.id for each in desk.findings(state="repaired")] == [one.id]
