"""What a shop says of itself: its webhooks' bodies, and the same once more as its control API's truth."""

from collections.abc import Iterable
from typing import Any

from tests.bodies import Json, product, variant
from tests.house import instant

SHIRT, MUG, POSTER = 11, 12, 13


def shirt_body(at: float = 0, **fields: Any) -> Json:
    """Two sizes; tags out of order, an empty barcode, a blank code."""
    variants = [
        variant(
            1101,
            sku="LINEN-S",
            barcode="4006381333931",
            title="S / Blue",
            option1="S",
            option2="Blue",
            price="29.00",
            compare_at_price="35.50",
            position=1,
        ),
        variant(
            1102, sku=" ", barcode="", title="M / Blue", option1="M", option2="Blue", price="0.00", position=2
        ),
    ]
    options = [
        {"id": 1, "product_id": SHIRT, "name": "Size", "position": 1, "values": ["S", "M"]},
        {"id": 2, "product_id": SHIRT, "name": "Colour", "position": 2, "values": ["Blue"]},
    ]
    images = [
        {"id": 8, "src": "https://cdn.example/front.jpg", "position": 1},
        {"id": 9, "src": "https://cdn.example/back.jpg", "position": 2},
    ]
    said = {
        "title": "Linen shirt",
        "handle": "linen-shirt",
        "vendor": "Acme",
        "product_type": "",
        "tags": "summer, linen",
        "options": options,
        "images": images,
    }
    return product(SHIRT, at=at, variants=variants, **(said | fields))


def shirt_truth() -> Json:
    return {
        "id": SHIRT,
        "title": "Linen shirt",
        "handle": "linen-shirt",
        "status": "active",
        "vendor": "Acme",
        "product_type": None,
        "tags": ["linen", "summer"],
        "options": [{"name": "Size", "values": ["S", "M"]}, {"name": "Colour", "values": ["Blue"]}],
        "images": ["https://cdn.example/front.jpg", "https://cdn.example/back.jpg"],
        "updated_at": instant(0).isoformat(),
        "variants": [
            {
                "id": 1101,
                "title": "S / Blue",
                "sku": "LINEN-S",
                "barcode": "4006381333931",
                "price": "29.00",
                "compare_at_price": "35.50",
                "position": 1,
                "options": {"Size": "S", "Colour": "Blue"},
                "inventory_item_id": 2101,
                "inventory_quantity": 5,
            },
            {
                "id": 1102,
                "title": "M / Blue",
                "sku": " ",
                "barcode": None,
                "price": "0.00",
                "compare_at_price": None,
                "position": 2,
                "options": {"Size": "M", "Colour": "Blue"},
                "inventory_item_id": 2102,
                "inventory_quantity": 5,
            },
        ],
    }


def poster_body(at: float = 0, *, variants: int, whole: bool = False, **fields: Any) -> Json:
    """One size after the other; without `whole` as Shopify cuts it: the first hundred, and all names."""
    held = [variant(1_300_000 + number, position=number) for number in range(1, variants + 1)]
    body = product(POSTER, at=at, variants=held, **({"title": "Poster"} | fields))
    if not whole:
        body["variants"] = held[:100]
    return body


def poster_truth(variants: int) -> Json:
    numbers = range(1, variants + 1)
    names = [f"Size {1_300_000 + number}" for number in numbers]
    return {
        "id": POSTER,
        "title": "Poster",
        "handle": f"product-{POSTER}",
        "status": "active",
        "vendor": "Acme",
        "product_type": "Shirt",
        "tags": ["cotton", "summer"],
        "options": [{"name": "Size", "values": names}],
        "images": [f"https://cdn.example/{POSTER}.jpg"],
        "updated_at": instant(0).isoformat(),
        "variants": [
            {
                "id": 1_300_000 + number,
                "title": f"Size {1_300_000 + number}",
                "sku": f"CODE-{1_300_000 + number}",
                "barcode": None,
                "price": "19.99",
                "compare_at_price": None,
                "position": number,
                "options": {"Size": f"Size {1_300_000 + number}"},
                "inventory_item_id": 1_301_000 + number,
                "inventory_quantity": 5,
            }
            for number in numbers
        ],
    }


def truth_of(products: Iterable[Json] = (), *, deleted: Iterable[int] = ()) -> Json:
    """What the verdict needs of /control/truth."""
    return {"products": list(products), "deleted": sorted(deleted)}


def shop_status(**counts: int) -> Json:
    """What the verdict needs of /control/status."""
    return {"given_up": 0, "removed_subscriptions": 0, **counts}
