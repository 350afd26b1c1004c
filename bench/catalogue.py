"""Products of five variants and five images, as a bulk operation writes them: children behind parents."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from backroom.resources.product import product
from bench.exports import ExportFile, write_file

SIZES: Final = ("XS", "S", "M", "L", "XL")
VARIANTS: Final = len(SIZES)
IMAGES: Final = 5
_FIRST_ITEM: Final = 40_000_001_000_000


def write_products(folder: Path, products: int) -> ExportFile:
    """Numbered from 1."""
    lines = (
        json.dumps(line, separators=(",", ":"))
        for number in range(1, products + 1)
        for line in _lines(number)
    )
    return write_file(folder, product, lines, roots=products)


def sku_of(number: int, size: str) -> str:
    """Of a product's variant."""
    return f"TSHIRT-{number}-{size}"


def item_id(number: int, position: int) -> int:
    """The inventory item of a product's variant; positions count from 0."""
    return _FIRST_ITEM + number * 10 + position


def _lines(number: int) -> Iterator[dict[str, Any]]:
    gid = f"gid://shopify/Product/{7_000_000_000_000 + number}"
    yield {
        "id": gid,
        "title": f"Organic Cotton T-Shirt Number {number}",
        "handle": f"organic-cotton-t-shirt-number-{number}",
        "status": "ACTIVE",
        "vendor": "Acme Apparel Company",
        "productType": "T-Shirts",
        "tags": ["cotton", "organic", "summer", f"drop-{number % 40}"],
        "updatedAt": "2026-10-01T12:00:00Z",
        "options": [
            {"id": f"gid://shopify/ProductOption/{number}", "name": "Size", "position": 1, "values": SIZES}
        ],
    }
    for position, size in enumerate(SIZES):
        yield {
            "id": f"gid://shopify/ProductVariant/{40_000_000_000_000 + number * 10 + position}",
            "title": size,
            "sku": sku_of(number, size),
            "barcode": f"40{number:07}{position}",
            "price": f"{19 + number % 30}.99",
            "compareAtPrice": None,
            "position": position + 1,
            "selectedOptions": [{"name": "Size", "value": size}],
            "inventoryItem": {"id": f"gid://shopify/InventoryItem/{item_id(number, position)}"},
            "__parentId": gid,
        }
    for position in range(IMAGES):
        image = (
            f"https://cdn.shopify.com/s/files/1/0001/0002/products/shirt-{number}-{position}.jpg?v=1700000000"
        )
        yield {
            "id": f"gid://shopify/MediaImage/{30_000_000_000_000 + number * 10 + position}",
            "image": {"url": image},
            "__parentId": gid,
        }
