"""New things, ready to be put on the shelf: products, variants and images with ids of their own.

A shop gives the ids and the present; nothing is shelved here, and no event fires.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from shopify_simulator.shop.product import DEFAULT_OPTION, DEFAULT_VALUE, Image, Option, Product, Variant
from shopify_simulator.shop.shop import Shop

CDN = "https://cdn.shopify.example/s/files/1/0001/0001/files"
"""Looks like Shopify's, and resolves nowhere: a page that shows the image asks nobody's server."""

LONGEST_HANDLE = 200
_NOT_IN_HANDLES = re.compile(r"[\W_]+")


def new_product(
    shop: Shop,
    *,
    title: str,
    options: Sequence[str] = (DEFAULT_OPTION,),
    at: datetime | None = None,
    handle: str | None = None,
) -> Product:
    """An active product without variants yet: it needs one before it can be shelved."""
    instant = at or shop.now()
    return Product(
        id=shop.numbers.product(),
        title=title,
        handle=handle or shop.free_handle(handle_for(title)),
        body_html="",
        status="active",
        vendor=shop.name,
        product_type="",
        tags=[],
        options=[Option(id=shop.numbers.option(), name=name, values=[]) for name in options],
        images=[],
        variants=[],
        category=None,
        template_suffix=None,
        published_at=instant,
        published_scope="web",
        created_at=instant,
        updated_at=instant,
    )


def new_variant(
    shop: Shop,
    *,
    values: Sequence[str] = (DEFAULT_VALUE,),
    price_cents: int,
    sku: str | None = None,
    barcode: str | None = None,
    quantity: int = 0,
    at: datetime | None = None,
) -> Variant:
    """A variant with an inventory item of its own; title and position come when the product is shelved."""
    instant = at or shop.now()
    return Variant(
        id=shop.numbers.variant(),
        inventory_item_id=shop.numbers.inventory_item(),
        title="",
        sku=sku,
        barcode=barcode,
        price_cents=price_cents,
        compare_at_cents=None,
        position=0,
        values=list(values),
        image_id=None,
        taxable=True,
        inventory_policy="deny",
        inventory_quantity=quantity,
        old_inventory_quantity=quantity,
        created_at=instant,
        updated_at=instant,
    )


def new_image(shop: Shop, product: Product, *, alt: str | None = None, at: datetime | None = None) -> Image:
    """An image of that product, not added to it yet."""
    instant = at or shop.now()
    number = shop.numbers.image()
    return Image(
        id=number,
        media_id=shop.numbers.media(),
        src=f"{CDN}/{product.handle[:60]}-{number % 1_000_000}.jpg?v={int(instant.timestamp())}",
        alt=alt,
        position=0,
        width=1_200,
        height=1_600,
        created_at=instant,
        updated_at=instant,
    )


def handle_for(title: str) -> str:
    """`Linen Shirt (2 pcs)` -> `linen-shirt-2-pcs`; letters of all scripts stay."""
    return _NOT_IN_HANDLES.sub("-", title.lower()).strip("-")[:LONGEST_HANDLE].strip("-") or "product"
