"""A reconcile of stock: levels that differ are found in both legs, named by item and location, and mended."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from backroom.erp.tables import inventory_item, inventory_level, location
from shopify_simulator.shop.level import Level
from tests.house import House
from tests.reconcile.reconciled import a_reconciled_desk
from tests.reconcile.stocked import StockDesk


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[StockDesk]:
    """After a full sync; nobody is told of what changes since."""
    with a_reconciled_desk(house, tmp_path, products=8, desk=StockDesk) as opened:
        assert isinstance(opened, StockDesk)
        opened.sync_stock()
        yield opened


def key(level: Level) -> str:
    return f"{level.item_id}:{level.location_id}"


def test_without_drift_every_level_is_compared_and_none_differs(desk: StockDesk) -> None:
    run = desk.reconcile()
    assert run.seen == run.unchanged == len(desk.house.cache("inventory"))
    for plural in ("locations", "inventory_items"):
        run = desk.of(plural).reconcile()
        assert run.seen == run.unchanged > 0


def test_what_webhooks_would_have_told_is_found_and_mended(desk: StockDesk) -> None:
    levels = desk.simulation.shop.levels
    changed, gone, *_ = desk.levels()
    levels.set_available(changed.item_id, changed.location_id, -12)
    levels.disconnect(gone.item_id, gone.location_id)
    run = desk.reconcile()
    assert (run.drifted, desk.told()) == (
        2,
        sorted([("cache", "stale", key(changed)), ("cache", "deleted", key(gone))]),
    )
    (stale,) = desk.findings(kind="stale")
    assert stale.location_id == str(changed.location_id)
    assert desk.repair().repaired == 2
    assert desk.differences() == []

    levels.connect(gone.item_id, gone.location_id)
    run = desk.repair()
    assert (run.drifted, run.repaired) == (1, 1)
    assert desk.differences() == []


def test_what_no_webhook_tells_is_no_drift(desk: StockDesk) -> None:
    """What is sold is packed: on_hand and committed change, and what is available does not."""
    levels = desk.simulation.shop.levels
    level = desk.levels()[0]
    levels.set_incoming(level.item_id, level.location_id, 33)
    levels.order(level.item_id, level.location_id)
    desk.repair()
    levels.fulfil(level.item_id, level.location_id)
    assert desk.reconcile().drifted == 0
    assert desk.differences() != []
    desk.sync_stock("incremental")
    assert desk.differences() == []


def test_rows_of_stock_that_a_hand_changed_are_found_and_mended(desk: StockDesk) -> None:
    changed, hidden, *_ = desk.levels()

    def row(level: Level) -> dict[str, int]:
        return {
            "shopify_inventory_item_id": level.item_id,
            "shopify_location_id": level.location_id,
        }

    desk.by_hand(inventory_level, row(changed), available=4_711)
    desk.by_hand(inventory_level, row(hidden), is_active=False)
    with desk.house.database.writing() as transaction:
        added = {**row(changed), "shopify_location_id": 1, "shop_id": desk.house.shop_id}
        transaction.execute(insert(inventory_level).values(**added, available=1, is_active=True))
    assert desk.reconcile().drifted == 3
    assert {(each.kind, each.entity, each.field) for each in desk.findings()} == {
        ("value", "inventory_level", "available"),
        ("value", "inventory_level", "is_active"),
        ("extra", "inventory_level", None),
    }
    assert desk.repair().repaired == 3
    assert desk.differences() == []

    desk.by_hand(location, {"shopify_location_id": changed.location_id}, name="By hand")
    desk.by_hand(inventory_item, {"shopify_inventory_item_id": changed.item_id}, cost=1)
    for plural in ("locations", "inventory_items"):
        assert desk.of(plural).repair().repaired == 1
    assert desk.differences() == []


def test_a_level_that_is_missing_from_one_export_and_there_by_its_item_stays(desk: StockDesk) -> None:
    level = desk.levels()[0]
    run_id = desk.begin_reconcile("repair")
    desk.carry(run_id, until=lambda _run: (desk.cursor(run_id) or {}).get("stage") == "heads")
    (file,) = (desk.home / "exports").glob("*.jsonl")
    named = f"InventoryLevel/{level.number}?".encode()
    lines = [line for line in file.read_bytes().splitlines(keepends=True) if named not in line]
    file.write_bytes(b"".join(lines))
    cursor = desk.cursor(run_id)
    doctored = {**cursor["export"], "lines": len(lines)}
    desk.move(run_id, "repair", {**cursor, "export": doctored})
    assert desk.carry(run_id).drifted == 0
    assert desk.differences() == []
