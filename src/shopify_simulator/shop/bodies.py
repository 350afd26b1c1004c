"""Webhook bodies of products as Shopify writes them: 2026-10, which has the keys of the 2026-07 samples.

A product enters, JSON leaves; the body holds at most 100 variants, `variant_gids` names all. What never
happens here: a change of the product.

Source: shopify.dev/docs/api/webhooks, products/create, products/update, products/delete.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timezone
from typing import Any

import msgspec

from shopify_simulator.shop.product import Category, Image, Product, Variant

MOST_VARIANTS_IN_A_BODY = 100

Json = dict[str, Any]
Written = Callable[[datetime], str]

_ENCODER = msgspec.json.Encoder()


def webhook_body(product: Product, offset: timezone) -> bytes:
    """The body of products/create and products/update; instants have the shop's offset."""
    written = _writer(offset)
    of_images = _variants_of_images(product.variants)
    images = [_image(product.id, image, of_images.get(image.id, []), written) for image in product.images]
    return _ENCODER.encode(
        {
            "admin_graphql_api_id": f"gid://shopify/Product/{product.id}",
            "body_html": product.body_html,
            "created_at": written(product.created_at),
            "handle": product.handle,
            "id": product.id,
            "product_type": product.product_type,
            "published_at": None if product.published_at is None else written(product.published_at),
            "template_suffix": product.template_suffix,
            "title": product.title,
            "updated_at": written(product.updated_at),
            "vendor": product.vendor,
            "status": product.status,
            "published_scope": product.published_scope,
            "tags": ", ".join(product.tags),
            "variants": [
                _variant(product.id, variant, written)
                for variant in product.variants[:MOST_VARIANTS_IN_A_BODY]
            ],
            "options": _options(product),
            "images": images,
            "image": images[0] if images else None,
            "media": [
                _medium(product.id, image, of_images.get(image.id, []), written) for image in product.images
            ],
            "variant_gids": _variant_gids(product.variants),
            "has_variants_that_requires_components": False,
            "category": _category(product.category),
        }
    )


def deleted_body(product_id: int) -> bytes:
    """The body of products/delete, and of any topic where the real one is too large."""
    return b'{"id":%d}' % product_id


def is_truncated(product: Product) -> bool:
    """The body lacks variants, so it says nothing of those that it does not carry."""
    return len(product.variants) > MOST_VARIANTS_IN_A_BODY


def price_text(cents: int) -> str:
    """1999 -> `19.99`."""
    return f"{cents // 100}.{cents % 100:02}"


def _writer(offset: timezone) -> Written:
    """Writes instants with the shop's offset; most variants share a few, so each is written once."""
    texts: dict[datetime, str] = {}

    def written(instant: datetime) -> str:
        text = texts.get(instant)
        if text is None:
            text = texts[instant] = instant.astimezone(offset).isoformat(timespec="seconds")
        return text

    return written


def _variant(product_id: int, variant: Variant, written: Written) -> Json:
    first, second, third = [*variant.values, None, None][:3]
    compare_at = variant.compare_at_cents
    return {
        "admin_graphql_api_id": f"gid://shopify/ProductVariant/{variant.id}",
        "barcode": variant.barcode,
        "compare_at_price": None if compare_at is None else price_text(compare_at),
        "created_at": written(variant.created_at),
        "id": variant.id,
        "inventory_policy": variant.inventory_policy,
        "position": variant.position,
        "price": price_text(variant.price_cents),
        "product_id": product_id,
        "sku": variant.sku,
        "taxable": variant.taxable,
        "title": variant.title,
        "updated_at": written(variant.updated_at),
        "option1": first,
        "option2": second,
        "option3": third,
        "image_id": variant.image_id,
        "inventory_item_id": variant.inventory_item_id,
        "inventory_quantity": variant.inventory_quantity,
        "old_inventory_quantity": variant.old_inventory_quantity,
    }


def _options(product: Product) -> list[Json]:
    return [
        {
            "name": option.name,
            "id": option.id,
            "product_id": product.id,
            "position": position,
            "values": option.values,
        }
        for position, option in enumerate(product.options, 1)
    ]


def _image(product_id: int, image: Image, variant_ids: list[int], written: Written) -> Json:
    return {
        "id": image.id,
        "product_id": product_id,
        "position": image.position,
        "created_at": written(image.created_at),
        "updated_at": written(image.updated_at),
        "alt": image.alt,
        "width": image.width,
        "height": image.height,
        "src": image.src,
        "variant_ids": variant_ids,
        "admin_graphql_api_id": f"gid://shopify/ProductImage/{image.id}",
    }


def _medium(product_id: int, image: Image, variant_ids: list[int], written: Written) -> Json:
    return {
        "id": image.media_id,
        "product_id": product_id,
        "position": image.position,
        "created_at": written(image.created_at),
        "updated_at": written(image.updated_at),
        "alt": image.alt,
        "status": "READY",
        "media_content_type": "IMAGE",
        "preview_image": {
            "width": image.width,
            "height": image.height,
            "src": image.src,
            "status": "READY",
        },
        "variant_ids": variant_ids,
        "admin_graphql_api_id": f"gid://shopify/MediaImage/{image.media_id}",
    }


def _category(category: Category | None) -> Json | None:
    if category is None:
        return None
    return {
        "admin_graphql_api_id": category.gid,
        "name": category.name,
        "full_name": category.full_name,
    }


def _variant_gids(variants: list[Variant]) -> list[Json]:
    """All variants, the most recently updated first; in UTC with milliseconds, unlike everything else."""
    texts: dict[datetime, str] = {}
    gids = []
    for variant in sorted(variants, key=lambda each: each.updated_at, reverse=True):
        instant = variant.updated_at
        if instant not in texts:
            texts[instant] = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        gids.append(
            {
                "admin_graphql_api_id": f"gid://shopify/ProductVariant/{variant.id}",
                "updated_at": texts[instant],
            }
        )
    return gids


def _variants_of_images(variants: list[Variant]) -> dict[int, list[int]]:
    of_images: dict[int, list[int]] = {}
    for variant in variants:
        if variant.image_id is not None:
            of_images.setdefault(variant.image_id, []).append(variant.id)
    return of_images
