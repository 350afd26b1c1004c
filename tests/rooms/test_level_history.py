from typing import Any

import pytest

from backroom.erp.history import HistoryEntry, read_history
from backroom.erp.levels_reader import level_number
from backroom.erp.tables import inventory_level
from backroom.erp.why import Why, why_sku
from backroom.vocabulary.errors import Ambiguous, Unknown
from backroom.vocabulary.pages import Page, Place
from tests.bodies import product, variant
from tests.house import House, instant
from tests.rooms.catalogue import pages, second_shop
from tests.rooms.stockroom import change, gone, pulled_by, told_by, variant_row, written


def why(house: House, code: str, field: str) -> list[Why]:
    with house.database.reading() as transaction:
        return why_sku(transaction, code, field)


def history(
    house: House, entity: str, number: int, field: str | None, after: Place | None = None, limit: int = 50
) -> Page[HistoryEntry]:
    with house.database.reading() as transaction:
        return read_history(transaction, entity, number, [field] if field else [], after, limit)


def test_why_leaves_out_the_levels_of_a_variant_that_is_gone(house: House) -> None:
    variant_row(house, 1, 11)
    variant_row(house, 2, 12, sku_id=1, is_active=False)
    written(house, levels=[change(11, 7, available=5), change(12, 7, available=9)])

    assert [each.value for each in why(house, "CODE-1", "available")] == [5]


def test_why_names_for_each_location_the_delivery_or_run_that_set_the_number(house: House) -> None:
    variant_row(house, 1, 11)
    written(house, locations=[change(7, name="Berlin")])
    written(house, levels=[change(11, 7, available=5), change(11, 8, available=2, cause=told_by(2))])
    written(house, levels=[change(11, 7, available=4, cause=told_by(3))])
    written(house, levels=[change(11, 7, available=4, on_hand=6, cause=pulled_by(9))])

    first, second = why(house, "CODE-1", "available")
    assert (first.entity, first.shop, first.shopify_id) == ("inventory_level", "one.myshopify.com", "11:7")
    assert (first.location_id, first.location) == ("7", "Berlin")
    assert (first.value, first.before, first.created) == (4, 5, False)
    assert (first.delivery_id, first.topic, first.triggered_at) == (3, "inventory_levels/update", instant(3))
    assert (second.location_id, second.location, second.value, second.created) == ("8", None, 2, True)
    assert second.delivery_id == 2

    on_hand = why(house, "CODE-1", "on_hand")[0]
    assert (on_hand.value, on_hand.before, on_hand.run_id, on_hand.delivery_id) == (6, None, 9, None)


def test_a_level_that_two_variants_share_is_answered_for_once_and_so_is_a_disconnected_one(
    house: House,
) -> None:
    variant_row(house, 1, 11)
    variant_row(house, 2, 11, sku_id=1)
    written(house, levels=[change(11, 7, available=5), change(11, 8, available=2)])
    gone(house, "levels", (11, 8))

    assert [each.shopify_id for each in why(house, "CODE-1", "available")] == ["11:7", "11:8"]


def test_other_fields_name_no_location(house: House) -> None:
    house.play("products/create", product(7))

    assert [(each.location_id, each.location) for each in why(house, "CODE-701", "price")] == [(None, None)]


def test_a_history_has_the_entries_of_one_field_newest_first_and_the_creation(house: House) -> None:
    written(house, levels=[change(11, 7, available=5)])
    for delivery, number in ((2, 4), (3, -1)):
        written(house, levels=[change(11, 7, available=number, cause=told_by(delivery))])
        written(house, levels=[change(11, 7, on_hand=delivery, cause=pulled_by(delivery))])

    number = house.rows(inventory_level)[0]["id"]
    entries = history(house, "inventory_level", number, "available").items
    assert [(each.old, each.new, each.delivery_id, each.created) for each in entries] == [
        (4, -1, 3, False),
        (5, 4, 2, False),
        (None, None, 1, True),
    ]
    assert len(history(house, "inventory_level", number, None).items) == 5


def test_a_history_in_pages_leaves_nothing_out(house: House) -> None:
    for number in range(1, 8):
        written(house, levels=[change(11, 7, available=number)])

    level = house.rows(inventory_level)[0]["id"]
    read = pages(lambda place: history(house, "inventory_level", level, "available", place, 3))
    assert [[each.new for each in page] for page in read] == [[7, 6, 5], [4, 3, 2], [None]]


def test_the_history_of_a_variant_begins_with_its_skus_creation(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(71)]))
    house.play("products/update", product(7, at=1, variants=[variant(71, price="5.00")]))

    entries = history(house, "listing_variant", house.variants()[0]["id"], "price").items
    assert [(each.old, each.new, each.created) for each in entries] == [
        ("19.99", "5.00", False),
        (None, None, True),
    ]


def test_a_level_is_found_by_its_key_and_its_shop(house: House) -> None:
    second = second_shop(house)
    written(house, levels=[change(11, 7, available=5), change(12, 7, available=5)])
    written(house, second, levels=[change(11, 7, available=5)])

    def found(key: tuple[int, int], domain: str | None = None) -> Any:
        with house.database.reading() as transaction:
            return level_number(transaction, key, domain)

    ours = {
        (row["shop_id"], row["shopify_inventory_item_id"]): row["id"] for row in house.rows(inventory_level)
    }
    assert found((12, 7)) == ours[house.shop_id, 12]
    assert found((11, 7), "two.myshopify.com") == ours[second, 11]
    with pytest.raises(Ambiguous, match="several shops have a level 11:7: one"):
        found((11, 7))
    with pytest.raises(Unknown, match="no level 11:9"):
        found((11, 9))
