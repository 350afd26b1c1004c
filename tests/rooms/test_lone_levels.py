import pytest

from backroom.erp.lone_levels import MANY_LOCATIONS, count_lone_levels
from backroom.flow.status import read_status
from backroom.resources.registry import RESOURCES
from tests.house import House
from tests.rooms.catalogue import counted_statements, second_shop
from tests.rooms.stockroom import change, gone, variant_row, written


@pytest.mark.parametrize("places", [1, MANY_LOCATIONS], ids=["read", "walked"])
def test_levels_are_counted_whose_item_no_variant_of_the_shop_has(house: House, places: int) -> None:
    second = second_shop(house)
    for shop in (house.shop_id, second):
        written(house, shop, locations=[change(number) for number in range(1, places + 1)])
    variant_row(house, 1, 11)
    variant_row(house, 2, 12, is_active=False)
    said = [change(item, place, available=1) for item in (10, 11, 12, 13) for place in (1, 2, 3)]
    written(house, levels=said)
    written(house, second, levels=[change(11, 1, available=1)])
    gone(house, "levels", (13, 2))

    with counted_statements(house.database) as sent, house.database.reading() as transaction:
        counts = count_lone_levels(transaction)
    assert counts == {house.shop_id: 3 + 2, second: 1}
    assert any("RECURSIVE" in text for text in sent) == (places == MANY_LOCATIONS)


def test_a_level_is_lone_until_its_variant_comes(house: House) -> None:
    written(house, levels=[change(11, 7, available=1)])
    with house.database.reading() as transaction:
        assert count_lone_levels(transaction) == {house.shop_id: 1}

    variant_row(house, 1, 11)
    with house.database.reading() as transaction:
        assert count_lone_levels(transaction) == {}


def test_the_status_has_them_by_shop_and_in_all(house: House) -> None:
    second = second_shop(house)
    with house.database.reading() as transaction:
        found = read_status(transaction, RESOURCES, lone_levels={second: 3})
    assert found.levels_without_variant == 3
    assert [shop.levels_without_variant for shop in found.shops] == [0, 3]
