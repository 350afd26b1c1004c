"""Product bodies in the webhook's shape, as 2026-07 sends them."""

from datetime import UTC, datetime
from typing import Any

from tests.house import instant

Json = dict[str, Any]


def variant(number: int, **fields: Any) -> Json:
    """One variant; its inventory item is its id plus 1,000."""
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/ProductVariant/{number}",
        "title": f"Size {number}",
        "sku": f"CODE-{number}",
        "barcode": None,
        "price": "19.99",
        "compare_at_price": None,
        "position": 1,
        "option1": f"Size {number}",
        "option2": None,
        "option3": None,
        "taxable": True,
        "inventory_item_id": number + 1000,
        "inventory_policy": "deny",
        "inventory_quantity": 5,
        "old_inventory_quantity": 5,
        "image_id": None,
        **fields,
    }


def product(
    number: int = 1, *, at: float | datetime = 0, variants: list[Json] | None = None, **fields: Any
) -> Json:
    """One product. `at`: its updated_at, as seconds after the tests' epoch."""
    held = [variant(number * 100 + 1)] if variants is None else variants
    updated_at = at if isinstance(at, datetime) else instant(at)
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Product/{number}",
        "title": f"Product {number}",
        "handle": f"product-{number}",
        "body_html": "<p>Words</p>",
        "status": "active",
        "vendor": "Acme",
        "product_type": "Shirt",
        "tags": "summer, cotton",
        "options": [
            {
                "id": 1,
                "product_id": number,
                "name": "Size",
                "position": 1,
                "values": [each["option1"] for each in held],
            }
        ],
        "images": [{"id": 9, "src": f"https://cdn.example/{number}.jpg", "position": 1}],
        "image": None,
        "media": [],
        "created_at": "2025-01-01T00:00:00-05:00",
        "updated_at": updated_at.isoformat(),
        "published_at": None,
        "published_scope": "web",
        "template_suffix": None,
        "category": None,
        "has_variants_that_requires_components": False,
        "variants": held,
        "variant_gids": [
            {"admin_graphql_api_id": each["admin_graphql_api_id"], "updated_at": updated_at.isoformat()}
            for each in held
        ],
        **fields,
    }


def pulled(body: Json) -> Json:
    """What Shopify answers, asked for a product whose webhook has this body: the GraphQL shape, assembled."""
    names = [option["name"] for option in body["options"]]
    updated_at = datetime.fromisoformat(body["updated_at"]).astimezone(UTC)
    return {
        "id": f"gid://shopify/Product/{body['id']}",
        "title": body["title"],
        "handle": body["handle"],
        "status": body["status"].upper(),
        "vendor": body["vendor"],
        "productType": body["product_type"],
        "tags": [tag.strip() for tag in body["tags"].split(",") if tag.strip()],
        "updatedAt": updated_at.isoformat().replace("+00:00", "Z"),
        "options": [
            {
                "id": f"gid://shopify/ProductOption/{option['id']}",
                **_kept(option, "name", "position", "values"),
            }
            for option in body["options"]
        ],
        "variants": [_pulled_variant(variant, names) for variant in body["variants"]],
        "media": [
            {"id": f"gid://shopify/MediaImage/{image['id']}", "image": {"url": image["src"]}}
            for image in body["images"]
        ],
    }


def _pulled_variant(variant: Json, names: list[str]) -> Json:
    values = [variant[f"option{number}"] for number in (1, 2, 3)]
    return {
        "id": f"gid://shopify/ProductVariant/{variant['id']}",
        **_kept(variant, "title", "sku", "barcode", "price"),
        "compareAtPrice": variant["compare_at_price"],
        "position": variant["position"],
        "selectedOptions": [
            {"name": name, "value": value} for name, value in zip(names, values, strict=False) if value
        ],
        "inventoryItem": {"id": f"gid://shopify/InventoryItem/{variant['inventory_item_id']}"},
    }


def _kept(body: Json, *keys: str) -> Json:
    return {key: body[key] for key in keys}


def without(body: Json, *keys: str) -> Json:
    """The body without some of its keys."""
    return {key: value for key, value in body.items() if key not in keys}
