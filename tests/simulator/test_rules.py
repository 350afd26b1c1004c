"""Shopify's rules: what it puts straight by itself, and what it refuses with the field's name."""

from collections.abc import Callable
from typing import Any

import pytest

from shopify_simulator.shop.product import Option, Product
from shopify_simulator.shop.rules import Refused
from tests.simulator.shops import empty_shop, illustrated, shirt

HALF = "half a pair: \ud83d"
BREAKS: dict[str, tuple[Callable[[Product], Any], str]] = {
    "no title": (lambda product: setattr(product, "title", " "), "title: can't be blank"),
    "a title too long": (lambda product: setattr(product, "title", "x" * 256), "title: is longer"),
    "a NUL": (lambda product: setattr(product, "vendor", "a\x00b"), "vendor: contains a NUL"),
    "an unknown status": (
        lambda product: setattr(product, "status", "ACTIVE"),
        "status: 'ACTIVE' is none of",
    ),
    "a tag with a comma": (lambda product: product.tags.append("a,b"), "tags: 'a,b' holds a comma"),
    "a tag with blanks": (lambda product: product.tags.append(" a"), "tags: ' a' holds a comma, or blanks"),
    "too many tags": (lambda product: product.tags.extend(map(str, range(251))), "tags: there are more"),
    "no option": (lambda product: product.options.clear(), "options: a product has 1 to 3"),
    "an option twice": (
        lambda product: product.options.append(Option(id=1, name="Size", values=[])),
        "options: two of them have one name",
    ),
    "no variant": (lambda product: product.variants.clear(), "variants: a product has 1 to 2048"),
    "a variant twice": (
        lambda product: product.variants.append(product.variants[0].copy()),
        "variants: two of them have one id",
    ),
    "equal values": (
        lambda product: setattr(product.variants[1], "values", ["S"]),
        "variants: two of them have the same option values",
    ),
    "a value too many": (lambda product: product.variants[0].values.append("L"), "needs one value for each"),
    "an empty value": (lambda product: setattr(product.variants[0], "values", [""]), "needs one value"),
    "a negative price": (lambda product: setattr(product.variants[0], "price_cents", -1), "price: must be"),
    "a negative old price": (
        lambda product: setattr(product.variants[0], "compare_at_cents", -1),
        "compare_at_price: must be",
    ),
    "a code too long": (lambda product: setattr(product.variants[0], "sku", "x" * 256), "sku: is longer"),
    "half a surrogate pair": (lambda product: setattr(product, "title", HALF), "title: contains half"),
    "half a pair in a code": (
        lambda product: setattr(product.variants[0], "sku", HALF),
        "sku: contains half",
    ),
    "half a pair in a description": (
        lambda product: setattr(product, "body_html", HALF),
        "body_html: contains half",
    ),
    "half a pair in an image's address": (
        lambda product: setattr(product.images[0], "src", HALF),
        "images: contains half",
    ),
    "half a pair beside an image": (
        lambda product: setattr(product.images[0], "alt", HALF),
        "images: contains half",
    ),
    "more pieces than 32 bits count": (
        lambda product: setattr(product.variants[0], "inventory_quantity", 2**31),
        "inventory_quantity: is more than",
    ),
    "an unknown policy": (
        lambda product: setattr(product.variants[0], "inventory_policy", "ask"),
        "inventory_policy: is none of",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_shopify_would_not_store_is_refused_by_its_name(name: str) -> None:
    shop = empty_shop()
    made = shop.create(illustrated(shop, shirt(shop, "S", "M"), 1))
    spoil, message = BREAKS[name]

    with pytest.raises(Refused, match=message):
        shop.change(made.id, spoil)


def test_an_images_address_is_the_one_text_in_which_a_nul_may_stand() -> None:
    shop = empty_shop()
    made = shop.create(illustrated(shop, shirt(shop), 1))

    after = shop.change(made.id, lambda product: setattr(product.images[0], "src", "a\x00b"))

    assert after.images[0].src == "a\x00b"


def test_positions_and_titles_follow_the_order_and_the_values() -> None:
    shop = empty_shop()
    made = shop.create(shirt(shop, "S", "M", "L"))

    def turn(product: Product) -> None:
        product.variants.reverse()
        product.variants[0].values = ["XL"]

    after = shop.change(made.id, turn)

    assert [(each.position, each.title) for each in after.variants] == [(1, "XL"), (2, "M"), (3, "S")]
    assert after.options[0].values == ["S", "M", "XL"]


def test_an_image_that_goes_takes_its_place_at_the_variants_with_it() -> None:
    shop = empty_shop()
    made = shop.create(illustrated(shop, shirt(shop), 2))
    assert made.variants[0].image_id == made.images[0].id

    after = shop.change(made.id, lambda product: product.images.pop(0))

    assert (after.variants[0].image_id, after.images[0].position) == (None, 1)


def test_a_tag_is_kept_once() -> None:
    shop = empty_shop()
    made = shirt(shop)
    made.tags = ["a", "b", "a"]

    assert shop.create(made).tags == ["a", "b"]
