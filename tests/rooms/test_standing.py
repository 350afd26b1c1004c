"""Rows that no cache row stands behind, found by keys of one id and of two."""

from sqlalchemy import insert

from backroom.db.database import Transaction
from backroom.erp.standing import KeyStretch, unbacked_items, unbacked_levels, unbacked_locations
from backroom.resources.stock_caches import (
    shopify_inventory_cache,
    shopify_inventory_item_cache,
    shopify_location_cache,
)
from backroom.vocabulary.ids import ResourceKey
from tests.house import House
from tests.rooms.stockroom import change, gone, written

ALL = KeyStretch(after=None, until=None)
KEYS: tuple[ResourceKey, ...] = ((10, 9), (11, 7), (11, 8), (12, 1))


def cached(transaction: Transaction, house: House, item: int, place: int) -> None:
    now = transaction.now()
    transaction.execute(
        insert(shopify_inventory_cache).values(
            shop_id=house.shop_id, shopify_inventory_item_id=item, shopify_location_id=place,
            revision=1, shape="rest", source="webhook", received_at=now, partial=False, want_attempts=0,
            last_synced_at=now, attempts=0, raw_data=b"{}",
        )
    )  # fmt: skip


def test_levels_are_compared_by_both_ids_of_their_key(house: House) -> None:
    written(house, levels=[change(*key, available=1) for key in KEYS])

    def found(after: ResourceKey | None, until: ResourceKey | None, limit: int = 9) -> list[ResourceKey]:
        stretch = KeyStretch(after=after, until=until)
        with house.database.reading() as transaction:
            rows = unbacked_levels(transaction, shopify_inventory_cache, house.shop_id, stretch, limit)
        return [row.key for row in rows]

    assert found(None, None) == list(KEYS)
    assert found((10, 9), (11, 8)) == [(11, 7), (11, 8)]
    assert found((11, 7), None) == [(11, 8), (12, 1)]
    assert found(None, (11, 7), limit=1) == [(10, 9)]

    with house.database.writing() as transaction:
        cached(transaction, house, 11, 7)
    gone(house, "levels", (12, 1))
    assert found(None, None) == [(10, 9), (11, 8)]


def test_locations_and_items_have_titles_for_people(house: House) -> None:
    written(house, locations=[change(7, name="Berlin")], items=[change(11, sku_code="A")])

    with house.database.reading() as transaction:
        places = unbacked_locations(transaction, shopify_location_cache, house.shop_id, ALL, 9)
        items = unbacked_items(transaction, shopify_inventory_item_cache, house.shop_id, ALL, 9)
    assert [(row.key, row.entity, row.title) for row in [*places, *items]] == [
        ((7,), "location", "Berlin"),
        ((11,), "inventory_item", "A"),
    ]
