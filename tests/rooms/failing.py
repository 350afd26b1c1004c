"""Rows that fail, and time that has passed for them, without waiting for it."""

from sqlalchemy import Table, update

from backroom.flow.retries import DELAYS_SECONDS
from backroom.ingress.tables import webhook_delivery
from backroom.resources.product import shopify_product_cache
from tests.bodies import Json, product, variant
from tests.house import House

UNREADABLE = b"no json"


def unprocessable(number: int, *, at: float = 0) -> Json:
    """A product that sorting takes and processing can not."""
    return product(number, at=at, variants=[variant(number * 100 + 1, price="cheap")])


def exhaust(house: House, table: Table) -> None:
    """Lets parked rows fail for the last time: they are dead afterwards."""
    with house.database.writing() as transaction:
        transaction.execute(
            update(table)
            .where(table.c.next_attempt_at.is_not(None))
            .values(attempts=len(DELAYS_SECONDS), next_attempt_at=transaction.now())
        )
    house.settle()


def die(house: House) -> None:
    """Everything that is parked is given up."""
    exhaust(house, webhook_delivery)
    exhaust(house, shopify_product_cache)
