"""Simulated product bodies are held against Shopify's documented samples, in both directions."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shopify_simulator.shop import words
from shopify_simulator.shop.bodies import webhook_body
from shopify_simulator.shop.making import new_product, new_variant
from shopify_simulator.shop.product import Product
from shopify_simulator.shop.shop import Shop
from tests.simulator.shapes import Shape, deviations, samples, shape_of
from tests.simulator.shops import StandingClock, Told, empty_shop, illustrated, shirt, stocked_shop

Body = dict[str, Any]

NOT_IN_SAMPLES: Body = {"media": [{"alt": None, "variant_ids": [1]}]}
"""The one sample with media shows an image with an alternative text and no variants. The same two fields
of the same image stand under `images`, where samples show null and ids."""


@pytest.fixture(scope="module")
def product_shape(payloads: Path) -> Shape:
    """2026 says which keys there are, and so does the reduced real delivery of 2025-04: it has the same."""
    topics = ("products/create", "products/update")
    newest = samples(payloads, *topics, name="*_2026-*")
    newest += samples(payloads, *topics, name="gadget*_2025-04_*")
    older = [*samples(payloads, *topics, name="*_202[345]-*"), NOT_IN_SAMPLES]
    return shape_of(newest, older)


def one_option(shop: Shop) -> Product:
    return shirt(shop, "S", "M", "L")


def default_option(shop: Shop) -> Product:
    mug = new_product(shop, title="Mug")
    mug.variants = [new_variant(shop, price_cents=0)]
    return mug


def three_options(shop: Shop) -> Product:
    made = new_product(shop, title="Trousers", options=["Size", "Color", "Material"])
    made.variants = [
        new_variant(shop, values=["M", color, "Wool"], price_cents=8900) for color in ("Sand", "Navy")
    ]
    return made


def with_images(shop: Shop) -> Product:
    made = illustrated(shop, shirt(shop, "S", "M"), 3)
    made.images[1].alt = "From behind"
    return made


def with_category(shop: Shop) -> Product:
    made = shirt(shop)
    made.category = words.CATEGORIES[0]
    made.template_suffix = "wide"
    return made


def of_variants(number: int) -> Callable[[Shop], Product]:
    return lambda shop: shirt(shop, *(f"Size {each}" for each in range(number)))


def without_codes(shop: Shop) -> Product:
    made = shirt(shop, "S", "M")
    made.variants[0].sku, made.variants[1].sku = None, ""
    made.variants[0].barcode, made.variants[1].barcode = "", None
    return made


def unicode(shop: Shop) -> Product:
    return shirt(shop, "Größe 38", "サイズ", title=words.HOSTILE_TITLES[0])


def on_sale_draft(shop: Shop) -> Product:
    made = shirt(shop)
    made.status, made.published_at = "draft", None
    made.variants[0].compare_at_cents = 2499
    return made


KINDS = {
    "one option": one_option,
    "no option": default_option,
    "three options": three_options,
    "images": with_images,
    "category": with_category,
    "100 variants": of_variants(100),
    "101 variants": of_variants(101),
    "2,048 variants": of_variants(2_048),
    "no codes": without_codes,
    "unicode": unicode,
    "draft on sale": on_sale_draft,
}


INSTANTS = {
    "variant_gids[].updated_at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z"),
    "published_at": re.compile(r"None|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-05:00"),
}
ANY_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-05:00")


def loose(value: Any, path: str = "") -> list[str]:
    """Instants and inventory items that are none: some reduced samples show null there, no delivery does."""
    if isinstance(value, dict):
        return [line for name, each in value.items() for line in loose(each, f"{path}.{name}".strip("."))]
    if isinstance(value, list):
        return [line for each in value for line in loose(each, f"{path}[]")]
    if path.endswith("_at") and not INSTANTS.get(path, ANY_INSTANT).fullmatch(str(value)):
        return [path]
    return [path] if path.endswith("inventory_item_id") and type(value) is not int else []


@pytest.mark.parametrize("kind", KINDS)
def test_every_instant_is_one_and_every_variant_has_its_inventory_item(kind: str) -> None:
    shop = empty_shop()
    body = msgspec.json.decode(webhook_body(shop.create(KINDS[kind](shop)), shop.offset))

    assert loose(body) == []


@pytest.mark.parametrize("wrong", [None, "x", "2026-11-22T10:30:15"])
@pytest.mark.parametrize("name", ["created_at", "updated_at", "inventory_item_id"])
def test_a_variant_without_its_instants_or_its_inventory_item_is_found_out(name: str, wrong: Any) -> None:
    shop = empty_shop()
    body = msgspec.json.decode(webhook_body(shop.create(one_option(shop)), shop.offset))
    body["variants"][1][name] = wrong

    assert loose(body) == [f"variants[].{name}"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_has_the_keys_and_types_of_the_samples(product_shape: Shape, kind: str) -> None:
    shop = empty_shop()
    told = Told(shop)
    made = shop.create(KINDS[kind](shop))
    shop.announce([made.id])

    assert told.topics == ["products/create", "products/update"]
    for event in told:
        assert deviations(msgspec.json.decode(event.body), product_shape) == []


@pytest.mark.parametrize("seed", range(3))
def test_every_body_of_a_catalogue_has_the_shape_of_the_samples(product_shape: Shape, seed: int) -> None:
    shop = stocked_shop(80, seed=seed)

    for product in shop.products.values():
        assert deviations(msgspec.json.decode(webhook_body(product, shop.offset)), product_shape) == []


def test_a_deletion_has_the_shape_of_the_samples(payloads: Path) -> None:
    shop = empty_shop()
    told = Told(shop)
    made = shop.create(shirt(shop))
    shop.delete(made.id)

    body = msgspec.json.decode(told[-1].body)
    assert told[-1].topic == "products/delete"
    assert deviations(body, shape_of(samples(payloads, "products/delete"))) == []
    assert body == {"id": made.id}


BREAKS: dict[str, tuple[Callable[[Body], Any], str]] = {
    "a key is missing": (lambda body: body.pop("handle"), "handle: missing"),
    "a variant's key is missing": (lambda body: body["variants"][1].pop("sku"), "variants[].sku: missing"),
    "an older version's key": (lambda body: body.update(variant_ids=[]), "variant_ids: no sample has it"),
    "a variant's weight is back": (
        lambda body: body["variants"][0].update(grams=0),
        "variants[].grams: no sample has it",
    ),
    "an id is text": (lambda body: body.update(id="1"), "id: string, where samples show integer"),
    "a price is a number": (
        lambda body: body["variants"][0].update(price=19.99),
        "variants[].price: number, where samples show string",
    ),
    "tags are a list": (lambda body: body.update(tags=[]), "tags: list, where samples show string"),
    "an image's width is null": (
        lambda body: body["image"].update(width=None),
        "image.width: null, where samples show integer",
    ),
    "a preview lacks its status": (
        lambda body: body["media"][0]["preview_image"].pop("status"),
        "media[].preview_image.status: missing",
    ),
    "an option's position is a fraction": (
        lambda body: body["options"][0].update(position=1.0),
        "options[].position: number, where samples show integer",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_deviating_body_is_found_out(product_shape: Shape, name: str) -> None:
    shop = empty_shop()
    body = msgspec.json.decode(webhook_body(shop.create(with_images(shop)), shop.offset))
    spoil, line = BREAKS[name]
    spoil(body)

    assert deviations(body, product_shape) == [line]


@pytest.mark.parametrize(
    ("variants", "carried", "partial"),
    [(1, 1, False), (100, 100, False), (101, 100, True), (2_048, 100, True)],
)
def test_a_body_carries_a_hundred_variants_and_names_all(variants: int, carried: int, partial: bool) -> None:
    shop = empty_shop()
    told = Told(shop)
    made = shop.create(of_variants(variants)(shop))

    body = msgspec.json.decode(told[0].body)
    named = {each["admin_graphql_api_id"] for each in body["variant_gids"]}
    assert [each["id"] for each in body["variants"]] == [each.id for each in made.variants[:carried]]
    assert named == {f"gid://shopify/ProductVariant/{each.id}" for each in made.variants}
    assert len(body["variant_gids"]) == variants
    assert told[0].partial is partial


def test_the_most_recently_updated_variant_is_named_first() -> None:
    clock = StandingClock()
    shop = empty_shop(clock)
    made = shop.create(of_variants(150)(shop))
    clock.advance(60)
    last = made.variants[-1].id

    def reprice(product: Product) -> None:
        product.variants[-1].price_cents += 1

    changed = shop.change(made.id, reprice)

    body = msgspec.json.decode(webhook_body(changed, shop.offset))
    assert body["variant_gids"][0] == {
        "admin_graphql_api_id": f"gid://shopify/ProductVariant/{last}",
        "updated_at": "2026-11-22T10:31:15.000Z",
    }
    instants = [each["updated_at"] for each in body["variant_gids"]]
    assert instants == sorted(instants, reverse=True)


def test_instants_have_the_shops_offset_and_whole_seconds() -> None:
    shop = empty_shop()
    body = msgspec.json.decode(webhook_body(shop.create(with_images(shop)), shop.offset))

    assert body["updated_at"] == body["variants"][0]["updated_at"] == "2026-11-22T05:30:15-05:00"
    assert datetime.fromisoformat(body["created_at"]).utcoffset() == timedelta(hours=-5)


def test_values_are_written_as_shopify_writes_them() -> None:
    shop = empty_shop()
    made = with_images(shop)
    made.tags = ["winter", "50% off"]
    made.variants[0].price_cents, made.variants[0].compare_at_cents = 5, 100_000
    body = msgspec.json.decode(webhook_body(shop.create(made), shop.offset))

    variant = body["variants"][0]
    assert body["tags"] == "winter, 50% off"
    assert (variant["price"], variant["compare_at_price"]) == ("0.05", "1000.00")
    assert (variant["option1"], variant["option2"], variant["option3"]) == ("S", None, None)
    assert body["image"] == body["images"][0]
    assert variant["image_id"] == body["image"]["id"]
    assert body["image"]["variant_ids"] == body["media"][0]["variant_ids"] == [variant["id"]]
    assert re.fullmatch(r"gid://shopify/MediaImage/\d+", body["media"][0]["admin_graphql_api_id"])


def test_a_product_without_options_has_shopifys_default_one() -> None:
    shop = empty_shop()
    body = msgspec.json.decode(webhook_body(shop.create(default_option(shop)), shop.offset))

    assert [(each["name"], each["values"]) for each in body["options"]] == [("Title", ["Default Title"])]
    assert (body["variants"][0]["title"], body["variants"][0]["option1"]) == ("Default Title",) * 2
