"""A pull of what is held already: nothing is decoded, and the row is what the rules make of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from backroom.flow.put import Put, Putter
from backroom.resources.product import product
from backroom.shopify.assembled import Assembled
from backroom.vocabulary.ids import RunId
from tests.house import House, instant

GID = "gid://shopify/Product/1"
ASKED = instant(100)
EARLIER, LATER = ASKED - timedelta(seconds=5), ASKED + timedelta(seconds=5)


def body(title: str, at: str = "2026-11-01T00:00:00Z") -> bytes:
    node: dict[str, Any] = {
        "id": GID,
        "title": title,
        "handle": "a",
        "status": "ACTIVE",
        "vendor": None,
        "productType": None,
        "tags": [],
        "updatedAt": at,
        "options": [],
        "variants": [],
        "media": [],
    }
    return msgspec.json.encode(node)


HELD = body("Held")


def pull(house: House, *raw: bytes, gid: str = GID, resource: Any = product) -> Put:
    with house.database.shop_writing(house.shop_id) as transaction:
        putter = Putter(transaction, resource, house.shop_id, run_id=RunId(9), asked_at=ASKED)
        return putter.bodies([Assembled(gid=gid, raw=each, whole=True) for each in raw])


def set_row(house: House, values: Mapping[str, Any]) -> None:
    with house.database.writing() as transaction:
        transaction.execute(update(product.cache).values(values))


def only_row(house: House) -> dict[str, Any]:
    """When it is asked for again is counted from now: whether it is at all has to do."""
    (row,) = house.cache()
    return {**row, "want_next_at": row["want_next_at"] is not None}


STATES: list[dict[str, Any]] = [
    {"source": "pull"},
    {"source": "webhook", "received_at": EARLIER, "pulled_at": None},
    {"source": "webhook", "received_at": LATER},
    {"source": "pull", "received_at": EARLIER, "last_synced_at": EARLIER, "pulled_at": EARLIER},
    {"source": "pull", "received_at": LATER, "last_synced_at": LATER, "pulled_at": LATER},
    {"source": "pull", "received_at": EARLIER, "last_synced_at": LATER},
    {"processed_at": None, "attempts": 2, "next_attempt_at": LATER, "processing_error": "no"},
    {"processed_at": None, "attempts": 9, "dead_at": EARLIER},
    {"partial": True},
    {"wanted_at": EARLIER, "wanted_reason": "why not"},
    {"wanted_at": LATER, "wanted_reason": "why not", "want_attempts": 3},
    {"deleted_at": EARLIER, "deleted_received_at": EARLIER},
    {"deleted_at": LATER, "deleted_received_at": LATER},
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: ", ".join(state))
def test_the_same_body_again_leaves_the_row_that_the_rules_make(house: House, state: dict[str, Any]) -> None:
    pull(house, HELD)
    set_row(house, state)
    (before,) = house.cache()
    by_the_rules = pull(house, HELD, gid="")
    expected = only_row(house)
    set_row(house, before)
    put = pull(house, HELD)
    assert only_row(house) == expected
    assert put == by_the_rules


def test_nothing_is_decoded_of_a_body_that_is_held(house: House) -> None:
    def never(_raw: bytes) -> Any:
        raise AssertionError("it was looked into")

    pull(house, HELD)
    put = pull(house, HELD, resource=replace(product, identify_fetched=never))
    assert (put.seen, put.unchanged) == (1, 1)


def test_a_product_that_comes_twice_in_a_batch_goes_by_the_order(house: House) -> None:
    other = body("Another one of the same instant")
    pull(house, HELD)
    set_row(house, {"received_at": EARLIER})
    put = pull(house, other, HELD)
    assert (put.written, put.unchanged) == (1, 1)
    row = only_row(house)
    assert bytes(row["raw_data"]) == other
    assert row["wanted_reason"] == "two different bodies carry the same instant"
