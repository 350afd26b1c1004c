"""What happens to stock: levels, items and locations follow what is done, and tell of it as Shopify does."""

from dataclasses import fields
from typing import Any

import msgspec
import pytest

from shopify_simulator.shop.news import of_products
from shopify_simulator.shop.product import Product
from shopify_simulator.shop.rules import Refused
from shopify_simulator.shop.shop import Shop
from shopify_simulator.shop.storeroom import UnknownItem
from shopify_simulator.shop.truth import moment_of
from tests.simulator.shops import DOMAIN, StandingClock, Told, shirt, stocked_shop


class StockTold(Told):
    """The events of stock alone."""

    def __init__(self, shop: Shop) -> None:
        list.__init__(self)
        shop.listen(self.append, lambda topic: not of_products(topic))

    def bodies(self, topic: str) -> list[Any]:
        return [msgspec.json.decode(each.body) for each in self if each.topic == topic]


def one_shirt(clock: StandingClock | None = None, **ways: Any) -> tuple[Shop, Product, int, list[int]]:
    """A shop with a shirt in one size, its tracked item, stocked at all three locations, and those."""
    shop = Shop(domain=DOMAIN, clock=clock or StandingClock(), **ways)
    while True:
        made = shirt(shop)
        shop.stock(made)
        item_id = made.variants[0].inventory_item_id
        if shop.items.get(item_id).traits.tracked and len(shop.levels.of(item_id)) == 3:
            return shop, made, item_id, [each.id for each in shop.locations.all()]


def quantity(shop: Shop, product: Product) -> int:
    return shop.get(product.id).variants[0].inventory_quantity


def test_a_level_that_nobody_touched_has_its_share_of_the_variants_quantity() -> None:
    shop = stocked_shop(30)
    for product in shop.products.values():
        for variant in product.variants:
            levels = shop.inventory.levels_of(variant)
            assert sum(each.available for each in levels) == variant.inventory_quantity
            assert len(levels) in (2, 3)
            assert all(each.on_hand == each.available for each in levels)
    assert shop.inventory.levels == {}


def test_what_a_product_is_sold_for_changes_no_item() -> None:
    shop = stocked_shop(30)
    told = StockTold(shop)
    before = moment_of(shop).sheet()["inventory_items"]

    def reprice(product: Product) -> None:
        for variant in product.variants:
            variant.price_cents += 1_000

    for product_id in list(shop.products):
        shop.change(product_id, reprice)
    assert told == []
    assert moment_of(shop).sheet()["inventory_items"] == before


def test_what_is_counted_is_told_and_the_variants_quantity_follows() -> None:
    clock = StandingClock()
    shop, product, item_id, (first, *_) = one_shirt(clock)
    told = StockTold(shop)
    clock.advance(60)
    level = shop.levels.set_available(item_id, first, 40)
    (body,) = told.bodies("inventory_levels/update")
    assert body == {
        "inventory_item_id": item_id,
        "location_id": first,
        "available": 40,
        "updated_at": "2026-11-22T05:31:15-05:00",
        "admin_graphql_api_id": level.gid,
    }
    assert quantity(shop, product) == sum(each.available for each in shop.levels.of(item_id))
    assert shop.get(product.id).updated_at == product.updated_at < shop.now()
    shop.levels.set_available(item_id, first, 40)
    assert len(told) == 1


def test_an_order_commits_pieces_also_below_zero_and_a_fulfilment_is_told_to_nobody() -> None:
    clock = StandingClock()
    shop, _, item_id, (first, *_) = one_shirt(clock)
    shop.levels.set_available(item_id, first, 0)
    told = StockTold(shop)
    clock.advance(1)
    ordered = shop.levels.order(item_id, first, 2)
    assert (ordered.available, ordered.committed, ordered.on_hand) == (-2, 2, 0)
    clock.advance(1)
    sent = shop.levels.fulfil(item_id, first, 2)
    assert (sent.available, sent.committed, sent.on_hand) == (-2, 0, -2)
    assert ordered.updated_at == sent.available_at < sent.updated_at == sent.on_hand_at
    assert [body["available"] for body in told.bodies("inventory_levels/update")] == [-2]
    assert len(told) == 1
    with pytest.raises(Refused, match="committed"):
        shop.levels.fulfil(item_id, first)


def test_a_transfer_is_two_updates_of_one_act() -> None:
    shop, product, item_id, (first, second, _) = one_shirt()
    before = quantity(shop, product)
    told = StockTold(shop)
    shop.levels.transfer(item_id, first, second, 3)
    assert told.topics == ["inventory_levels/update"] * 2
    assert len({event.event_id for event in told}) == 1
    assert told[0].triggered_at < told[1].triggered_at
    assert quantity(shop, product) == before


def test_a_disconnected_level_does_not_count_and_comes_back_with_what_it_had() -> None:
    shop, product, item_id, (first, *_) = one_shirt()
    before = quantity(shop, product)
    held = shop.levels.get(item_id, first).available
    told = StockTold(shop)
    shop.levels.disconnect(item_id, first)
    assert quantity(shop, product) == before - held
    with pytest.raises(Refused, match="not stocked"):
        shop.levels.order(item_id, first)
    shop.levels.connect(item_id, first)
    assert quantity(shop, product) == before
    assert told.bodies("inventory_levels/disconnect") == [
        {"inventory_item_id": item_id, "location_id": first}
    ]
    (connected,) = told.bodies("inventory_levels/connect")
    assert (connected["available"], connected["location_id"]) == (held, first)
    with pytest.raises(Refused, match="is stocked"):
        shop.levels.connect(item_id, first)


def test_an_item_that_is_not_tracked_any_more_has_no_available_in_webhooks() -> None:
    shop, _, item_id, _ = one_shirt()
    told = StockTold(shop)
    shop.items.set_tracked(item_id, False)
    assert [body["tracked"] for body in told.bodies("inventory_items/update")] == [False]
    assert [body["available"] for body in told.bodies("inventory_levels/update")] == [None] * 3
    assert len({event.event_id for event in told}) == 1

    silent, _, item_id, _ = one_shirt(tracking_touches_levels=False)
    told = StockTold(silent)
    silent.items.set_tracked(item_id, False)
    assert told.topics == ["inventory_items/update"]


def test_what_lies_at_a_closed_location_does_not_count_until_it_is_opened() -> None:
    shop, product, item_id, (first, *_) = one_shirt()
    told = StockTold(shop)
    before, held = quantity(shop, product), shop.levels.get(item_id, first).available
    shop.locations.deactivate(first)
    assert quantity(shop, product) == before - held
    assert shop.levels.get(item_id, first).available == held
    shop.levels.set_available(item_id, first, held + 1)
    assert quantity(shop, product) == before - held
    shop.locations.activate(first)
    assert quantity(shop, product) == before + 1
    assert [body["active"] for body in told.bodies("locations/deactivate")] == [False]
    assert [body["active"] for body in told.bodies("locations/activate")] == [True]


def test_the_last_open_location_cannot_be_closed_and_an_open_one_not_deleted() -> None:
    shop, _, item_id, (first, second, third) = one_shirt()
    with pytest.raises(Refused, match="is active"):
        shop.locations.delete(first)
    for each in (first, second):
        shop.locations.deactivate(each)
    with pytest.raises(Refused, match="last"):
        shop.locations.deactivate(third)
    shop.locations.delete(first)
    assert [each.location_id for each in shop.levels.of(item_id)] == [second, third]


def test_items_come_change_and_go_with_their_variants() -> None:
    shop, product, item_id, _ = one_shirt()
    told = StockTold(shop)
    new = shop.create(shirt(shop, "S", "M"))
    assert told.topics.count("inventory_items/create") == 2
    assert told.topics.count("inventory_levels/connect") in (4, 5, 6)

    def recode(each: Product) -> None:
        each.variants[0].sku = "NEW"

    shop.change(product.id, recode)
    assert [body["sku"] for body in told.bodies("inventory_items/update")] == ["NEW"]
    shop.change(new.id, lambda each: each.variants.pop())
    shop.delete(product.id)
    gone = [body["id"] for body in told.bodies("inventory_items/delete")]
    assert gone == [new.variants[1].inventory_item_id, item_id]
    with pytest.raises(UnknownItem):
        shop.levels.of(item_id)


def test_a_quantity_that_is_edited_by_the_product_changes_one_level() -> None:
    shop, product, item_id, (first, *_) = one_shirt()
    told = StockTold(shop)
    before = shop.levels.get(item_id, first).available

    def sell(each: Product) -> None:
        each.variants[0].inventory_quantity -= 2

    shop.change(product.id, sell)
    assert [body["available"] for body in told.bodies("inventory_levels/update")] == [before - 2]
    assert quantity(shop, product) == sum(each.available for each in shop.levels.of(item_id))


def test_a_change_of_stock_saves_the_product_only_where_that_is_asked_for() -> None:
    clock = StandingClock()
    for touches in (False, True):
        shop, product, item_id, (first, *_) = one_shirt(clock, stock_touches_products=touches)
        told = Told(shop)
        clock.advance(1)
        shop.levels.order(item_id, first)
        assert told.topics == ["products/update"] * touches
        assert (shop.get(product.id).updated_at == shop.now()) is touches


def test_whoever_does_not_ask_for_stock_hears_of_products_alone() -> None:
    shop = stocked_shop(3)
    told = Told(shop)
    shop.create(shirt(shop))
    assert told.topics == ["products/create"]


def test_the_truth_has_a_row_for_every_location_item_and_level() -> None:
    shop = stocked_shop(10)
    variant = next(each for each in shop.get(min(shop.products)).variants)
    first = shop.locations.all()[0].id
    shop.levels.disconnect(variant.inventory_item_id, first)
    sheet = moment_of(shop).sheet()
    variants = [each for product in shop.products.values() for each in product.variants]
    assert [row["id"] for row in sheet["locations"]] == sorted(each.id for each in shop.locations.all())
    assert len(sheet["inventory_items"]) == len(variants)
    untracked = {row["id"] for row in sheet["inventory_items"] if not row["tracked"]}
    assert untracked
    for row in sheet["inventory_levels"]:
        assert (row["available"] is None) == (row["inventory_item_id"] in untracked)
    assert [
        (row["inventory_item_id"], row["location_id"])
        for row in sheet["inventory_levels"]
        if not row["is_active"]
    ] == [(variant.inventory_item_id, first)]
    assert "inventory_levels" not in moment_of(shop).sheet(stock=False)


def test_what_was_copied_stays_as_it_was() -> None:
    shop, _, item_id, (first, *_) = one_shirt()
    moment = moment_of(shop)
    before = moment.sheet()
    shop.levels.order(item_id, first)
    shop.locations.deactivate(first)
    shop.items.change(item_id, cost_cents=1)
    assert moment.sheet() == before
    assert {each.name for each in fields(moment)} >= {"inventory"}
