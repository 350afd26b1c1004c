"""What a SKU has available, case by case; the totals of its items say the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import insert

from backroom.erp.skus_reader import Sku, SkuFilter, read_skus
from backroom.erp.stock import StockChange
from backroom.erp.tables import inventory_level
from backroom.erp.totals import UNKNOWN, Total, read_totals
from tests.house import House, instant
from tests.rooms.catalogue import counted_statements, second_shop
from tests.rooms.stockroom import change, gone, variant_row, written

HERE, THERE, FAR = 7, 8, 9
OPEN, CLOSED = {"active": True}, {"active": False}


@dataclass(frozen=True)
class Case:
    """`levels`: {(item, location): available}. `told`: (location, available) of each level of the SKU."""

    levels: Mapping[tuple[int, int], int | None]
    available: int | None
    told: Sequence[tuple[str, int | None]]
    locations: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    tracked: Mapping[int, bool] = field(default_factory=dict)
    items: Sequence[int] = (11,)
    """Of the SKU's variants, one each."""


CASES = {
    "one location": Case({(11, HERE): 5}, 5, [("7", 5)], {HERE: OPEN}),
    "several locations": Case(
        {(11, HERE): 5, (11, THERE): 3, (11, FAR): 0}, 8, [("7", 5), ("8", 3), ("9", 0)], {HERE: OPEN}
    ),
    "a deactivated location": Case(
        {(11, HERE): 5, (11, THERE): 3}, 5, [("7", 5), ("8", 3)], {HERE: OPEN, THERE: CLOSED}
    ),
    "deactivated locations alone": Case({(11, THERE): 3}, 0, [("8", 3)], {THERE: CLOSED}),
    "a location that is not known yet": Case({(11, HERE): 5}, 5, [("7", 5)]),
    "a location of which only a name is known": Case({(11, HERE): 5}, 5, [("7", 5)], {HERE: {"name": "H"}}),
    "negative": Case({(11, HERE): -4, (11, THERE): 1}, -3, [("7", -4), ("8", 1)]),
    "untracked": Case({(11, HERE): 5}, None, [("7", None)], tracked={11: False}),
    "known to be tracked": Case({(11, HERE): 5}, 5, [("7", 5)], tracked={11: True}),
    "a level that is null": Case({(11, HERE): 5, (11, THERE): None}, None, [("7", 5), ("8", None)]),
    "a null at a deactivated location": Case(
        {(11, HERE): 5, (11, THERE): None}, 5, [("7", 5), ("8", None)], {THERE: CLOSED}
    ),
    "no levels": Case({}, None, []),
    "another item's level": Case({(12, HERE): 5}, None, []),
    "one item of two variants": Case({(11, HERE): 5}, 5, [("7", 5)], items=(11, 11)),
    "two items": Case({(11, HERE): 5, (12, HERE): 2}, 7, [("7", 5), ("7", 2)], items=(11, 12)),
    "two items, one of them untracked and without a level": Case(
        {(11, HERE): 5}, None, [("7", 5)], tracked={12: False}, items=(11, 12)
    ),
    "two items, one of them without a level": Case({(11, HERE): 5}, 5, [("7", 5)], items=(11, 12)),
}


def read(house: House) -> list[Sku]:
    with house.database.reading() as transaction:
        return read_skus(transaction, SkuFilter(), None, 50).items


def levels_of(found: Sku) -> list[tuple[str, int | None]]:
    return [(each.location_id, each.available) for each in found.levels]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_available_of_a_sku(house: House, case: Case) -> None:
    for number, item in enumerate(case.items, 1):
        variant_row(house, number, item, sku_id=1)
    written(
        house,
        locations=[change(number, **fields) for number, fields in case.locations.items()],
        items=[change(number, tracked=tracked) for number, tracked in case.tracked.items()],
        levels=[change(*key, available=available) for key, available in case.levels.items()],
    )

    (found,) = read(house)
    assert found.available == case.available
    assert levels_of(found) == case.told
    with house.database.reading() as transaction:
        totals = read_totals(transaction, house.shop_id, set(case.items))
    if len(totals) == 1:
        assert totals[11].available == case.available


def test_a_deleted_location_is_not_summed_and_its_level_is_told(house: House) -> None:
    variant_row(house, 1, 11)
    written(house, locations=[change(HERE, name="Here")], levels=[change(11, HERE, available=5)])
    gone(house, "locations", (HERE,))

    (found,) = read(house)
    assert (found.available, levels_of(found)) == (0, [("7", 5)])


def test_a_disconnected_level_is_neither_summed_nor_told(house: House) -> None:
    variant_row(house, 1, 11)
    written(house, levels=[change(11, HERE, available=5), change(11, THERE, available=3)])
    gone(house, "levels", (11, HERE))
    assert (read(house)[0].available, levels_of(read(house)[0])) == (3, [("8", 3)])

    gone(house, "levels", (11, THERE))
    assert (read(house)[0].available, read(house)[0].levels) == (0, [])


def test_stock_of_two_shops_is_never_summed_and_told_shop_by_shop(house: House) -> None:
    second = second_shop(house)
    variant_row(house, 1, 11)
    variant_row(house, 2, 11, shop_id=second, sku_id=1)
    written(house, levels=[change(11, HERE, available=5, updated_at=instant(1))])
    written(
        house,
        second,
        levels=[change(11, HERE, available=9)],
        locations=[change(HERE, name="Second's")],
    )

    (found,) = read(house)
    assert found.available == 5
    assert [(each.shop, each.location, each.available, each.updated_at) for each in found.levels] == [
        ("one.myshopify.com", None, 5, instant(1)),
        ("two.myshopify.com", "Second's", 9, None),
    ]


def test_an_inactive_variant_has_no_stock_and_the_next_one_leads(house: House) -> None:
    second = second_shop(house)
    variant_row(house, 1, 11, is_active=False)
    variant_row(house, 2, 12, shop_id=second, sku_id=1)
    written(house, levels=[change(11, HERE, available=5)])
    written(house, second, levels=[change(12, HERE, available=9)])

    (found,) = read(house)
    assert (found.available, levels_of(found)) == (9, [("7", 9)])


def test_a_page_of_skus_reads_its_stock_in_the_same_number_of_statements(house: House) -> None:
    counts = []
    for number in range(1, 4):
        variant_row(house, number, 10 + number)
        written(house, levels=[change(10 + number, place, available=1) for place in (HERE, THERE, FAR)])
        with counted_statements(house.database) as sent:
            assert [each.available for each in read(house)] == [3] * number
        counts.append(len([text for text in sent if "SELECT" in text]))
    assert set(counts) == {3}


def test_totals_of_many_items_are_read_in_two_statements(house: House) -> None:
    said: list[StockChange] = []
    for item in range(1, 41):
        said += [
            change(item, HERE, available=item, updated_at=instant(item)),
            change(item, THERE, available=1),
        ]
    written(
        house,
        levels=[*said, change(41, FAR, available=3, updated_at=instant(99))],
        locations=[change(FAR, active=False)],
        items=[change(2, tracked=False)],
    )
    with house.database.writing() as transaction:
        transaction.execute(
            insert(inventory_level).values(
                shop_id=second_shop_id(house), shopify_inventory_item_id=1, shopify_location_id=HERE,
                available=500, is_active=True,
            )
        )  # fmt: skip

    with counted_statements(house.database) as sent, house.database.reading() as transaction:
        totals = read_totals(transaction, house.shop_id, range(1, 43))
    assert len([text for text in sent if "SELECT" in text]) == 2
    assert totals[1] == Total(available=2, updated_at=instant(1))
    assert totals[2] == Total(available=None, updated_at=instant(2))
    assert totals[40] == Total(available=41, updated_at=instant(40))
    assert totals[41] == Total(available=0, updated_at=None), "all that it has is at a closed location"
    assert totals[42] == UNKNOWN


def second_shop_id(house: House) -> int:
    """Of a shop that nobody made: levels have no key to their shop."""
    return house.shop_id + 1
