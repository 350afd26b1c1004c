"""What an export of everything did not mention is looked for a stretch of the cache at a time."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from backroom.cache.wants import unmentioned_since
from backroom.resources.inventory import inventory
from backroom.vocabulary.ids import ResourceKey
from tests.house import House

cache = inventory.cache
KEYS = [(item, place) for item in range(1, 6) for place in range(1, 5)]
GONE = [(1, 1), (2, 4), (3, 1), (3, 2), (3, 3), (5, 4)]


@pytest.fixture
def held(house: House) -> House:
    """Levels that were pulled now, but for those that are gone, which were an hour before."""
    now = house.ask()
    row = {
        "shop_id": house.shop_id,
        "revision": 1,
        "shape": "graphql",
        "source": "pull",
        "received_at": now,
        "partial": False,
        "want_attempts": 0,
        "last_synced_at": now,
        "attempts": 0,
    }
    with house.database.writing() as transaction:
        for item, place in KEYS:
            pulled_at = now - timedelta(hours=(item, place) in GONE)
            ids = {"shopify_inventory_item_id": item, "shopify_location_id": place}
            transaction.execute(insert(cache).values(**row, **ids, pulled_at=pulled_at))
    return house


def walk(house: House, *, rows: int, most: int) -> list[list[ResourceKey]]:
    """What each stretch had."""
    since, after = house.ask() - timedelta(minutes=1), None
    stretches: list[list[ResourceKey]] = []
    while True:
        with house.database.reading() as transaction:
            found = unmentioned_since(transaction, cache, house.shop_id, since, after, rows=rows, most=most)
        stretches.append(found.keys)
        if found.until is None:
            return stretches
        after = found.until


@pytest.mark.parametrize("rows", [1, 3, 4, 20, 5_000])
@pytest.mark.parametrize("most", [1, 2, 500])
def test_every_one_is_found_once_however_long_the_stretches_are(held: House, rows: int, most: int) -> None:
    stretches = walk(held, rows=rows, most=most)
    assert [key for stretch in stretches for key in stretch] == GONE
    assert max(map(len, stretches)) <= min(rows, most)


def test_a_stretch_ends_where_nothing_is_found(held: House) -> None:
    assert walk(held, rows=5, most=500) == [[(1, 1)], [(2, 4), (3, 1), (3, 2)], [(3, 3)], [(5, 4)], []]


def test_what_is_marked_as_gone_is_no_more_looked_for(held: House) -> None:
    with held.database.writing() as transaction:
        third = cache.c.shopify_inventory_item_id == 3
        transaction.execute(update(cache).where(third).values(deleted_at=transaction.now()))
    assert [key for stretch in walk(held, rows=3, most=500) for key in stretch] == [(1, 1), (2, 4), (5, 4)]
