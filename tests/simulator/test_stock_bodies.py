"""Simulated bodies of stock are held against Shopify's documented samples, in both directions."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from shopify_simulator.shop.shop import Shop
from shopify_simulator.simulation import STOCK_TOPICS
from tests.simulator.shapes import deviations, json_type, samples, shape_of
from tests.simulator.shops import shirt, stocked_shop
from tests.simulator.test_stock import StockTold

NOT_IN_SAMPLES: dict[str, list[Any]] = {
    "inventory_items": [
        {
            "cost": "7.99",
            "sku": None,
            "country_code_of_origin": "CA",
            "province_code_of_origin": "ON",
            "harmonized_system_code": "610910",
        }
    ],
    "inventory_levels": [],
    "locations": [
        {"address1": None, "address2": None, "city": None, "zip": None, "province": None, "phone": None}
        | {"province_code": None}
    ],
}
"""What the one sample of 2026 shows null, and has texts in the schema, and the other way round."""


def everything(shop: Shop) -> StockTold:
    """Every topic of stock, told by a shop of many kinds of items."""
    told = StockTold(shop)
    shop.locations.present()
    for product_id in list(shop.products):
        shop.present(product_id)
    first, second, *_ = shop.locations.all()
    shop.locations.change(first.id, name="Elsewhere")
    for product in list(shop.products.values())[:5]:
        for variant in product.variants[:20]:
            item_id = variant.inventory_item_id
            shop.levels.order(item_id, first.id)
            shop.levels.reconnect(item_id, first.id)
            shop.items.change(item_id, requires_shipping=False)
    shop.delete(next(iter(shop.products)))
    for each in (first, second):
        shop.locations.deactivate(each.id)
        shop.locations.activate(each.id)
    shop.locations.deactivate(second.id)
    shop.locations.delete(second.id)
    shop.create(shirt(shop))
    return told


@pytest.fixture(scope="module")
def told() -> StockTold:
    return everything(stocked_shop(30))


def newest(payloads: Path, topic: str) -> list[Any]:
    return samples(payloads, topic, name="*_2026-*")


@pytest.mark.parametrize("topic", STOCK_TOPICS)
def test_every_body_has_the_shape_of_the_samples(payloads: Path, told: StockTold, topic: str) -> None:
    kind = topic.partition("/")[0]
    older = [*samples(payloads, topic, name="*_202[34]-*"), *NOT_IN_SAMPLES[kind]]
    if topic == "inventory_levels/connect":
        older.append({"available": None})
    shape = shape_of(newest(payloads, topic), older)
    bodies = told.bodies(topic)
    assert bodies
    assert {line for body in bodies for line in deviations(body, shape)} == set()


@pytest.mark.parametrize("topic", STOCK_TOPICS)
def test_every_key_and_type_of_the_samples_stands_in_a_body(
    payloads: Path, told: StockTold, topic: str
) -> None:
    bodies = told.bodies(topic)
    for sample in newest(payloads, topic):
        for name, value in sample.items():
            assert json_type(value) in {json_type(body[name]) for body in bodies}, name


def test_an_event_of_stock_has_an_id_of_its_own_kind_and_a_short_form_where_it_has_an_id(
    told: StockTold,
) -> None:
    for event in told:
        if event.topic.startswith("inventory_levels/"):
            assert event.id_only == event.body
        else:
            assert msgspec.json.decode(event.id_only) == {"id": event.resource_id}
