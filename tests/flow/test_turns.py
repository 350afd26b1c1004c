"""A turn of the loop: shops and stations do not hold up one another."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import update

from backroom.db.database import Database, Transaction
from backroom.flow.sort import Sorter
from backroom.ingress.tables import webhook_delivery
from backroom.resources.registry import BY_TOPIC, RESOURCES
from backroom.vocabulary.errors import StoreUnavailable
from backroom.vocabulary.ids import ShopId
from backroom.worker.loop import Loop
from tests.bodies import product
from tests.house import House, instant, make_shop


class OneShopAway(Database):
    """A database that can not be written to for one shop."""

    def __init__(self, database: Database, away: ShopId) -> None:
        super().__init__(database.engine, database.seam, database.schema)
        self._away = away

    @contextmanager
    def shop_writing(self, shop: ShopId, patience_seconds: float = 0.0) -> Iterator[Transaction]:
        if shop == self._away:
            raise StoreUnavailable("not now")
        with super().shop_writing(shop, patience_seconds) as transaction:
            yield transaction


def test_a_shop_that_fails_does_not_hold_up_the_shops_after_it(house: House) -> None:
    other = make_shop(house.database, "two.myshopify.com")
    for shop_id in (house.shop_id, other):
        house.deliver("products/create", product(7), shop_id=shop_id)
    loop = Loop(OneShopAway(house.database, house.shop_id), RESOURCES, "test")
    while loop.turn()[0]:
        pass

    assert [row["shop_id"] for row in house.listings()] == [other]
    assert [row["state"] for row in house.deliveries()] == ["pending", "sorted"]
    house.settle()
    assert [row["shop_id"] for row in house.listings()] == [house.shop_id, other]


def test_a_steady_stream_does_not_starve_what_is_to_be_tried_again(house: House) -> None:
    house.deliver("products/create", b"nonsense")
    house.settle()
    with house.database.writing() as transaction:
        transaction.execute(update(webhook_delivery).values(next_attempt_at=instant(0)))
    for number in range(1, 9):
        house.deliver("products/create", product(number))
    Sorter(house.database, BY_TOPIC).run(house.shop_id, 4)

    assert house.deliveries()[0]["attempts"] == 2
    assert sum(row["state"] == "sorted" for row in house.deliveries()) == 3
