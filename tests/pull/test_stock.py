"""Stock by pulls: everything, what changed, what is wanted. It is what the shop has; the counts add up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backroom.cache.tables import sync_watermark
from backroom.resources.registry import BY_PLURAL
from backroom.vocabulary.clock import parse_instant
from shopify_simulator.admin.writer import BulkWays, Order
from tests.house import House
from tests.reconcile.reconciled import a_reconciled_desk
from tests.reconcile.stocked import StockDesk

PRODUCTS = 12


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[StockDesk]:
    """After a full sync; nobody is told of what changes since."""
    with a_reconciled_desk(house, tmp_path, products=PRODUCTS, desk=StockDesk) as opened:
        assert isinstance(opened, StockDesk)
        opened.sync_stock()
        yield opened


def test_a_full_sync_has_every_level_with_all_its_numbers(desk: StockDesk) -> None:
    assert desk.differences() == []
    truth = desk.simulation.truth()
    counted = {run.resource: (run.seen, run.written, run.total) for run in map(desk.run, range(1, 4))}
    for plural, name in (("locations", "locations"), ("inventory_items", "inventory_items")):
        assert counted[plural] == (len(truth[name]),) * 3
    active = [row for row in truth["inventory_levels"] if row["is_active"]]
    assert counted["inventory"] == (len(active),) * 3


def test_a_full_sync_of_what_did_not_change_writes_nothing(desk: StockDesk) -> None:
    before = desk.house.changes()
    run = desk.sync_stock()
    assert (run.written, run.unchanged) == (0, run.seen)
    assert desk.house.changes() == before


def test_an_incremental_sync_brings_the_levels_that_changed_and_no_others(desk: StockDesk) -> None:
    shop = desk.simulation.shop
    first, second, *_ = desk.levels()
    shop.levels.set_available(first.item_id, first.location_id, -7)
    shop.levels.set_incoming(second.item_id, second.location_id, 40)
    run = desk.sync_stock("incremental")
    assert run.written == 2
    assert run.seen < len(desk.house.cache("inventory")) / 10
    assert desk.differences() == []


def test_what_was_disconnected_is_found_by_a_full_sync_and_asked_for_before_it_goes(desk: StockDesk) -> None:
    level = desk.levels()[0]
    desk.simulation.shop.levels.disconnect(level.item_id, level.location_id)
    desk.sync_stock()
    assert desk.wanted() == [(level.item_id, level.location_id)]
    assert desk.of("inventory").refetch() == 1
    assert desk.differences() == []
    assert desk.wanted() == []


def test_a_product_that_is_gone_takes_its_items_and_levels_along(desk: StockDesk) -> None:
    product = desk.products()[0]
    desk.simulation.shop.delete(product.id)
    desk.sync_stock()
    for plural in ("inventory_items", "inventory"):
        while desk.of(plural).refetch():
            pass
    assert desk.differences() == []


def test_an_item_that_is_tracked_no_more_has_its_levels_asked_for(desk: StockDesk) -> None:
    shop = desk.simulation.shop
    tracked = next(level for level in desk.levels() if shop.items.get(level.item_id).traits.tracked)
    shop.items.set_tracked(tracked.item_id, False)
    desk.of("inventory_items").sync("incremental")
    assert {item for item, _ in desk.wanted()} == {tracked.item_id}
    desk.of("inventory").refetch()
    assert desk.differences() == []


def test_a_location_that_was_closed_and_one_that_is_gone(desk: StockDesk) -> None:
    shop = desk.simulation.shop
    first, *_, last = shop.locations.all()
    shop.locations.deactivate(first.id)
    desk.of("locations").sync("incremental")
    desk.of("inventory").sync()
    desk.refetch()
    assert desk.differences() == []
    assert last.active


@pytest.mark.parametrize("order", ["shuffled", "parted"])
def test_levels_far_from_their_items_in_a_file_are_fetched_by_their_items(
    house: House, tmp_path: Path, order: Order
) -> None:
    ways = BulkWays(order=order)
    with a_reconciled_desk(house, tmp_path, products=PRODUCTS, desk=StockDesk, bulk=ways) as desk:
        assert isinstance(desk, StockDesk)
        run = desk.sync_stock()
        assert run.failed == 0
        assert desk.differences() == []
        assert desk.wanted() == []


def test_a_run_that_another_machine_goes_on_with_has_every_level_once(desk: StockDesk) -> None:
    for level in desk.levels():
        desk.simulation.shop.levels.set_available(level.item_id, level.location_id, 9)
    run_id = desk.of("inventory").begin("full")
    desk.carry(run_id, until=lambda run: run.seen > 0)
    desk.carry_anew(run_id)
    run = desk.carry(run_id)
    assert run.state == "succeeded"
    assert run.seen == run.total
    assert desk.differences() == []


def test_every_resource_has_an_incremental_sync_after_its_full_one(desk: StockDesk) -> None:
    for plural in BY_PLURAL:
        desk.of(plural)
        if plural == "products":
            desk.sync()
        assert desk.sync("incremental").state == "succeeded"


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
def test_who_looks_for_what_is_gone_and_finds_nothing_does_not_lock_the_shop(desk: StockDesk) -> None:
    run_id = desk.of("inventory").begin("full")
    desk.carry(run_id, until=lambda _run: desk.stage(run_id) == "missing")
    with desk.house.database.shop_writing(desk.house.shop_id, patience_seconds=5):
        desk.carry(run_id, until=lambda _run: desk.stage(run_id) == "settle")
    assert desk.carry(run_id).state == "succeeded"


def test_a_shop_without_anything_has_a_watermark_after_a_full_sync(house: House, tmp_path: Path) -> None:
    with a_reconciled_desk(house, tmp_path, products=0, desk=StockDesk) as desk:
        assert isinstance(desk, StockDesk)
        run_id = desk.of("inventory").begin("full")
        desk.carry(run_id, until=lambda _run: desk.stage(run_id) == "settle")
        begun = desk.cursor(run_id)["export"]["created_at"]
        assert desk.carry(run_id).seen == 0
        (saved,) = desk.house.rows(sync_watermark)
        assert (saved["resource"], saved["updated_at"]) == ("inventory", parse_instant(begun))
