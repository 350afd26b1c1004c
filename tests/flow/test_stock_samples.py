"""Every sample body about stock goes through: applied, or parked with a reason that a person understands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backroom.erp.tables import inventory_item, inventory_level, location
from backroom.resources.registry import BY_TOPIC
from backroom.vocabulary.clock import parse_instant
from backroom.vocabulary.money import parse_amount
from tests.conftest import SHARED
from tests.house import House

Json = dict[str, Any]
PAYLOADS = SHARED / "shopify" / "payloads"
SAMPLES = sorted(
    path for kind in ("inventory_*", "locations__*") for path in PAYLOADS.glob(f"{kind}/*.json")
) or [Path("absent")]
PARKED = {
    "inventory_items__update/gadget-exemplar_2025-04_1": "'example string' is not an amount",
}
"""A shape without values: it can not be applied, and says why."""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_sample_is_applied_or_parked_with_a_reason(house: House, payloads: Path, sample: Path) -> None:
    raw = sample.read_bytes()
    topic = sample.parent.name.replace("__", "/")
    house.play(topic, raw)

    (delivery,) = house.deliveries()
    (cached,) = house.cache(BY_TOPIC[topic][0].name)
    reason = PARKED.get(f"{sample.parent.name}/{sample.stem}")
    if reason is not None:
        assert reason in cached["processing_error"]
        return
    assert (delivery["error"], cached["processing_error"]) == (None, None)
    assert (cached["partial"], cached["wanted_at"]) == (False, None)
    body = msgspec.json.decode(raw)
    if topic.endswith(("/delete", "/disconnect")):
        assert cached["deleted_at"] is not None
        _brings_nothing(house)
    else:
        HOLDS[topic.partition("/")[0]](house, body)


def _brings_nothing(house: House) -> None:
    """But for the word that a location is gone, or its levels would count."""
    for table in (location, inventory_item, inventory_level):
        assert [row for row in house.rows(table) if row["is_active"]] == []


def _holds_location(house: House, body: Json) -> None:
    (row,) = house.rows(location)
    kept = ("name", "active", "address1", "address2", "city", "zip", "province_code", "country_code", "phone")
    assert {name: row[name] for name in kept} == {name: body[name] for name in kept}
    assert (row["shopify_location_id"], row["is_active"]) == (body["id"], True)


def _holds_item(house: House, body: Json) -> None:
    (row,) = house.rows(inventory_item)
    kept = ("tracked", "requires_shipping", "country_code_of_origin", "harmonized_system_code")
    assert {name: row[name] for name in kept} == {name: body[name] for name in kept}
    assert row["sku_code"] == (body["sku"] or None)
    assert row["cost"] == (None if body["cost"] is None else parse_amount(body["cost"]))
    assert (row["shopify_inventory_item_id"], row["is_active"]) == (body["id"], True)


def _holds_level(house: House, body: Json) -> None:
    (row,) = house.rows(inventory_level)
    assert row["available"] == body["available"]
    assert row["updated_at"] == parse_instant(body["updated_at"])
    assert (row["on_hand"], row["committed"], row["incoming"], row["quantities_at"]) == (None,) * 4
    key = (row["shopify_inventory_item_id"], row["shopify_location_id"])
    assert (key, row["is_active"]) == ((body["inventory_item_id"], body["location_id"]), True)


HOLDS: dict[str, Callable[[House, Json], None]] = {
    "locations": _holds_location,
    "inventory_items": _holds_item,
    "inventory_levels": _holds_level,
}
