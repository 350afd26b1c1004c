"""Law 7 for what several resources say together: a SKU's stock ends right, whatever comes first."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from backroom.cache.tables import key_columns
from backroom.erp.skus_reader import Sku, SkuFilter, read_skus
from backroom.resources.registry import RESOURCES
from tests.bodies import product, variant
from tests.house import House
from tests.laws.stockroom import ITEMS, KINDS, LOCATIONS, SHARED_ITEM, Sent, Step, Stock, Stockroom
from tests.stock_bodies import item, level, location

steps = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(KINDS),
        item_id=st.sampled_from(ITEMS),
        location_id=st.sampled_from(LOCATIONS),
        number=st.integers(-3, 40),
    ),
    max_size=12,
)


def read(house: House) -> dict[int, Sku]:
    """The SKUs by their variant."""
    with house.database.reading() as transaction:
        page = read_skus(transaction, SkuFilter(), None, 50)
    return {int(sku.shopify_variant_id): sku for sku in page.items if sku.shopify_variant_id}


def stock(house: House) -> dict[int, Stock]:
    """What each variant's SKU has."""
    return {
        variant_id: Stock(
            sku.available, tuple((int(each.location_id), each.available) for each in sku.levels)
        )
        for variant_id, sku in read(house).items()
    }


def deliver(house: House, sent: Sequence[Sent], order: Sequence[int], cuts: set[int]) -> None:
    """Deliveries by their number, each as often as it is named."""
    for place, number in enumerate(order):
        each = sent[number]
        house.deliver(each.topic, each.body, webhook_id=f"w{number}", triggered_at=each.triggered_at)
        if place in cuts:
            house.settle()
    house.settle()


def answer_wants(house: House, room: Stockroom) -> None:
    """Asks for all that wants a refetch, once."""
    for resource in RESOURCES:
        keys = key_columns(resource.cache)
        for row in house.cache(resource.name):
            if row["wanted_at"] is None:
                continue
            key = tuple(row[name] for name in keys)
            body = room.pulled(resource.name, key)
            if body is None:
                house.fetched(resource, absent=[key])
            else:
                house.fetched(resource, body)
    house.settle()


def test_levels_items_locations_and_products_in_any_order_end_right(house: House) -> None:
    @given(steps=steps, data=st.data())
    def check(steps: list[Step], data: st.DataObject) -> None:
        house.clear()
        room = Stockroom()
        for step in steps:
            room.take(step)
        numbers = list(range(len(room.sent)))
        doubled = numbers + data.draw(st.lists(st.sampled_from(numbers), max_size=4), label="doubled")
        order = data.draw(st.permutations(doubled), label="order")
        cuts = data.draw(st.sets(st.integers(0, len(order))), label="cuts")

        deliver(house, room.sent, order, cuts)
        answer_wants(house, room)

        assert stock(house) == room.stock()

    check()


def test_a_level_that_comes_before_its_item_and_its_product_is_kept_and_shown_with_its_sku(
    house: House,
) -> None:
    house.play("inventory_levels/update", level(SHARED_ITEM, 7, available=-2))
    assert stock(house) == {}

    house.play("products/create", product(1, variants=[variant(11, inventory_item_id=SHARED_ITEM)]))

    assert stock(house) == {11: Stock(-2, ((7, -2),))}


def test_variants_that_share_an_item_have_the_same_stock(house: House) -> None:
    house.play("products/create", product(1, variants=[variant(11, inventory_item_id=SHARED_ITEM)]))
    house.play("inventory_levels/connect", level(SHARED_ITEM, 7, available=4))
    house.play("inventory_levels/connect", level(SHARED_ITEM, 8, available=3))
    house.play("products/create", product(2, variants=[variant(21, inventory_item_id=SHARED_ITEM)]))

    both = Stock(7, ((7, 4), (8, 3)))
    assert stock(house) == {11: both, 21: both}


def test_two_variants_of_one_product_that_share_an_item_have_it_both(house: House) -> None:
    held = [variant(each, inventory_item_id=SHARED_ITEM) for each in (11, 12)]
    house.play("inventory_levels/connect", level(SHARED_ITEM, 7, available=4))
    house.play("products/create", product(1, variants=held))

    assert stock(house) == {11: Stock(4, ((7, 4),)), 12: Stock(4, ((7, 4),))}


def test_stock_at_a_deactivated_location_is_listed_and_does_not_count(house: House) -> None:
    house.play("locations/deactivate", location(8, active=False, name="Old shop"))
    house.play("inventory_levels/connect", level(SHARED_ITEM, 7, available=4))
    house.play("inventory_levels/connect", level(SHARED_ITEM, 8, available=3))
    house.play("products/create", product(1, variants=[variant(11, inventory_item_id=SHARED_ITEM)]))
    assert stock(house) == {11: Stock(4, ((7, 4), (8, 3)))}
    assert [each.location for each in read(house)[11].levels] == [None, "Old shop"]

    house.play("locations/activate", location(8, at=1, name="Old shop"))

    assert stock(house) == {11: Stock(7, ((7, 4), (8, 3)))}


def test_a_location_that_is_gone_before_anything_was_heard_of_it_has_nothing(house: House) -> None:
    house.play("locations/delete", {"id": 8})
    house.play("inventory_levels/connect", level(SHARED_ITEM, 7, available=4))
    house.play("inventory_levels/connect", level(SHARED_ITEM, 8, available=3))
    house.play("products/create", product(1, variants=[variant(11, inventory_item_id=SHARED_ITEM)]))
    assert stock(house) == {11: Stock(4, ((7, 4),))}


def test_what_is_not_tracked_has_no_number(house: House) -> None:
    house.play("products/create", product(1, variants=[variant(11, inventory_item_id=SHARED_ITEM)]))
    house.play("inventory_levels/connect", level(SHARED_ITEM, 7, available=4))

    house.play("inventory_items/update", item(SHARED_ITEM, tracked=False))

    assert stock(house) == {11: Stock(None, ((7, None),))}


def test_the_levels_of_an_item_that_is_tracked_again_are_asked_for(house: House) -> None:
    house.play("inventory_items/create", item(SHARED_ITEM, tracked=False))
    house.play("inventory_levels/connect", level(SHARED_ITEM, 7, available=None))
    house.play("inventory_levels/connect", level(SHARED_ITEM + 1, 7, available=None))
    house.play("inventory_items/update", item(SHARED_ITEM, at=1, tracked=True))

    rows = house.cache("inventory")
    assert [row["wanted_at"] is not None for row in rows] == [True, False]
