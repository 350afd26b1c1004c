from typing import Any

import pytest
from sqlalchemy import insert, update

from backroom.erp.tables import product as product_table
from backroom.erp.why import Why, why_product, why_sku
from backroom.vocabulary.errors import Misuse, Unknown
from tests.bodies import product, variant
from tests.house import House, instant
from tests.rooms.catalogue import SECOND, second_shop


def of_sku(house: House, code: str, field: str) -> list[Why]:
    with house.database.reading() as transaction:
        return why_sku(transaction, code, field)


def of_product(house: House, text: str, field: str) -> list[Why]:
    with house.database.reading() as transaction:
        return why_product(transaction, text, field)


def test_why_names_the_delivery_that_set_the_value_and_not_the_latest_that_carried_it(house: House) -> None:
    house.play("products/create", product(7), triggered_at=instant(1))
    house.play(
        "products/update", product(7, at=2, variants=[variant(701, price="21.50")]), triggered_at=instant(2)
    )
    house.play(
        "products/update",
        product(7, at=3, title="Another title", variants=[variant(701, price="21.50")]),
        triggered_at=instant(3),
    )

    (answer,) = of_sku(house, "CODE-701", "price")
    assert (answer.value, answer.before, answer.created) == ("21.50", "19.99", False)
    assert (answer.delivery_id, answer.topic, answer.triggered_at) == (2, "products/update", instant(2))
    assert (answer.entity, answer.shopify_id, answer.shop) == ("listing_variant", "701", "one.myshopify.com")
    assert answer.at is not None


def test_a_value_that_never_changed_came_with_its_row(house: House) -> None:
    house.play("products/create", product(7))
    house.play("products/update", product(7, at=1, title="New"))

    (answer,) = of_product(house, "7", "vendor")
    assert (answer.value, answer.created, answer.before, answer.delivery_id) == ("Acme", True, None, 1)


def test_a_code_that_several_skus_have_has_an_answer_for_each(house: House) -> None:
    house.play(
        "products/create", product(7, variants=[variant(71, sku="A"), variant(72, sku="A", price="5")])
    )
    house.play("products/create", product(8, variants=[variant(81, sku="A")]), shop_id=second_shop(house))

    assert [(each.shopify_id, each.shop, each.value) for each in of_sku(house, "A", "price")] == [
        ("71", "one.myshopify.com", "19.99"),
        ("72", "one.myshopify.com", "5.00"),
        ("81", SECOND, "19.99"),
    ]


def test_a_field_that_the_erp_and_shopify_both_have_is_answered_for_both(house: House) -> None:
    house.play("products/create", product(7))
    house.play("products/delete", {"id": 7})

    answers = of_sku(house, "CODE-701", "is_active")
    assert [(each.entity, each.value, each.before, each.delivery_id) for each in answers] == [
        ("sku", False, True, 2),
        ("listing_variant", False, True, 2),
    ]


def test_a_name_that_follows_its_listing_names_the_same_delivery(house: House) -> None:
    house.play("products/create", product(7))
    house.play("products/update", product(7, at=1, title="New"))

    for field in ("name", "title"):
        (answer,) = of_product(house, "7", field)
        assert (answer.value, answer.before, answer.delivery_id) == ("New", "Product 7", 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "CODE-701"),
        ("title", "Size 701"),
        ("options", {"Size": "Size 701"}),
        ("position", 1),
        ("compare_at_price", None),
        ("shopify_inventory_item_id", 1701),
        ("external_id", None),
    ],
)
def test_fields_of_a_sku_by_their_names(house: House, field: str, value: Any) -> None:
    house.play("products/create", product(7))

    assert {str(each.value) for each in of_sku(house, "CODE-701", field)} == {str(value)}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("handle", "product-7"),
        ("type", "Shirt"),
        ("tags", ["cotton", "summer"]),
        ("images", ["https://cdn.example/7.jpg"]),
        ("status", "active"),
    ],
)
def test_fields_of_a_product_by_their_names(house: House, field: str, value: Any) -> None:
    house.play("products/create", product(7))

    assert [each.value for each in of_product(house, "7", field)] == [value]


def test_an_unknown_field_lists_the_known_ones(house: House) -> None:
    house.play("products/create", product(7))

    with pytest.raises(Misuse, match=r"no such field: colour \(there are .*compare_at_price"):
        of_sku(house, "CODE-701", "colour")
    with pytest.raises(Misuse, match=r"\(there are .*vendor"):
        of_product(house, "7", "price")


def test_what_nothing_has_is_unknown(house: House) -> None:
    with pytest.raises(Unknown, match="no SKU has the code X"):
        of_sku(house, "X", "price")
    for text in ("7", "x", "0", "9" * 30, "٧"):
        with pytest.raises(Unknown, match="no product has the id"):
            of_product(house, text, "title")


def test_a_product_is_found_by_shopifys_id_then_ours_then_the_erps_own(house: House) -> None:
    house.play("products/create", product(7))
    ours = house.products()[0]["id"]
    assert ours != 7
    with house.database.writing() as transaction:
        transaction.execute(update(product_table).values(external_id="erp-7"))
        transaction.execute(
            insert(product_table).values(
                id=7, external_id=str(ours), origin="erp", name="Other", is_active=True, created_at=instant(0)
            )
        )

    assert [each.value for each in of_product(house, "7", "name")] == ["Product 7"]
    assert [each.value for each in of_product(house, str(ours), "name")] == ["Product 7"]
    assert [each.value for each in of_product(house, "erp-7", "name")] == ["Product 7"]


def test_a_row_that_the_history_does_not_know_says_so(house: House) -> None:
    with house.database.writing() as transaction:
        transaction.execute(
            insert(product_table).values(
                external_id="erp-1", origin="erp", name="Brought", is_active=True, created_at=instant(0)
            )
        )

    (answer,) = of_product(house, "erp-1", "name")
    assert (answer.value, answer.at, answer.delivery_id, answer.created) == ("Brought", None, None, False)
    assert of_product(house, "erp-1", "vendor") == [], "it has no listing"
