"""Links that a hand has changed: found, left to people, and never followed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backroom.erp.tables import listing, listing_variant, product, sku
from tests.house import House
from tests.reconcile.reconciled import ReconciledDesk, a_reconciled_desk

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[ReconciledDesk]:
    with a_reconciled_desk(house, tmp_path) as opened:
        opened.sync()
        yield opened


def test_a_variant_linked_to_a_sku_of_another_product_is_found_and_not_followed(
    desk: ReconciledDesk,
) -> None:
    first, second = (variants_of(desk, each.id)[0] for each in desk.products()[:2])
    before = rows(desk, sku)
    relink(desk, first, second)
    run = desk.reconcile()
    assert run.drifted == 2
    told = [(each.kind, each.entity, each.field, each.ours, each.theirs) for each in desk.findings()]
    assert sorted(told) == sorted(
        ("unlinked", "listing_variant", "sku_id", other["sku_id"], None) for other in (first, second)
    )
    assert desk.findings()[0].differs.endswith("is of another product")
    repaired = desk.carry(desk.begin_reconcile("repair"))
    assert (repaired.state, repaired.repaired) == ("failed", 0)
    assert rows(desk, sku) == before


def test_a_listing_linked_to_another_product_is_found_and_not_followed(desk: ReconciledDesk) -> None:
    first, second = (listing_of(desk, each.id) for each in desk.products()[:2])
    before = rows(desk, product)
    desk.by_hand(listing, {"id": second["id"]}, product_id=first["product_id"])
    assert desk.reconcile().drifted == 1
    (finding,) = desk.findings()
    assert (finding.kind, finding.entity, finding.entity_id) == ("unlinked", "listing", second["id"])
    assert (finding.field, finding.ours, finding.theirs) == (
        "product_id",
        first["product_id"],
        second["product_id"],
    )
    desk.carry(desk.begin_reconcile("repair"))
    assert rows(desk, product) == before
    desk.by_hand(listing, {"id": second["id"]}, product_id=second["product_id"])
    assert desk.reconcile().drifted == 0
    assert [each.kind for each in desk.findings(state="gone")] == ["unlinked"]


@on_sqlite
def test_what_is_linked_as_it_was_is_mended_beside_what_is_not(desk: ReconciledDesk) -> None:
    """Two listings of one product by hand: the one that was always there goes on to name it."""
    first, second = (listing_of(desk, each.id) for each in desk.products()[:2])
    desk.by_hand(listing, {"id": first["id"]}, product_id=second["product_id"])
    desk.by_hand(product, {"id": second["product_id"]}, name="By hand")
    desk.carry(desk.begin_reconcile("repair"))
    names = {each["id"]: each["name"] for each in rows(desk, product)}
    assert names[second["product_id"]] == second["title"]


@on_sqlite
def test_a_link_that_is_meant_is_ignored(desk: ReconciledDesk) -> None:
    first, second = (listing_of(desk, each.id) for each in desk.products()[:2])
    desk.by_hand(listing, {"id": second["id"]}, product_id=first["product_id"])
    desk.reconcile()
    desk.ignore(desk.findings()[0].id)
    assert desk.repair().drifted == 0


def relink(desk: ReconciledDesk, first: dict[str, Any], second: dict[str, Any]) -> None:
    desk.by_hand(listing_variant, {"id": first["id"]}, sku_id=second["sku_id"])
    desk.by_hand(listing_variant, {"id": second["id"]}, sku_id=first["sku_id"])


def listing_of(desk: ReconciledDesk, number: int) -> dict[str, Any]:
    return next(each for each in desk.house.listings() if each["shopify_product_id"] == number)


def variants_of(desk: ReconciledDesk, number: int) -> list[dict[str, Any]]:
    mine = listing_of(desk, number)["id"]
    return [each for each in desk.house.variants() if each["listing_id"] == mine]


def rows(desk: ReconciledDesk, table: Any) -> list[dict[str, Any]]:
    return desk.house.rows(table)
