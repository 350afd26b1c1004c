"""Products, whole: every field, variants that come and go, codes that are missing or shared, hostile text."""

from typing import Any

import pytest
from sqlalchemy import update

from backroom.flow.process import Processor
from backroom.resources.product import shopify_product_cache
from backroom.resources.registry import BY_NAME
from tests.bodies import product, variant, without
from tests.house import House

OPTIONS = [
    {"name": "Colour", "position": 2, "values": ["Red"]},
    {"name": "Size", "position": 1, "values": ["S", "M"]},
    {"name": "Fit", "position": 3, "values": ["Slim"]},
]


OF_LISTING = ("title", "shopify_handle", "status", "vendor", "product_type", "tags", "images")
OF_VARIANT = ("title", "sku_code", "barcode", "price", "compare_at_price", "position")


def test_every_field_that_an_erp_wants_is_kept(house: House) -> None:
    body = product(
        7,
        variants=[
            variant(
                71, title="S / Red / Slim", sku="A-1", barcode="4006381333931", price="19.99",
                compare_at_price="24.5", position=3, option1="S", option2="Red", option3="Slim",
                inventory_item_id=2**62,
            )
        ],
        options=OPTIONS,
        images=[
            {"src": "https://cdn.example/2.jpg", "position": 2},
            {"src": "https://cdn.example/1.jpg", "position": 1},
        ],
        status="unlisted",
        tags="b, a,  c d ",
    )  # fmt: skip
    house.play("products/create", body)

    (listing,) = house.listings()
    (row,) = house.variants()
    assert _picked(listing, *OF_LISTING) == (
        "Product 7", "product-7", "unlisted", "Acme", "Shirt", ["a", "b", "c d"],
        ["https://cdn.example/1.jpg", "https://cdn.example/2.jpg"],
    )  # fmt: skip
    assert listing["options"] == [
        {"name": "Size", "values": ["S", "M"]},
        {"name": "Colour", "values": ["Red"]},
        {"name": "Fit", "values": ["Slim"]},
    ]
    assert _picked(row, *OF_VARIANT) == (
        "S / Red / Slim", "A-1", "4006381333931", 199_900, 245_000, 3,
    )  # fmt: skip
    assert row["options"] == {"Size": "S", "Colour": "Red", "Fit": "Slim"}
    assert row["shopify_inventory_item_id"] == 2**62


def _picked(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def test_an_update_changes_every_field_that_a_create_sets(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(71)]))
    other = product(
        7,
        at=1,
        title="New",
        handle="new",
        status="draft",
        vendor="",
        product_type=None,
        tags="",
        options=OPTIONS[:1],
        images=[],
        variants=[
            variant(
                71, title="Red", sku="B", barcode="1", price="1.0001", compare_at_price="2", position=2,
                option1="Red", inventory_item_id=5,
            )
        ],
    )  # fmt: skip
    house.play("products/update", other)

    (listing,) = house.listings()
    (row,) = house.variants()
    assert _picked(listing, *OF_LISTING) == (
        "New", "new", "draft", None, None, [], [],
    )  # fmt: skip
    assert row["options"] == {"Colour": "Red"}
    assert _picked(row, *OF_VARIANT) == (
        "Red", "B", "1", 10_001, 20_000, 2,
    )  # fmt: skip
    assert row["shopify_inventory_item_id"] == 5
    assert [each["name"] for each in house.products()] == ["New"]
    assert [(each["sku_code"], each["barcode"]) for each in house.skus()] == [("B", "1")]


def test_vanished_variants_become_inactive_and_active_again_when_they_return(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(71), variant(72)]))
    house.play("products/update", product(7, at=1, variants=[variant(71)]))
    assert [row["is_active"] for row in house.variants()] == [True, False]
    assert [row["is_active"] for row in house.skus()] == [True, False]
    house.play("products/update", product(7, at=2, variants=[variant(71), variant(72)]))

    assert [row["is_active"] for row in house.variants()] == [True, True]
    assert [row["is_active"] for row in house.skus()] == [True, True]
    assert len(house.skus()) == 2


@pytest.mark.parametrize("code", ["", None, "  "])
def test_a_variant_without_code_keeps_null(house: House, code: str | None) -> None:
    house.play("products/create", product(7, variants=[variant(71, sku=code, barcode=code)]))

    assert [(row["sku_code"], row["barcode"]) for row in house.variants() + house.skus()] == [
        (None, None)
    ] * 2


def test_a_real_code_replaces_the_missing_one(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(71, sku="")]))
    house.play("products/update", product(7, at=1, variants=[variant(71, sku="REAL")]))

    assert [row["sku_code"] for row in house.skus()] == ["REAL"]


def test_two_variants_with_one_code_are_both_kept(house: House) -> None:
    house.play(
        "products/create", product(7, variants=[variant(71, sku="SAME", price="1"), variant(72, sku="SAME")])
    )
    house.play("products/create", product(8, variants=[variant(81, sku="SAME", price="3")]))

    assert [row["sku_code"] for row in house.skus()] == ["SAME"] * 3
    assert [row["price"] for row in house.variants()] == [10_000, 199_900, 30_000]


def test_products_with_one_title_stay_apart(house: House) -> None:
    for number in (1, 2):
        house.play("products/create", product(number, title="Shirt"))
    house.play("products/update", product(2, at=1, title="Shirt, blue"))

    assert [row["name"] for row in house.products()] == ["Shirt", "Shirt, blue"]


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script>",
        "'; DROP TABLE product; --",
        "\u202emirror",
        "🧦" * 60,
        'back\\slash "quote" {brace}, NULL',
    ],
)
def test_hostile_titles_are_kept_to_the_letter(house: House, title: str) -> None:
    house.play(
        "products/create", product(7, title=title, tags=title, variants=[variant(71, title=title, sku=title)])
    )

    assert house.listings()[0]["title"] == title
    assert house.variants()[0]["sku_code"] == title
    assert house.cache()[0]["title"] == title


def test_a_nul_character_parks_the_product_with_the_reason_and_harms_nobody_else(house: House) -> None:
    house.deliver("products/create", product(7, title="a\x00b", handle="h\x00"))
    house.deliver("products/create", product(8))
    house.settle()

    parked, fine = house.cache()
    assert parked["processing_error"] == "title contains a NUL character"
    assert fine["processing_error"] is None
    assert [row["shopify_product_id"] for row in house.listings()] == [8]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": "free"}, "the price of variant 71: 'free' is not an amount"),
        ({"price": 12.5}, "Expected `str | null`, got `float` - at `$.variants[0].price`"),
        ({"price": "1.00001"}, "finer than 1/10,000"),
        ({"price": "9" * 15}, "too large"),
        ({"inventory_item_id": 2**63}, "inventory_item_id is out of range"),
        ({"position": 2**40}, "position is out of range"),
        ({"id": 0}, "variant 0 is not a Shopify id"),
        ({"title": ["a"]}, "at `$.variants[0].title`"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_value_parks_the_product_and_names_the_place(
    house: House, fields: dict[str, Any], reason: str
) -> None:
    body = product(7, variants=[variant(71, **fields)])
    house.play("products/create", {**body, "variant_gids": []})

    assert house.listings() == []
    (cached,) = house.cache()
    assert reason in cached["processing_error"]


def test_values_whose_option_has_no_name_are_left_out_not_invented(house: House) -> None:
    house.play("products/create", product(7, options=[], variants=[variant(71)]))

    assert house.variants()[0]["options"] == {}


def test_a_product_of_2048_variants_works(house: House) -> None:
    def many(price: str) -> list[dict[str, Any]]:
        return [variant(10_000 + number, price=price, position=number + 1) for number in range(2048)]

    house.play("products/create", product(7, variants=many("1.00")))
    house.play("products/update", product(7, at=1, variants=many("2.00")[:2000]))

    rows = house.variants()
    assert len(rows) == 2048
    assert [row["price"] for row in rows] == [20_000] * 2000 + [10_000] * 48
    assert [row["is_active"] for row in rows] == [True] * 2000 + [False] * 48


def test_a_body_of_100_variants_out_of_2048_wants_a_refetch_and_removes_nothing(house: House) -> None:
    every = [variant(10_000 + number, position=number + 1) for number in range(150)]
    house.play("products/create", product(7, variants=every))
    truncated = {**product(7, at=1, variants=every, title="New"), "variants": every[:100]}
    house.play("products/update", truncated)

    assert [row["is_active"] for row in house.variants()] == [True] * 150
    (cached,) = house.cache()
    assert cached["partial"] is True
    assert cached["wanted_reason"] == "the body is not whole"
    assert house.listings()[0]["title"] == "New"


def test_exactly_100_variants_without_gids_is_not_trusted_to_be_all(house: House) -> None:
    every = [variant(10_000 + number, position=number + 1) for number in range(100)]
    house.play("products/create", without(product(7, variants=every), "variant_gids"))
    house.play("products/create", without(product(8, variants=[variant(1)]), "variant_gids"))

    assert [row["partial"] for row in house.cache()] == [True, False]


@pytest.mark.parametrize(
    "key", ["title", "handle", "status", "vendor", "product_type", "tags", "options", "images", "variants"]
)
def test_a_missing_key_changes_nothing_of_what_is_known(house: House, key: str) -> None:
    house.play("products/create", product(7))
    listing, rows = house.listings(), house.variants()
    house.play("products/update", without(product(7, at=1), key))

    assert house.listings() == listing
    assert house.variants() == rows
    assert house.cache()[0]["partial"] is True


@pytest.mark.parametrize("key", ["sku", "barcode", "price", "option2", "inventory_item_id", "position"])
def test_a_key_missing_from_a_variant_makes_the_body_partial(house: House, key: str) -> None:
    house.play("products/create", product(7))
    rows = house.variants()
    house.play("products/update", product(7, at=1, variants=[without(variant(701), key)]))

    assert house.variants() == rows
    assert house.cache()[0]["partial"] is True


def test_a_new_product_known_only_in_part_is_made_with_what_is_known(house: House) -> None:
    house.play("products/create", without(product(7), "title", "variants"))

    assert [(row["title"], row["shopify_handle"]) for row in house.listings()] == [(None, "product-7")]
    assert [row["name"] for row in house.products()] == [None]
    assert house.cache()[0]["wanted_at"] is not None


def test_the_link_of_a_created_product_is_recorded(house: House) -> None:
    house.play("products/create", product(7))

    (link,) = house.links()
    assert _picked(link, "action", "rule", "actor") == ("linked", "created", "sync")
    assert link["evidence"] == {"shopify_product_id": 7}
    assert house.listings()[0]["linked_by"] == "created"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"handle": "h" * 6000}, "the handle is longer than 255 characters"),
        ({"variants": [variant(71, sku="x" * 6000)]}, "a variant's sku is longer than 255 characters"),
    ],
    ids=["handle", "sku"],
)
def test_a_text_too_long_for_an_index_is_parked_alike_on_both_databases(
    house: House, fields: dict[str, Any], reason: str
) -> None:
    house.play("products/create", {**product(7), "variant_gids": [], **fields})

    assert house.deliveries()[0]["state"] == "sorted"
    assert [row["processing_error"] for row in house.cache()] == [reason]


def test_more_variants_than_a_product_can_have_are_no_product(house: House) -> None:
    few = [{"id": number} for number in range(1, 20_002)]
    house.play("products/create", {**product(7), "variants": few})

    assert "20001 variants" in house.deliveries()[0]["error"]


def test_sixteen_products_of_2048_variants_fit_one_batch(house: House) -> None:
    """More ids than a statement takes parameters."""
    for number in range(1, 17):
        slim = [{"id": number * 10_000 + each, "sku": None} for each in range(2048)]
        house.deliver("products/create", {**product(number), "variants": slim, "variant_gids": []})
    house.settle()
    house.deliver("products/delete", {"id": 1})
    with house.database.writing() as transaction:
        transaction.execute(update(shopify_product_cache).values(processed_at=None, applied_hash=None))
    tally = Processor(house.database, BY_NAME["product"]).run(house.shop_id, 64)

    assert tally.claimed == 16
    assert len(house.variants()) == 16 * 2048
