"""What lies where now, as plain rows: what a receiver's stock is compared with, field by field.

The inventory of one moment and its variants enter, rows leave. Never a body, so that a mistake in the bodies
shows. What never happens here: a change.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from shopify_simulator.shop.bodies import price_text
from shopify_simulator.shop.inventory import Inventory
from shopify_simulator.shop.item import InventoryItem
from shopify_simulator.shop.level import Level
from shopify_simulator.shop.location import Location
from shopify_simulator.shop.product import Variant

Json = dict[str, Any]


def truth_of_stock(inventory: Inventory, variants: Iterable[Variant]) -> Json:
    """`locations`, `inventory_items` and `inventory_levels`, each by its ids. What is gone has no row."""
    ordered = sorted(variants, key=lambda each: each.inventory_item_id)
    locations = sorted(inventory.locations.values(), key=lambda each: each.id)
    levels: list[Json] = []
    for variant in ordered:
        tracked = inventory.item(variant).traits.tracked
        held = sorted(inventory.levels_of(variant), key=lambda each: each.location_id)
        levels += [truth_of_level(each, tracked=tracked) for each in held]
    return {
        "locations": [truth_of_location(each) for each in locations],
        "inventory_items": [truth_of_item(inventory.item(variant)) for variant in ordered],
        "inventory_levels": levels,
    }


def truth_of_location(location: Location) -> Json:
    """`active`: not deactivated."""
    address = location.address
    return {
        "id": location.id,
        "name": location.name,
        "active": location.active,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "zip": address.zip,
        "province_code": address.province_code,
        "country_code": address.country_code,
        "phone": address.phone,
        "updated_at": _utc(location.updated_at),
    }


def truth_of_item(item: InventoryItem) -> Json:
    """`cost` is decimal text, or null; an empty code is null."""
    traits = item.traits
    return {
        "id": item.id,
        "sku": item.sku or None,
        "tracked": traits.tracked,
        "requires_shipping": traits.requires_shipping,
        "cost": None if traits.cost_cents is None else price_text(traits.cost_cents),
        "country_code_of_origin": traits.country_code_of_origin,
        "province_code_of_origin": traits.province_code_of_origin,
        "harmonized_system_code": traits.harmonized_system_code,
        "updated_at": _utc(traits.updated_at),
    }


def truth_of_level(level: Level, *, tracked: bool) -> Json:
    """`available` is null where the item is not tracked, the other quantities are numbers then, too.

    `updated_at` is that of `available`, `quantities_at` the level's; `is_active`: it is connected.
    """
    return {
        "inventory_item_id": level.item_id,
        "location_id": level.location_id,
        "available": level.available if tracked else None,
        "on_hand": level.on_hand,
        "committed": level.committed,
        "incoming": level.incoming,
        "updated_at": _utc(level.available_at),
        "quantities_at": _utc(level.updated_at),
        "is_active": level.active,
    }


@lru_cache(maxsize=8_192)
def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
