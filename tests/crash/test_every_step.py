"""Law 8 step by step: the store fails at each single step of the work in turn, and nothing shows in the end.

Kills of real processes seldom hit the short steps; here each one is hit. It takes seconds, and has no mark.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, cast

import pytest
from sqlalchemy import event

from backroom.db.database import Database
from backroom.db.seam import Seam
from backroom.vocabulary.errors import StoreUnavailable
from tests.bodies import product, variant
from tests.house import House

STEPS = (
    "begin_writing",
    "try_lock",
    "insert",
    "insert_new",
    "update",
    "allocate_ids",
    "lock_rows",
    "commit_order",
)
SURROGATES = {"id", "product_id", "sku_id", "listing_id", "entity_id", "delivery_id", "commit_order"}


class Faltering:
    """A seam over a database that stops answering at a given step, until it is healed."""

    def __init__(self, database: Database) -> None:
        self._seam = database.seam
        self.steps = 0
        self.last: int | None = None
        for name in ("before_cursor_execute", "commit"):
            event.listen(database.engine, name, self._step)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._seam, name)
        return partial(self._stepping, found) if name in STEPS else found

    def _stepping(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self._step()
        return call(*arguments, **named)

    def _step(self, *_: object) -> None:
        self.steps += 1
        if self.last is not None and self.steps >= self.last:
            raise StoreUnavailable("gone")

    def fail_at(self, step: int | None) -> None:
        self.steps, self.last = 0, step


@pytest.fixture
def faltering(database: Database) -> Faltering:
    return Faltering(database)


@pytest.fixture
def house(database: Database, faltering: Faltering) -> Iterator[House]:
    opened = House(Database(database.engine, cast("Seam", faltering), database.schema))
    yield opened
    opened.close()


def deliver(house: House) -> None:
    """Two rounds: what is new; and what changes, vanishes, returns, goes, or can not be read."""
    for number in (1, 2, 3):
        house.deliver(
            "products/create", product(number, variants=[variant(number * 100 + n) for n in (1, 2)])
        )
    house.settle()
    house.deliver("products/update", product(1, at=1, title="New", variants=[variant(101, price="5.00")]))
    house.deliver("products/update", product(1, at=2, title="Newer", variants=[variant(101), variant(103)]))
    house.deliver("products/update", product(2, at=-1, title="Late"))
    house.deliver("products/delete", {"id": 3})
    house.deliver("products/create", product(4, variants=[variant(401, sku="CODE-101", price="7.00")]))
    house.deliver("products/update", b"not json")


def seen(house: House) -> dict[str, list[Any]]:
    """Everything but surrogate ids and instants of processing."""
    return {
        "deliveries": plain(house.deliveries(), "state", "outcome", "resource_key", "attempts"),
        "cache": plain(
            house.cache(), "shopify_product_id", "raw_data", "revision", "attempts", "deleted_topic"
        ),
        "dirty": [row["shopify_product_id"] for row in house.cache() if row["processed_at"] is None],
        "listings": plain(house.listings()),
        "variants": plain(house.variants()),
        "products": plain(house.products(), "name", "is_active", "origin"),
        "skus": plain(house.skus(), "sku_code", "barcode", "is_active", "origin"),
        "links": plain(house.links(), "action", "rule", "evidence", "actor"),
        "history": plain(house.changes(), "entity", "field", "old", "new", "topic"),
    }


def plain(rows: list[dict[str, Any]], *names: str) -> list[Any]:
    return sorted(
        (repr([(name, row[name]) for name in (names or row) if name not in SURROGATES]) for row in rows),
    )


def test_a_store_that_fails_at_any_step_changes_nothing_in_the_end(
    house: House, faltering: Faltering
) -> None:
    deliver(house)
    faltering.fail_at(None)
    house.settle()
    steps, wanted = faltering.steps, seen(house)
    assert wanted["dirty"] == []
    assert len(wanted["listings"]) == 4

    # Some steps are taken once a second at most (a look at headers): there may be a few less the next time.
    for step in range(1, steps + 1):
        faltering.fail_at(None)
        house.clear()
        deliver(house)
        faltering.fail_at(step)
        # What fails within a batch is tried again by itself; what fails before one ends the turn.
        with suppress(StoreUnavailable):
            house.settle()
        taken = faltering.steps
        faltering.fail_at(None)
        if taken < step:
            break  # all was done before so many steps
        house.settle()
        assert seen(house) == wanted, f"after a failure at step {step} of {steps}"
    assert step >= steps - 5, "each of them failed once"
