"""How each field of a thing is read: its source, who looks and the arguments enter, a value leaves.

Leaves are JSON as Shopify writes it; objects are sources of their own. The readers of the API's roots stand
in `roots.py`. What never happens here: a change, or a field whose value differs from the shop's truth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shopify_simulator.admin.slices import Key, Slice, cut, stamp
from shopify_simulator.shop.bodies import price_text
from shopify_simulator.shop.product import Image, Product, Variant
from shopify_simulator.shop.rules import MOST_OPTIONS, MOST_VARIANTS
from shopify_simulator.shop.shop import Shop

Arguments = Mapping[str, Any]
Reader = Callable[[Any, Any, Arguments], Any]
Readers = dict[str, Reader]


@dataclass(frozen=True, slots=True)
class Sold:
    """A variant together with its product: what it is called hangs on both."""

    product: Product
    variant: Variant


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a product, or the value that a variant has of it."""

    number: int
    name: str
    position: int
    values: list[str]


@dataclass(frozen=True, slots=True)
class Counted:
    count: int
    exact: bool = True


def gid(kind: str, number: int) -> str:
    """`gid://shopify/Product/1`."""
    return f"gid://shopify/{kind}/{number}"


def _of(take: Callable[[Any], Any]) -> Reader:
    """A reader that looks at its source alone."""
    return lambda source, _look, _arguments: take(source)


def _when(take: Callable[[Any], datetime | None]) -> Reader:
    return _of(lambda source: None if (instant := take(source)) is None else stamp(instant))


_VARIANT_PLACES: Final[Mapping[str, Callable[[Sold], Key]]] = {
    "POSITION": lambda sold: (sold.variant.position, sold.variant.id),
    "ID": lambda sold: (sold.variant.id, sold.variant.id),
}
_IMAGE_PLACES: Final[Mapping[str, Callable[[Image], Key]]] = {
    "POSITION": lambda image: (image.position, image.media_id),
    "ID": lambda image: (image.media_id, image.media_id),
}


def variants_of(product: Product) -> list[Sold]:
    """In the order of their positions."""
    return [Sold(product, variant) for variant in product.variants]


def _variants(product: Product, _look: Any, arguments: Arguments) -> Slice:
    place = _VARIANT_PLACES[arguments["sortKey"]]
    return cut(sorted(variants_of(product), key=place), place, int, arguments)


def _media(product: Product, _look: Any, arguments: Arguments) -> Slice:
    place = _IMAGE_PLACES[arguments["sortKey"]]
    return cut(sorted(product.images, key=place), place, int, arguments)


def _options(product: Product, _look: Any, arguments: Arguments) -> list[Choice]:
    first = arguments.get("first")
    return [
        Choice(option.id, option.name, position, option.values)
        for position, option in enumerate(product.options[:first], 1)
    ]


def _selected(sold: Sold) -> list[tuple[str, str]]:
    names = (option.name for option in sold.product.options)
    return list(zip(names, sold.variant.values, strict=True))


def _display_name(sold: Sold) -> str:
    return f"{sold.product.title} - {sold.variant.title}"


PRODUCT: Final[Readers] = {
    "id": _of(lambda product: gid("Product", product.id)),
    "legacyResourceId": _of(lambda product: str(product.id)),
    "title": _of(lambda product: product.title),
    "handle": _of(lambda product: product.handle),
    "status": _of(lambda product: product.status.upper()),
    "vendor": _of(lambda product: product.vendor),
    "productType": _of(lambda product: product.product_type),
    "tags": _of(lambda product: sorted(product.tags)),
    "descriptionHtml": _of(lambda product: product.body_html),
    "templateSuffix": _of(lambda product: product.template_suffix),
    "createdAt": _when(lambda product: product.created_at),
    "updatedAt": _when(lambda product: product.updated_at),
    "publishedAt": _when(lambda product: product.published_at),
    "hasOnlyDefaultVariant": _of(lambda product: not product.has_options),
    "totalInventory": _of(lambda product: sum(each.inventory_quantity for each in product.variants)),
    "options": _options,
    "variants": _variants,
    "variantsCount": _of(lambda product: Counted(len(product.variants))),
    "media": _media,
    "mediaCount": _of(lambda product: Counted(len(product.images))),
}

VARIANT: Final[Readers] = {
    "id": _of(lambda sold: gid("ProductVariant", sold.variant.id)),
    "legacyResourceId": _of(lambda sold: str(sold.variant.id)),
    "title": _of(lambda sold: sold.variant.title),
    "displayName": _of(_display_name),
    "sku": _of(lambda sold: sold.variant.sku),
    "barcode": _of(lambda sold: sold.variant.barcode),
    "price": _of(lambda sold: price_text(sold.variant.price_cents)),
    "compareAtPrice": _of(
        lambda sold: (
            None if sold.variant.compare_at_cents is None else price_text(sold.variant.compare_at_cents)
        )
    ),
    "position": _of(lambda sold: sold.variant.position),
    "taxable": _of(lambda sold: sold.variant.taxable),
    "inventoryPolicy": _of(lambda sold: sold.variant.inventory_policy.upper()),
    "inventoryQuantity": _of(lambda sold: sold.variant.inventory_quantity),
    "selectedOptions": _of(_selected),
    "createdAt": _when(lambda sold: sold.variant.created_at),
    "updatedAt": _when(lambda sold: sold.variant.updated_at),
    "product": _of(lambda sold: sold.product),
}


def _shop_readers() -> Readers:
    return {
        "id": _of(lambda _: gid("Shop", 1)),
        "name": _of(lambda shop: shop.name),
        "myshopifyDomain": _of(lambda shop: shop.domain),
        "currencyCode": _of(lambda shop: shop.currency),
        "ianaTimezone": _of(lambda _: "America/New_York"),
        "timezoneOffsetMinutes": _of(_offset_minutes),
        "plan": lambda _shop, look, _arguments: look.plan,
        "resourceLimits": _of(lambda shop: shop),
    }


def _offset_minutes(shop: Shop) -> int:
    return int(shop.offset.utcoffset(None) / timedelta(minutes=1))


def connection() -> Readers:
    """Of any connection."""
    return {
        "nodes": _of(lambda page: page.items),
        "edges": _of(lambda page: [(page, item) for item in page.items]),
        "pageInfo": _of(lambda page: page),
    }


def edge() -> Readers:
    """Of any connection's edges."""
    return {"node": _of(lambda edge: edge[1]), "cursor": _of(lambda edge: edge[0].cursor(edge[1]))}


THINGS: Final[Mapping[str, Readers]] = {
    "Product": PRODUCT,
    "ProductVariant": VARIANT,
    "ProductOption": {
        "id": _of(lambda option: gid("ProductOption", option.number)),
        "name": _of(lambda option: option.name),
        "position": _of(lambda option: option.position),
        "values": _of(lambda option: option.values),
    },
    "SelectedOption": {"name": _of(lambda pair: pair[0]), "value": _of(lambda pair: pair[1])},
    "MediaImage": {
        "id": _of(lambda image: gid("MediaImage", image.media_id)),
        "alt": _of(lambda image: image.alt),
        "mediaContentType": _of(lambda _: "IMAGE"),
        "status": _of(lambda _: "READY"),
        "createdAt": _when(lambda image: image.created_at),
        "updatedAt": _when(lambda image: image.updated_at),
        "image": _of(lambda image: image),
    },
    "Image": {
        "id": _of(lambda image: gid("ImageSource", image.id)),
        "altText": _of(lambda image: image.alt),
        "height": _of(lambda image: image.height),
        "width": _of(lambda image: image.width),
        "url": _of(lambda image: image.src),
    },
    "Count": {
        "count": _of(lambda counted: counted.count),
        "precision": _of(lambda counted: "EXACT" if counted.exact else "AT_LEAST"),
    },
    "PageInfo": {
        "hasNextPage": _of(lambda page: page.has_next),
        "hasPreviousPage": _of(lambda page: page.has_previous),
        "startCursor": _of(lambda page: page.cursor(page.items[0]) if page.items else None),
        "endCursor": _of(lambda page: page.cursor(page.items[-1]) if page.items else None),
    },
    "Shop": _shop_readers(),
    "ShopPlan": {
        "partnerDevelopment": _of(lambda plan: plan == "Development"),
        "publicDisplayName": _of(lambda plan: plan),
        "shopifyPlus": _of(lambda plan: plan == "Plus"),
    },
    "ShopResourceLimits": {
        "locationLimit": _of(lambda _: 200),
        "maxProductOptions": _of(lambda _: MOST_OPTIONS),
        "maxProductVariants": _of(lambda _: MOST_VARIANTS),
        "redirectLimitReached": _of(lambda _: False),
    },
    **{f"{name}Connection": connection() for name in ("Product", "ProductVariant", "Media", "BulkOperation")},
    **{f"{name}Edge": edge() for name in ("Product", "ProductVariant", "Media", "BulkOperation")},
}
"""The readers of each type, by its name in the schema."""

TYPE_OF_SOURCE: Final[Mapping[type, str]] = {
    Product: "Product",
    Sold: "ProductVariant",
    Image: "MediaImage",
    Shop: "Shop",
}
"""What a source is where the schema names an interface."""
