"""The life of stock: all kinds of changes, the same ones for the same seed, at chosen locations alone."""

import pytest

from shopify_simulator.life.life import Life
from shopify_simulator.life.stock_life import DEEDS, StockLife
from shopify_simulator.shop.shop import Shop
from shopify_simulator.shop.truth import moment_of
from shopify_simulator.simulation import STOCK_TOPICS
from tests.simulator.receiver import Receiver
from tests.simulator.shops import Told, stocked_shop
from tests.simulator.street import small_shop
from tests.simulator.test_stock import StockTold


def lived(seed: int, changes: int) -> tuple[Shop, StockLife, StockTold]:
    shop = stocked_shop(20)
    told = StockTold(shop)
    life = StockLife(shop, seed=seed)
    for _ in range(changes):
        life.change_once()
    return shop, life, told


def test_the_same_seed_lives_the_same_life() -> None:
    (one, _, first), (two, _, second), (other, _, _) = lived(5, 400), lived(5, 400), lived(6, 400)
    assert moment_of(one).sheet() == moment_of(two).sheet() != moment_of(other).sheet()
    assert [event.body for event in first] == [event.body for event in second]


def test_all_kinds_of_changes_happen_and_quantities_stay_the_sums_of_open_levels() -> None:
    shop, life, told = lived(1, 6_000)
    assert set(life.counts) == set(DEEDS)
    assert {"inventory_levels/disconnect", "locations/deactivate", "inventory_items/update"} < set(
        told.topics
    )
    levels = [each for item in shop.inventory.levels.values() for each in item]
    assert min(each.available for each in levels) < 0
    for product in shop.products.values():
        for variant in product.variants:
            held = shop.inventory.levels_of(variant)
            assert variant.inventory_quantity == shop.inventory.quantity(held)
            assert all(each.available_at <= each.updated_at for each in held)


def test_only_chosen_locations_and_kinds_change() -> None:
    shop = stocked_shop(20)
    chosen = shop.locations.all()[1].id
    told = StockTold(shop)
    life = StockLife(shop, seed=1)
    life.choose(locations=[chosen], kinds=["counted"])
    for _ in range(100):
        life.change_once()
    assert {body["location_id"] for body in told.bodies("inventory_levels/update")} == {chosen}
    assert len(told) == life.counts["counted"] == 100
    with pytest.raises(ValueError, match="no invented"):
        life.choose(kinds=["invented"])
    life.choose(locations=[1])
    with pytest.raises(ValueError, match="no level suits"):
        life.change_once()


def test_a_life_with_a_share_of_stock_has_both_and_one_without_has_products_alone() -> None:
    with small_shop() as simulation:
        simulation.live(rate=5_000, changes=200, stock=0.5)
        simulation.come_to_rest()
        counts = simulation.status()
        assert 50 < counts["changes"] < 150
        assert counts["stock_changes"] > 50
    shop = stocked_shop(20)
    stock = StockTold(shop)
    told = Told(shop)
    life = Life(shop, seed=1)
    for _ in range(50):
        life.change_once()
    assert len(told) == 50
    assert not life.stock.counts
    assert "locations/update" not in stock.topics


def test_stock_is_told_over_http_to_whoever_subscribed_to_it() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url, STOCK_TOPICS)
        simulation.live(rate=2_000, changes=100, stock=1, kinds=["counted", "transferred"])
        simulation.come_to_rest()
        transferred = simulation.life.stock.counts["transferred"]
    assert transferred > 0
    assert len(receiver.received) == 100 + transferred
    events = {each.headers["x-shopify-event-id"] for each in receiver.received}
    assert len(events) == 100
