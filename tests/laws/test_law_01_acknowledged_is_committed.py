"""Law 1: acknowledged means committed. A failing store is never an acknowledgement."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from backroom.vocabulary.errors import StoreUnavailable
from tests.house import House
from tests.laws.specimen import Specimen, State
from tests.laws.specimens import SPECIMENS, event, those


def test_every_resource_has_a_specimen(specimen: Specimen) -> None:
    assert specimen.resource.name in SPECIMENS


def test_what_was_acknowledged_is_in_the_inbox_with_every_byte(house: House, specimen: Specimen) -> None:
    @given(bodies=st.lists(st.binary(max_size=200), min_size=1, max_size=5))
    def check(bodies: list[bytes]) -> None:
        house.clear()
        for body in bodies:
            assert house.deliver(next(iter(specimen.resource.topics)), body) is True
            assert bytes(house.deliveries()[-1]["body"]) == body

    check()


def test_a_store_that_fails_is_never_acknowledged(house: House, specimen: Specimen) -> None:
    body = event(specimen, specimen.whole(State(1, 0)), "one")
    with house.database.writing() as transaction:
        transaction.execute(text("ALTER TABLE webhook_delivery RENAME TO elsewhere"))

    answer = house.deliver(body.topic, body.body)

    assert isinstance(answer, StoreUnavailable)
    with house.database.writing() as transaction:
        transaction.execute(text("ALTER TABLE elsewhere RENAME TO webhook_delivery"))
    assert house.deliveries() == []
    assert house.deliver(body.topic, body.body) is True


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"not json", "not JSON"),
        (b"[1, 2]", "Expected `object`"),
        (b'"text"', "Expected `object`"),
        (b'{"id": "seven"}', "Expected `int`"),
        (b'{"id": 7.5}', "Expected `int`"),
        (b'{"id": -7}', "not a Shopify id"),
        (b'{"id": ' + b"9" * 60 + b"}", "not a Shopify id"),
        (b'{"id": ' + b"9" * 6000 + b"}", "out of range"),
        (b"{}", "no id|missing required field"),
        (b'{"id": 1} x', "not JSON"),
        (b'{"id": 1}{"id": 2}', "not JSON"),
        (b"\xff\xfe{}", "not"),
        (b'{"id": 7, "x": ' + b"[" * 500_000, "nested too deeply"),
        (b'{"id": 7, "updated_at": "yesterday"}', "not an instant"),
        (b'{"id": 7, "updated_at": "2026-01-01T00:00:00"}', "not an instant"),
        (b'{"id": 7, "updated_at": 12}', "Expected `str"),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_an_unreadable_body_is_stored_and_parked_with_a_reason(
    house: House, specimen: Specimen, body: bytes, reason: str
) -> None:
    good = event(specimen, specimen.whole(State(3, 0)), "good")
    sent = body.replace(b'"id"', specimen.id_key)
    house.deliver(good.topic, sent)
    good.deliver(house)
    house.settle()

    bad, fine = house.deliveries()
    assert bad["state"] == "parked"
    assert re.search(reason, bad["error"])
    assert bytes(bad["body"]) == sent
    assert fine["outcome"] == "cached"
    assert set(specimen.active_rows(house)) == {3}


@those(lambda specimen: specimen.text_key)
def test_half_of_a_surrogate_pair_is_parked_with_a_reason(house: House, specimen: Specimen) -> None:
    assert specimen.text_key is not None
    topic = next(iter(specimen.resource.topics))
    house.play(topic, b'{"id": 7, ' + specimen.text_key + b': "\\ud800"}')

    (delivery,) = house.deliveries()
    assert "half of a surrogate pair" in delivery["error"]


def test_a_topic_that_nobody_handles_is_stored_and_ignored(house: House) -> None:
    house.play("themes/publish", msgspec.json.encode({"id": 1}))

    (delivery,) = house.deliveries()
    assert (delivery["state"], delivery["outcome"]) == ("sorted", "ignored")
