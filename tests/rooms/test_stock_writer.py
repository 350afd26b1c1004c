from collections.abc import Callable
from typing import Any

import pytest

from backroom.erp.stock import StockChange
from backroom.erp.tables import inventory_item, inventory_level, location
from backroom.erp.writer import ErpWriter
from tests.house import House, instant
from tests.rooms.catalogue import counted_statements, second_shop
from tests.rooms.stockroom import change, flush, gone, pulled_by, told_by, written


def entries(house: House, entity: str) -> list[tuple[Any, ...]]:
    return [
        (row["field"], row["old"], row["new"], row["delivery_id"], row["run_id"])
        for row in house.changes()
        if row["entity"] == entity
    ]


def test_a_level_is_created_and_changes_with_an_entry_for_each_number(house: House) -> None:
    written(house, levels=[change(11, 7, available=5, updated_at=instant(1))])
    written(
        house,
        levels=[change(11, 7, available=-2, on_hand=3, updated_at=instant(2), cause=pulled_by(4))],
    )

    (row,) = house.rows(inventory_level)
    assert (row["available"], row["on_hand"], row["incoming"], row["is_active"]) == (-2, 3, None, True)
    assert row["updated_at"] == instant(2)
    assert entries(house, "inventory_level") == [
        (None, None, None, 1, None),
        ("available", 5, -2, None, 4),
        ("on_hand", None, 3, None, 4),
    ]


def test_instants_of_a_level_are_written_and_have_no_entries(house: House) -> None:
    written(house, levels=[change(11, 7, available=5, updated_at=instant(1))])
    written(
        house,
        levels=[change(11, 7, available=5, updated_at=instant(2), quantities_at=instant(3))],
    )

    (row,) = house.rows(inventory_level)
    assert (row["updated_at"], row["quantities_at"]) == (instant(2), instant(3))
    assert len(entries(house, "inventory_level")) == 1


def test_what_a_change_does_not_name_stays(house: House) -> None:
    written(house, levels=[change(11, 7, available=5, on_hand=6, committed=1, incoming=2)])
    written(house, levels=[change(11, 7, available=4)])

    (row,) = house.rows(inventory_level)
    assert [row[name] for name in ("available", "on_hand", "committed", "incoming")] == [4, 6, 1, 2]


def test_a_disconnected_level_keeps_its_numbers_and_comes_back(house: House) -> None:
    written(house, levels=[change(11, 7, available=5), change(11, 8, available=6)])
    gone(house, "levels", (11, 7), (99, 99))
    assert [(row["available"], row["is_active"]) for row in house.rows(inventory_level)] == [
        (5, False),
        (6, True),
        (None, False),  # written down, though nobody had heard of it
    ]

    written(house, levels=[change(11, 7, available=5, cause=told_by(3))])
    assert [row["is_active"] for row in house.rows(inventory_level)] == [True, True, False]
    assert [entry for entry in entries(house, "inventory_level") if entry[0] is not None] == [
        ("is_active", True, False, 99, None),
        ("is_active", False, True, 3, None),
    ]


def test_rows_of_another_shop_are_left_alone(house: House) -> None:
    second = second_shop(house)
    written(house, levels=[change(11, 7, available=5)], locations=[change(7, name="Here")])
    written(house, second, levels=[change(11, 7, available=9)], locations=[change(7, name="There")])

    assert [(row["shop_id"], row["available"]) for row in house.rows(inventory_level)] == [
        (house.shop_id, 5),
        (second, 9),
    ]
    assert [row["name"] for row in house.rows(location)] == ["Here", "There"]


def test_a_cost_stands_in_the_history_as_a_decimal_text(house: House) -> None:
    written(house, items=[change(11, cost=None)])
    written(house, items=[change(11, cost=125_000)])

    assert entries(house, "inventory_item")[1:] == [("cost", None, "12.50", 1, None)]


@pytest.mark.parametrize(
    ("happens", "returned"),
    [
        (lambda house: written(house, items=[change(11, tracked=False)]), set()),
        (lambda house: written(house, items=[change(11, tracked=True, sku_code="NEW")]), set()),
        (lambda house: written(house, items=[change(12, tracked=False)]), set()),
        (lambda house: gone(house, "items", (11,)), set()),
        (lambda house: gone(house, "items", (12,)), set()),
        (lambda house: (gone(house, "items", (11,)), written(house, items=[change(11)]))[1], {11}),
        (lambda house: written(house, locations=[change(11, active=False)]), set()),
    ],
    ids=["untracked", "another field", "a new item", "gone", "never known", "back", "a location"],
)
def test_an_item_that_is_back_is_told_of(
    house: House, happens: Callable[[House], set[int]], returned: set[int]
) -> None:
    written(house, items=[change(11, tracked=True)])

    assert happens(house) == returned


def test_a_batch_takes_the_same_number_of_statements_however_many_changes_it_has(house: House) -> None:
    def sent_by(batch: list[StockChange]) -> list[str]:
        with (
            counted_statements(house.database) as sent,
            house.database.shop_writing(house.shop_id, patience_seconds=5) as transaction,
        ):
            writer = ErpWriter(transaction, house.shop_id, transaction.now())
            writer.stock.put_levels(batch)
            flush(transaction, writer)
        return sent

    written(house, levels=[change(item, 7, available=5) for item in range(1, 301)])
    one = sent_by([change(1, 7, available=6)])
    many = sent_by([change(item, 7, available=7) for item in range(1, 301)])
    assert len(many) == len(one)
    assert not [text for text in many if "listing" in text or "product" in text or "location " in text]
    assert {row["available"] for row in house.rows(inventory_level)} == {7}


def test_a_plan_tells_what_would_be_written_and_writes_nothing(house: House) -> None:
    written(house, items=[change(11, tracked=True)])
    with house.database.reading() as transaction:
        writer = ErpWriter(transaction, house.shop_id, transaction.now(), locking=False)
        writer.stock.put_items([change(11, tracked=False), change(12, tracked=True)])
        planned = [(each.entity_id, each.field, each.new) for each in writer.plan()]

    held = house.rows(inventory_item)
    assert planned == [(held[0]["id"], "tracked", False), (None, None, None)]
    assert [row["tracked"] for row in held] == [True]
