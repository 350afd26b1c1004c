"""The truth sheet: an independent reading of each body says the same, field by field."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopify_simulator.life.life import Life
from shopify_simulator.shop.bodies import is_truncated, webhook_body
from shopify_simulator.shop.making import new_product, new_variant
from shopify_simulator.shop.shop import Shop
from shopify_simulator.shop.truth import moment_of, truth_of_product
from tests.simulator.shops import DOMAIN, Told, empty_shop, locked_for_others, shirt, stocked_shop
from tests.simulator.street import a_product, small_shop

Json = dict[str, Any]

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40)
TITLES = TEXTS.filter(lambda text: bool(text.strip()))
TAGS = TEXTS.map(lambda text: text.replace(",", "").strip()).filter(bool)
CODES = st.one_of(st.none(), st.just(""), TEXTS)


def read(raw: bytes) -> Json:
    """A body as a receiver reads it, in the words of the truth sheet."""
    body = msgspec.json.decode(raw)
    names = [option["name"] for option in body["options"]]
    return {
        "id": body["id"],
        "title": body["title"] or None,
        "handle": body["handle"] or None,
        "status": body["status"],
        "vendor": body["vendor"] or None,
        "product_type": body["product_type"] or None,
        "tags": sorted(tag for tag in body["tags"].split(", ") if tag),
        "options": [{"name": option["name"], "values": option["values"]} for option in body["options"]],
        "images": [image["src"] for image in body["images"]],
        "updated_at": f"{datetime.fromisoformat(body['updated_at']).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "variants": [_read_variant(variant, names) for variant in body["variants"]],
    }


def _read_variant(variant: Json, names: list[str]) -> Json:
    return {
        "id": variant["id"],
        "title": variant["title"] or None,
        "sku": variant["sku"] or None,
        "barcode": variant["barcode"] or None,
        "price": variant["price"],
        "compare_at_price": variant["compare_at_price"],
        "position": variant["position"],
        "options": {name: variant[f"option{number}"] for number, name in enumerate(names, 1)},
        "inventory_item_id": variant["inventory_item_id"],
        "inventory_quantity": variant["inventory_quantity"],
    }


def assert_bodies_tell_the_truth(shop: Shop) -> None:
    for product in shop.products.values():
        said, true = read(webhook_body(product, shop.offset)), truth_of_product(product)
        if is_truncated(product):
            true["variants"] = true["variants"][:100]
        assert said == true


@pytest.mark.parametrize("seed", range(3))
def test_bodies_and_truth_agree_over_a_life(seed: int) -> None:
    shop = stocked_shop(60, seed=seed)
    assert_bodies_tell_the_truth(shop)
    life = Life(shop, seed=seed)
    for _ in range(300):
        life.change_once()

    assert_bodies_tell_the_truth(shop)


@settings(max_examples=150, deadline=None)
@given(
    title=TITLES,
    names=st.lists(TITLES, min_size=1, max_size=3, unique=True),
    sizes=st.lists(TEXTS, min_size=1, max_size=6, unique=True),
    tags=st.lists(TAGS, max_size=5),
    code=CODES,
    barcode=CODES,
    cents=st.integers(0, 10**10),
    compare_at=st.one_of(st.none(), st.integers(0, 10**10)),
)
def test_any_product_reads_back_as_its_truth(
    title: str,
    names: list[str],
    sizes: list[str],
    tags: list[str],
    code: str | None,
    barcode: str | None,
    cents: int,
    compare_at: int | None,
) -> None:
    shop = empty_shop()
    made = new_product(shop, title=title, options=names)
    made.tags = tags
    for size in sizes:
        variant = new_variant(
            shop, values=[size] * len(names), price_cents=cents, sku=code, barcode=barcode, quantity=-1
        )
        variant.compare_at_cents = compare_at
        made.variants.append(variant)
    shop.stock(made)

    assert_bodies_tell_the_truth(shop)


def test_the_newest_bodies_that_were_fired_are_the_truth() -> None:
    shop = stocked_shop(10)
    told = Told(shop)
    life = Life(shop, seed=3)
    shop.announce()
    for _ in range(200):
        life.change_once()

    newest = {event.resource_id: event for event in told}
    truth = moment_of(shop).sheet()
    assert sorted(newest) == sorted([*(each["id"] for each in truth["products"]), *truth["deleted"]])
    for each in truth["products"]:
        if not newest[each["id"]].partial:
            assert read(newest[each["id"]].body) == each
    for product_id in truth["deleted"]:
        assert newest[product_id].topic == "products/delete"


class Watched(list[str]):
    """Tags that know whether the shop was locked for others when somebody read them."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(["a"])
        self._shop = shop
        self.locked: list[bool] = []

    def __iter__(self) -> Iterator[str]:
        self.locked.append(locked_for_others(self._shop))
        return super().__iter__()


def test_the_truth_is_of_one_moment_and_written_without_the_lock() -> None:
    simulation = small_shop()
    shop = simulation.shop
    moment = moment_of(shop)
    before = moment.sheet()
    tags = shop.products[a_product(simulation)].tags = Watched(shop)
    simulation.truth()
    assert tags.locked == [False]
    shop.delete(a_product(simulation, 1))
    assert moment.sheet()["deleted"] == before["deleted"] == []
    assert len(moment.sheet()["products"]) == 5


def test_the_sheet_is_plain_json_in_the_order_of_ids() -> None:
    shop = stocked_shop(30)
    product = shop.create(shirt(shop))
    shop.delete(product.id)
    truth = moment_of(shop).sheet()

    assert msgspec.json.decode(msgspec.json.encode(truth)) == truth
    assert truth["shop"] == {"domain": DOMAIN, "currency": "USD"}
    ids = [each["id"] for each in truth["products"]]
    assert ids == sorted(shop.products)
    assert truth["deleted"] == [product.id]


def test_empty_texts_are_null_and_money_is_decimal_text() -> None:
    shop = empty_shop()
    made = shirt(shop)
    made.vendor = made.variants[0].sku = made.variants[0].barcode = ""
    made.variants[0].price_cents, made.variants[0].compare_at_cents = 0, 5
    sheet = truth_of_product(shop.create(made))

    variant = sheet["variants"][0]
    assert (sheet["vendor"], sheet["product_type"], sheet["tags"]) == (None, None, [])
    assert (variant["sku"], variant["barcode"]) == (None, None)
    assert (variant["price"], variant["compare_at_price"]) == ("0.00", "0.05")
    assert variant["options"] == {"Size": "M"}
    assert sheet["updated_at"] == "2026-11-22T10:30:15Z"
