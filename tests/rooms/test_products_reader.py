import pytest
from sqlalchemy import insert

from backroom.erp.products_reader import Product, ProductFilter, read_products
from backroom.erp.tables import product as product_table
from backroom.resources.product import shopify_product_cache
from backroom.vocabulary.errors import Misuse
from backroom.vocabulary.pages import Page, Place
from tests.bodies import product, variant, without
from tests.house import House, instant
from tests.rooms.catalogue import SECOND, counted_statements, link_to_first, pages, second_shop


def read(house: House, limit: int = 50, **filters: object) -> list[Product]:
    """The first page."""
    wanted = ProductFilter(**filters)  # type: ignore[arg-type]
    with house.database.reading() as transaction:
        return read_products(transaction, shopify_product_cache, wanted, None, limit).items


def names(found: list[Product]) -> list[str | None]:
    return [each.name for each in found]


def test_a_product_has_all_fields_of_its_listing(house: House) -> None:
    house.play("products/create", product(7, at=5.25, variants=[variant(71, compare_at_price="25")]))

    (found,) = read(house)
    assert (found.name, found.is_active, found.external_id) == ("Product 7", True, None)
    assert (found.status, found.vendor, found.product_type) == ("active", "Acme", "Shirt")
    assert (found.shopify_product_id, found.shopify_handle) == ("7", "product-7")
    assert (found.shop, found.image_url) == ("one.myshopify.com", "https://cdn.example/7.jpg")
    assert found.updated_at == instant(5.25), "Shopify's, of the body that was applied"
    (listing,) = found.listings
    assert (listing.shop, listing.shopify_product_id, listing.title) == (found.shop, "7", "Product 7")
    assert (listing.is_active, listing.refetch_wanted, listing.linked_by) == (True, False, "created")
    (sku,) = found.skus
    assert (sku.product_id, sku.sku_code, sku.price, sku.compare_at_price) == (
        found.id,
        "CODE-71",
        "19.99",
        "25.00",
    )


def test_a_product_without_a_listing_has_nothing_of_shopify(house: House) -> None:
    with house.database.writing() as transaction:
        transaction.execute(
            insert(product_table).values(
                external_id="erp-1", origin="erp", name="From before", is_active=False, created_at=instant(0)
            )
        )

    (found,) = read(house)
    assert (found.external_id, found.name, found.is_active) == ("erp-1", "From before", False)
    assert (found.shop, found.status, found.updated_at, found.image_url) == (None, None, None, None)
    assert (found.skus, found.listings) == ([], [])


def test_scalars_are_those_of_the_first_active_listing_by_shop_and_id(house: House) -> None:
    house.play("products/create", product(7, vendor="First"))
    house.play("products/create", product(7, vendor="Second"), shop_id=second_shop(house))
    link_to_first(house, 7)

    found = read(house)[0]
    assert (found.shop, found.vendor) == ("one.myshopify.com", "First")
    assert [each.shop for each in found.listings] == ["one.myshopify.com", SECOND]

    house.play("products/delete", {"id": 7})
    found = read(house)[0]
    assert (found.shop, found.vendor) == (SECOND, "Second")
    assert found.is_active


def test_scalars_are_those_of_the_first_listing_where_none_is_active(house: House) -> None:
    shop_id = second_shop(house)
    house.play("products/create", product(7, vendor="First"))
    house.play("products/create", product(7, vendor="Second"), shop_id=shop_id)
    link_to_first(house, 7)
    house.play("products/delete", {"id": 7})
    house.play("products/delete", {"id": 7}, shop_id=shop_id)

    found = read(house)[0]
    assert (found.vendor, found.is_active) == ("First", False)
    assert [sku.is_active for sku in found.skus] == [False]


def test_a_listing_says_that_a_refetch_is_wanted(house: House) -> None:
    house.play("products/create", without(product(7), "tags"))

    assert read(house)[0].listings[0].refetch_wanted


def test_inactive_products_are_listed_unless_told_otherwise(house: House) -> None:
    house.play("products/create", product(7))
    house.play("products/create", product(8))
    house.play("products/delete", {"id": 8})

    assert names(read(house)) == ["Product 7", "Product 8"]
    assert names(read(house, is_active=True)) == ["Product 7"]
    assert names(read(house, is_active=False)) == ["Product 8"]
    assert names(read(house, shop="one.myshopify.com", is_active=False)) == ["Product 8"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("iRoN", ["Iron pan"]),
        ("CODE-7", ["Iron pan"]),
        ("e-7", ["Iron pan"]),
        ("acme & co", ["Iron pan", "100% wool_sock"]),
        ("%", ["100% wool_sock"]),
        ("_", ["100% wool_sock"]),
        ("l_s", ["100% wool_sock"]),
        ("handle/8", ["100% wool_sock"]),
        ("ärmel", ["Ärmel"]),
        ("ÄRMEL", ["Ärmel"]),
        ("\\", []),
        ("' OR 1=1 --", []),
        ("nothing like it", []),
    ],
)
def test_q_finds_a_part_of_a_name_a_handle_a_vendor_or_a_code(house: House, q: str, found: list[str]) -> None:
    house.play("products/create", product(7, title="Iron pan", vendor="Acme & Co", variants=[variant(71)]))
    house.play(
        "products/create",
        product(
            8, title="100% wool_sock", vendor="Acme & Co", handle="handle/8", variants=[variant(81, sku=None)]
        ),
    )
    house.play("products/create", product(9, title="Ärmel", handle="sleeve", variants=[variant(91, sku="X")]))

    assert names(read(house, q=q)) == found


def test_the_shop_and_the_shopify_id_are_of_one_and_the_same_listing(house: House) -> None:
    shop_id = second_shop(house)
    house.play("products/create", product(7))
    house.play("products/create", product(8), shop_id=shop_id)

    assert names(read(house, shop="one.myshopify.com")) == ["Product 7"]
    assert names(read(house, shopify_product_id=8)) == ["Product 8"]
    assert names(read(house, shop=SECOND, shopify_product_id=8)) == ["Product 8"]
    assert read(house, shop=SECOND, shopify_product_id=7) == []
    assert read(house, shop="unknown.myshopify.com") == []


def test_every_page_keeps_the_filters_and_nothing_is_skipped_or_repeated(house: House) -> None:
    for number in range(1, 12):
        house.deliver("products/create", product(number, vendor="Odd" if number % 2 else "Even"))
    house.settle()
    wanted = ProductFilter(q="odd")

    def page(place: Place | None) -> Page[Product]:
        with house.database.reading() as transaction:
            return read_products(transaction, shopify_product_cache, wanted, place, 2)

    read_pages = [names(items) for items in pages(page)]
    assert [len(items) for items in read_pages] == [2, 2, 2]
    assert [name for items in read_pages for name in items] == [
        f"Product {number}" for number in range(1, 12, 2)
    ]


def test_a_page_takes_the_same_number_of_statements_however_many_rows_it_has(house: House) -> None:
    counts = []
    for number in range(1, 5):
        house.play("products/create", product(number, variants=[variant(number * 100 + n) for n in range(9)]))
        with counted_statements(house.database) as sent:
            assert len(read(house)) == number
        counts.append(len([text for text in sent if text.startswith("SELECT")]))
    assert set(counts) == {5}


@pytest.mark.parametrize("limit", [0, 501])
def test_a_limit_out_of_range_is_refused(house: House, limit: int) -> None:
    with pytest.raises(Misuse):
        read(house, limit)


def test_a_body_that_could_not_be_applied_does_not_make_the_old_values_look_new(house: House) -> None:
    house.play("products/create", product(7, at=0))
    house.play("products/update", product(7, at=50, title="New", variants=[variant(701, price="a lot")]))

    (found,) = read(house)
    assert (found.name, found.updated_at) == ("Product 7", instant(0))
