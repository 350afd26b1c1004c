"""An inventory item: what of a variant lies in stock. Its traits, and its bodies as Shopify writes them.

A variant enters; the traits that it begins with are drawn from its ids, so that a shop of 300,000 items keeps
only those that were changed. What never happens here: a quantity (`level.py`).

Source: shopify.dev/docs/api/webhooks, inventory_items/create, update, delete (2026-07 samples).
"""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

import msgspec

from shopify_simulator.shop.bodies import price_text
from shopify_simulator.shop.numbers import mixed
from shopify_simulator.shop.product import Variant

_encode = msgspec.json.Encoder().encode

ORIGINS: Final = (
    ("PT", None, "610910"),
    ("CN", None, "6109100010"),
    ("CA", "ON", "620520"),
    ("IT", None, None),
)
"""Country and province of origin, and the harmonized system code."""

UNTRACKED_EVERY, COSTLESS_EVERY, UNKNOWN_ORIGIN_EVERY, WEIGHTLESS_EVERY = 12, 5, 3, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a merchant sets of an item. `cost_cents` is None where nobody said what it costs."""

    tracked: bool
    requires_shipping: bool
    cost_cents: int | None
    country_code_of_origin: str | None
    province_code_of_origin: str | None
    harmonized_system_code: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryItem:
    """An item as it is now; its code is its variant's."""

    id: int
    sku: str | None
    created_at: datetime
    traits: Traits


def first_traits(variant: Variant) -> Traits:
    """The same for the same item, whenever it is asked."""
    draw = mixed(variant.inventory_item_id)
    known = draw // 7 % UNKNOWN_ORIGIN_EVERY != 0
    country, province, code = ORIGINS[draw // 11 % len(ORIGINS)] if known else (None, None, None)
    # No share of the price: nobody would be told where that changes.
    cost = 100 + draw // 19 % 9_000
    return Traits(
        tracked=draw % UNTRACKED_EVERY != 0,
        requires_shipping=draw // 13 % WEIGHTLESS_EVERY != 0,
        cost_cents=None if draw // 17 % COSTLESS_EVERY == 0 else cost,
        country_code_of_origin=country,
        province_code_of_origin=province,
        harmonized_system_code=code,
        updated_at=variant.created_at,
    )


def item_body(item: InventoryItem, offset: timezone) -> bytes:
    """The body of inventory_items/create and update; instants have the shop's offset."""
    traits = item.traits
    return _encode(
        {
            "id": item.id,
            "sku": item.sku,
            "created_at": item.created_at.astimezone(offset).isoformat(timespec="seconds"),
            "updated_at": traits.updated_at.astimezone(offset).isoformat(timespec="seconds"),
            "requires_shipping": traits.requires_shipping,
            "cost": None if traits.cost_cents is None else price_text(traits.cost_cents),
            "country_code_of_origin": traits.country_code_of_origin,
            "province_code_of_origin": traits.province_code_of_origin,
            "harmonized_system_code": traits.harmonized_system_code,
            "tracked": traits.tracked,
            "country_harmonized_system_codes": [],
            "weight_value": 0,
            "weight_unit": "lb",
            "admin_graphql_api_id": f"gid://shopify/InventoryItem/{item.id}",
        }
    )


def deleted_item_body(item: InventoryItem) -> bytes:
    """The body of inventory_items/delete: more than an id, and no instant."""
    traits = item.traits
    return _encode(
        {
            "id": item.id,
            "country_code_of_origin": traits.country_code_of_origin,
            "province_code_of_origin": traits.province_code_of_origin,
            "harmonized_system_code": traits.harmonized_system_code,
            "country_harmonized_system_codes": [],
            "admin_graphql_api_id": f"gid://shopify/InventoryItem/{item.id}",
        }
    )
