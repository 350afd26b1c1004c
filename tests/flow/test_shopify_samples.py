"""Every sample body of a product goes through: applied, or parked with a reason that a person understands."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conftest import SHARED
from tests.house import House

FOLDERS = (
    "products__create",
    "products__update",
    "products__delete",
    "_rest__product_single",
    "_rest__product_variants",
)
SAMPLES = sorted(
    path for folder in FOLDERS for path in (SHARED / "shopify" / "payloads" / folder).glob("*.json")
) or [Path("absent")]
BULK = "_rest__products_bulk/frappe-ecommerce_integrations_bulk_products.json"

PARKED = {
    "gadget-exemplar_2023-10_1": "the price of variant 123: 'example string' is not an amount",
    "gadget-exemplar_2023-10_2": "the price of variant 123: 'example string' is not an amount",
    "gadget-exemplar_2023-10_3": "the price of variant 123: 'example string' is not an amount",
    "gadget-exemplar_2025-04_1": "'https://www.example.com/' is not a Shopify gid",
    "shopify_python_api-fixture_product": "wrapped in a `product` key",
}
"""Shapes without values, and a REST answer: these can not be applied, and say why."""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_sample_is_applied_or_parked_with_a_reason(house: House, payloads: Path, sample: Path) -> None:
    raw = sample.read_bytes()
    topic = "products/delete" if "delete" in sample.parent.name else "products/update"
    house.play(topic, raw)

    (delivery,) = house.deliveries()
    reasons = [delivery["error"], *(row["processing_error"] for row in house.cache())]
    expected = PARKED.get(sample.stem)
    if expected is not None:
        assert any(expected in reason for reason in reasons if reason), reasons
        return
    assert reasons == [None, None]
    body = msgspec.json.decode(raw)
    if topic == "products/update":
        _holds(house, body)


def test_the_products_of_a_rest_list_go_through_one_by_one(house: House, payloads: Path) -> None:
    listed = msgspec.json.decode((payloads / BULK).read_bytes())["products"]
    for body in listed:
        assert house.deliver("products/update", body) is True
    house.settle()

    assert [row["processing_error"] for row in house.cache()] == [None] * len(listed)
    assert {row["title"] for row in house.listings()} == {body["title"] for body in listed}
    assert len(house.variants()) == sum(len(body["variants"]) for body in listed)


def _holds(house: House, body: dict[str, Any]) -> None:
    (listing,) = house.listings()
    assert listing["title"] == body["title"]
    assert listing["shopify_handle"] == body["handle"]
    assert listing["status"] == body["status"]
    assert listing["images"] == [image["src"] for image in body["images"]]
    variants = {row["shopify_variant_id"]: row for row in house.variants()}
    assert set(variants) == {variant["id"] for variant in body["variants"]}
    for variant in body["variants"]:
        row = variants[variant["id"]]
        assert row["price"] == round(float(variant["price"]) * 10_000)
        assert row["sku_code"] == (variant["sku"] or None)
        assert row["shopify_inventory_item_id"] == variant["inventory_item_id"]
    (cached,) = house.cache()
    assert (cached["partial"], cached["wanted_at"]) == (False, None)
