"""Bodies of locations, inventory items and levels: the webhook's shape, as of 2026-07, and the pulled one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.house import instant

Json = dict[str, Any]


def location(number: int = 7, *, at: float = 0, **fields: Any) -> Json:
    """One location. `at`: its updated_at, as seconds after the tests' epoch."""
    return {
        "id": number,
        "name": f"Location {number}",
        "address1": "34 Example Street",
        "address2": None,
        "city": "Ottawa",
        "zip": "K1N 5T5",
        "province": "Ontario",
        "country": "CA",
        "phone": "555-555-5555",
        "created_at": "2025-01-01T00:00:00-05:00",
        "updated_at": instant(at).isoformat(),
        "country_code": "CA",
        "country_name": "Canada",
        "province_code": "ON",
        "legacy": False,
        "active": True,
        "admin_graphql_api_id": f"gid://shopify/Location/{number}",
        **fields,
    }


def pulled_location(body: Json) -> Json:
    """What Shopify answers, asked for a location whose webhook has this body."""
    return {
        "id": f"gid://shopify/Location/{body['id']}",
        "name": body["name"],
        "isActive": body["active"],
        "updatedAt": _pulled_instant(body["updated_at"]),
        "address": {
            "address1": body["address1"],
            "address2": body["address2"],
            "city": body["city"],
            "zip": body["zip"],
            "provinceCode": body["province_code"],
            "countryCode": body["country_code"],
            "phone": body["phone"],
        },
    }


def item(number: int = 1101, *, at: float = 0, **fields: Any) -> Json:
    """One inventory item."""
    return {
        "id": number,
        "sku": f"CODE-{number}",
        "created_at": "2025-01-01T00:00:00-05:00",
        "updated_at": instant(at).isoformat(),
        "requires_shipping": True,
        "cost": None,
        "country_code_of_origin": None,
        "province_code_of_origin": None,
        "harmonized_system_code": None,
        "tracked": True,
        "country_harmonized_system_codes": [],
        "weight_value": 0,
        "weight_unit": "lb",
        "admin_graphql_api_id": f"gid://shopify/InventoryItem/{number}",
        **fields,
    }


def pulled_item(body: Json) -> Json:
    """What Shopify answers, asked for an inventory item whose webhook has this body."""
    return {
        "id": f"gid://shopify/InventoryItem/{body['id']}",
        "sku": body["sku"],
        "tracked": body["tracked"],
        "requiresShipping": body["requires_shipping"],
        "unitCost": None if body["cost"] is None else {"amount": body["cost"]},
        "countryCodeOfOrigin": body["country_code_of_origin"],
        "harmonizedSystemCode": body["harmonized_system_code"],
        "updatedAt": _pulled_instant(body["updated_at"]),
    }


def level(
    item_id: int = 1101, location_id: int = 7, *, at: float = 0, available: int | None = 5, **fields: Any
) -> Json:
    """One level. Its gid's number is the level's own."""
    return {
        "inventory_item_id": item_id,
        "location_id": location_id,
        "available": available,
        "updated_at": instant(at).isoformat(),
        "admin_graphql_api_id": level_gid(item_id, location_id),
        **fields,
    }


def disconnected(item_id: int = 1101, location_id: int = 7) -> Json:
    """The whole body of a disconnect."""
    return {"inventory_item_id": item_id, "location_id": location_id}


def level_gid(item_id: int, location_id: int) -> str:
    """How Shopify names a level."""
    return f"gid://shopify/InventoryLevel/{90_000 + location_id}?inventory_item_id={item_id}"


def level_node(body: Json, *, committed: int = 2, incoming: int = 0, level_at: float | None = None) -> Json:
    """A level below its inventory item. GraphQL has a number even where the item is not tracked.

    `level_at`: the level's own updatedAt, which moves with each quantity; if not given, that of `available`.
    """
    item_id, location_id = body["inventory_item_id"], body["location_id"]
    available = 3 if body["available"] is None else body["available"]
    said_at = _pulled_instant(body["updated_at"])
    moved_at = said_at if level_at is None else _pulled_instant(instant(level_at).isoformat())
    quantities = {"on_hand": available + committed, "committed": committed, "incoming": incoming}
    return {
        "id": level_gid(item_id, location_id),
        "updatedAt": moved_at,
        "isActive": True,
        "location": {"id": f"gid://shopify/Location/{location_id}"},
        "quantities": [
            {"name": "available", "quantity": available, "updatedAt": said_at},
            *({"name": name, "quantity": each, "updatedAt": moved_at} for name, each in quantities.items()),
        ],
    }


def pulled_level(body: Json, **more: Any) -> Json:
    """What the cache holds of a level that was pulled: the node, with its item."""
    item_gid = f"gid://shopify/InventoryItem/{body['inventory_item_id']}"
    return {
        **level_node(body, **more),
        "item": {"id": item_gid, "tracked": body["available"] is not None},
    }


def pulled_levels(bodies: Sequence[Json], *, at: float = 0) -> Json:
    """What Shopify answers, asked for one inventory item with its levels, which these are."""
    (item_id,) = {body["inventory_item_id"] for body in bodies}
    return {
        "id": f"gid://shopify/InventoryItem/{item_id}",
        "tracked": all(body["available"] is not None for body in bodies),
        "updatedAt": _pulled_instant(instant(at).isoformat()),
        "inventoryLevels": [level_node(body) for body in bodies],
    }


def _pulled_instant(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat().replace("+00:00", "Z")
