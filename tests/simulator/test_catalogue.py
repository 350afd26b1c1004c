"""The catalogue: believable, full of what makes receivers stumble, and the same for the same seed."""

from collections import Counter, defaultdict

import pytest

from shopify_simulator.shop import words
from shopify_simulator.shop.catalogue import stock_shelves
from shopify_simulator.shop.product import Product, Variant
from shopify_simulator.shop.shop import Shop
from shopify_simulator.shop.truth import moment_of
from tests.simulator.shops import Told, empty_shop, stocked_shop

SEEDS = range(5)


def variants_of(shop: Shop) -> list[tuple[Product, Variant]]:
    return [(product, variant) for product in shop.products.values() for variant in product.variants]


def test_the_same_seed_stocks_the_same_shop() -> None:
    assert stocked_shop(60, seed=7).products == stocked_shop(60, seed=7).products
    assert moment_of(stocked_shop(60, seed=7)).sheet() != moment_of(stocked_shop(60, seed=8)).sheet()


@pytest.mark.parametrize(
    ("products", "wide"), [(1, {101}), (20, {101}), (50, {101, 2_048}), (300, {101, 2_048})]
)
def test_a_few_products_are_wider_than_a_body(products: int, wide: set[int]) -> None:
    shop = stocked_shop(products)

    counts = Counter(len(product.variants) for product in shop.products.values())
    assert len(shop.products) == products
    assert {count for count in counts if count > 100} == wide
    assert all(counts[count] == 1 for count in wide)


def test_an_empty_catalogue_is_an_empty_shop() -> None:
    assert stocked_shop(0).products == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_products_have_one_two_and_three_options_or_none(seed: int) -> None:
    products = stocked_shop(60, seed=seed).products.values()

    assert {len(product.options) for product in products if product.has_options} == {1, 2, 3}
    assert ["Color", "Size"] in [[option.name for option in product.options] for product in products]
    default = next(product for product in products if not product.has_options)
    assert [variant.title for variant in default.variants] == ["Default Title"]


@pytest.mark.parametrize("seed", SEEDS)
def test_all_statuses_titles_and_numbers_of_images_occur(seed: int) -> None:
    products = stocked_shop(200, seed=seed).products.values()

    assert {product.status for product in products} == {"active", "draft", "archived", "unlisted"}
    assert all((product.published_at is None) == (product.status == "draft") for product in products)
    titles = {product.title for product in products}
    assert titles.issuperset((*words.HOSTILE_TITLES, *words.FOREIGN_TITLES))
    assert {len(product.images) for product in products} == {0, 1, 2, 4}
    assert {image.alt is None for product in products for image in product.images} == {True, False}


def test_the_longest_title_is_as_long_as_shopify_allows() -> None:
    assert max(map(len, words.HOSTILE_TITLES)) == 255


@pytest.mark.parametrize("seed", SEEDS)
def test_codes_are_missing_empty_and_used_twice_at_different_prices(seed: int) -> None:
    variants = variants_of(stocked_shop(60, seed=seed))

    assert {None, ""} < {variant.sku for _, variant in variants}
    assert {None, ""} < {variant.barcode for _, variant in variants}
    sold_at = defaultdict(set)
    for product, variant in variants:
        if variant.sku:
            sold_at[variant.sku].add((product.id, variant.price_cents))
    shared = [places for places in sold_at.values() if len({product for product, _ in places}) > 1]
    assert any(len({cents for _, cents in places}) > 1 for places in shared)


@pytest.mark.parametrize("seed", SEEDS)
def test_some_prices_are_zero_and_some_are_reduced(seed: int) -> None:
    variants = [variant for _, variant in variants_of(stocked_shop(60, seed=seed))]

    assert 0 in {variant.price_cents for variant in variants}
    assert any(variant.compare_at_cents for variant in variants)
    assert any(variant.inventory_quantity < 0 for variant in variants)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_id_is_given_twice_and_some_are_over_two_to_the_53(seed: int) -> None:
    shop = stocked_shop(100, seed=seed)

    ids = list(shop.products)
    for product in shop.products.values():
        ids += [option.id for option in product.options]
        ids += [number for image in product.images for number in (image.id, image.media_id)]
        ids += [number for each in product.variants for number in (each.id, each.inventory_item_id)]
    assert len(set(ids)) == len(ids)
    assert {len(str(number)) for number in ids} == {13, 14, 18}
    assert max(shop.products) > 2**53
    assert max(variant.id for _, variant in variants_of(shop)) > 2**53


def test_handles_are_unique_and_instants_are_in_the_past_in_whole_seconds() -> None:
    shop = stocked_shop(200)

    products = shop.products.values()
    assert len({product.handle for product in products}) == len(products)
    for product in products:
        instants = [variant.updated_at for variant in product.variants]
        assert max(instants) <= product.updated_at <= shop.now()
        assert product.created_at <= min(instants)
        assert all(instant.microsecond == 0 and instant.tzinfo for instant in instants)


def test_stocking_tells_nobody() -> None:
    shop = empty_shop()
    told = Told(shop)
    stock_shelves(shop, products=5, seed=1)

    assert list(told) == []
    assert shop.changes() == 0
