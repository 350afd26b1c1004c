"""What the ERP's tables of stock should say, from what the shop says: Shopify's words into columns.

Enters: locations, inventory items and levels of /control/truth. Leaves: values by `table.column`. Written a
second time on purpose, from the documentation of the tables: a mistake in a mapper must not be made here too.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backroom.demo.expected import expected_amount, expected_code

Json = Mapping[str, Any]
Values = dict[str, Any]


def expected_location(location: Json) -> Values:
    """A location that is not deleted, open or closed."""
    return {
        "location.name": location["name"],
        "location.active": location["active"],
        "location.address1": location["address1"] or None,
        "location.address2": location["address2"] or None,
        "location.city": location["city"] or None,
        "location.zip": location["zip"] or None,
        "location.province_code": location["province_code"] or None,
        "location.country_code": location["country_code"] or None,
        "location.phone": location["phone"] or None,
        "location.is_active": True,
    }


def expected_item(item: Json) -> Values:
    """An inventory item whose variant is there."""
    return {
        "inventory_item.sku_code": expected_code(item["sku"]),
        "inventory_item.tracked": item["tracked"],
        "inventory_item.cost": expected_amount(item["cost"]),
        "inventory_item.requires_shipping": item["requires_shipping"],
        "inventory_item.country_code_of_origin": item["country_code_of_origin"] or None,
        "inventory_item.harmonized_system_code": item["harmonized_system_code"] or None,
        "inventory_item.is_active": True,
    }


def expected_level(level: Json) -> Values:
    """A level that is connected: what a webhook tells of it."""
    return {
        "inventory_level.available": level["available"],
        "inventory_level.updated_at": datetime.fromisoformat(level["updated_at"]),
        "inventory_level.is_active": True,
    }


def expected_quantities(level: Json) -> Values:
    """What only a pull tells of it."""
    return {
        "inventory_level.on_hand": level["on_hand"],
        "inventory_level.committed": level["committed"],
        "inventory_level.incoming": level["incoming"],
        "inventory_level.quantities_at": datetime.fromisoformat(level["quantities_at"]),
    }
