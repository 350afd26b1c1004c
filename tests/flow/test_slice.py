"""One body, all the way through the house."""

from backroom.resources.product import product as resource
from tests.bodies import product, variant
from tests.house import House


def test_a_product_body_becomes_a_listing_with_its_product_and_skus(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(71), variant(72, sku="", price="5")]))

    (listing,) = house.listings()
    (made,) = house.products()
    assert listing["title"] == "Product 7"
    assert listing["tags"] == ["cotton", "summer"]
    assert listing["options"] == [{"name": "Size", "values": ["Size 71", "Size 72"]}]
    assert listing["product_id"] == made["id"]
    assert made["name"] == "Product 7"
    assert [row["price"] for row in house.variants()] == [199900, 50000]
    assert [row["sku_code"] for row in house.skus()] == ["CODE-71", None]
    assert [row["state"] for row in house.deliveries()] == ["sorted"]
    assert [row["entity"] for row in house.changes()] == ["product", "sku", "sku"]
    (cached,) = house.cache(resource.name)
    assert cached["processed_at"] is not None


def test_a_changed_price_is_one_entry_of_the_history(house: House) -> None:
    house.play("products/create", product(7))
    before = len(house.changes())
    house.play("products/update", product(7, at=1, variants=[variant(701, price="21.50")]))

    (change,) = house.changes()[before:]
    assert (change["entity"], change["field"], change["old"], change["new"]) == (
        "listing_variant", "price", "19.99", "21.50",
    )  # fmt: skip
    assert change["delivery_id"] == house.deliveries()[1]["id"]


def test_a_deleted_product_is_inactive_with_its_variants_and_skus(house: House) -> None:
    house.play("products/create", product(7))
    house.play("products/delete", {"id": 7})

    for rows in (house.listings(), house.variants(), house.products(), house.skus()):
        assert [row["is_active"] for row in rows] == [False]
