from sqlalchemy import insert, update

from backroom.erp.skus_reader import Sku, SkuFilter, read_skus
from backroom.erp.tables import sku as sku_table
from backroom.shops.tables import shop
from backroom.vocabulary.pages import Page, Place
from tests.bodies import product, variant
from tests.house import House, instant
from tests.rooms.catalogue import SECOND, counted_statements, link_to_first, pages, second_shop


def read(house: House, **filters: object) -> list[Sku]:
    """The first page."""
    with house.database.reading() as transaction:
        return read_skus(transaction, SkuFilter(**filters), None, 50).items  # type: ignore[arg-type]


def codes(found: list[Sku]) -> list[str | None]:
    return [each.sku_code for each in found]


def test_a_sku_has_all_fields_of_its_variant(house: House) -> None:
    held = variant(71, price="5", compare_at_price="7.5", barcode="4006381333931", title="Blue")
    house.play("products/create", product(7, variants=[held]))

    (found,) = read(house)
    assert (found.sku_code, found.barcode, found.title, found.is_active) == (
        "CODE-71",
        "4006381333931",
        "Blue",
        True,
    )
    assert (found.price, found.compare_at_price, found.currency) == ("5.00", "7.50", None)
    assert found.options == {"Size": "Size 71"}
    assert (found.shopify_variant_id, found.shopify_inventory_item_id) == ("71", "1071")
    (listing,) = found.listings
    assert (listing.shop, listing.shopify_product_id, listing.shopify_variant_id) == (
        "one.myshopify.com",
        "7",
        "71",
    )
    assert (listing.sku_code, listing.title, listing.price) == ("CODE-71", "Blue", "5.00")


def test_stock_that_nobody_knows_is_null_and_not_zero(house: House) -> None:
    house.play("products/create", product(7))

    assert (read(house)[0].available, read(house)[0].levels) == (None, [])


def test_the_currency_is_the_shops_once_it_is_known(house: House) -> None:
    house.play("products/create", product(7))
    with house.database.writing() as transaction:
        transaction.execute(update(shop).values(currency="EUR"))

    assert read(house)[0].currency == "EUR"


def test_ids_beyond_a_double_are_exact_texts(house: House) -> None:
    great = 2**63 - 1
    house.play("products/create", product(great, variants=[variant(great, inventory_item_id=great)]))

    (found,) = read(house, shopify_variant_id=great)
    assert found.shopify_variant_id == found.shopify_inventory_item_id == "9223372036854775807"
    assert found.listings[0].shopify_product_id == "9223372036854775807"


def test_a_sku_without_a_variant_has_nothing_of_shopify(house: House) -> None:
    house.play("products/create", product(7))
    with house.database.writing() as transaction:
        transaction.execute(
            insert(sku_table).values(
                product_id=house.products()[0]["id"],
                external_id="erp-1",
                origin="erp",
                sku_code="OLD",
                is_active=False,
                created_at=instant(0),
            )
        )

    (found,) = read(house, code="OLD")
    assert (found.external_id, found.title, found.options, found.price) == ("erp-1", None, {}, None)
    assert (found.shopify_variant_id, found.listings) == (None, [])


def test_scalars_are_those_of_the_first_active_variant(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(71, price="1")]))
    house.play("products/create", product(7, variants=[variant(71, price="2")]), shop_id=second_shop(house))
    link_to_first(house, 7)
    assert [each.price for each in read(house, shopify_variant_id=71)] == ["1.00"]

    house.play("products/delete", {"id": 7})
    (found,) = read(house, shopify_variant_id=71)
    assert found.price == "2.00"
    assert [(each.shop, each.is_active) for each in found.listings] == [
        ("one.myshopify.com", False),
        (SECOND, True),
    ]


def test_a_code_is_found_exactly_and_may_belong_to_several(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(71, sku="A"), variant(72, sku="a")]))
    house.play("products/create", product(8, variants=[variant(81, sku="A", price="3")]))

    assert [each.shopify_variant_id for each in read(house, code="A")] == ["71", "81"]
    assert read(house, code="") == []


def test_inactive_skus_are_listed_unless_told_otherwise(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(71), variant(72)]))
    house.play("products/update", product(7, at=1, variants=[variant(72)]))

    assert codes(read(house)) == ["CODE-71", "CODE-72"]
    assert codes(read(house, is_active=True)) == ["CODE-72"]
    assert codes(read(house, code="CODE-71", is_active=False)) == ["CODE-71"]


def test_what_concerns_a_variant_is_of_one_and_the_same_variant(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(71)]))
    house.play("products/create", product(8, variants=[variant(81)]), shop_id=second_shop(house))

    assert codes(read(house, inventory_item_id=1081)) == ["CODE-81"]
    assert codes(read(house, shop=SECOND)) == ["CODE-81"]
    assert codes(read(house, shop=SECOND, shopify_variant_id=81, inventory_item_id=1081)) == ["CODE-81"]
    assert read(house, shop="one.myshopify.com", shopify_variant_id=81) == []
    assert read(house, shopify_variant_id=71, inventory_item_id=1081) == []


def test_pages_keep_the_filters_and_take_the_same_number_of_statements(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(700 + n, sku="A") for n in range(5)]))
    house.play("products/create", product(8))

    def page(place: Place | None) -> Page[Sku]:
        with house.database.reading() as transaction:
            return read_skus(transaction, SkuFilter(code="A"), place, 2)

    with counted_statements(house.database) as sent:
        read_pages = list(pages(page))
    assert [len(items) for items in read_pages] == [2, 2, 1]
    assert len([text for text in sent if text.startswith("SELECT")]) == 3 * 3
