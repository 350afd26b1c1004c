"""What is kept of each topic: since when it speaks, when it spoke last, how long it was silent at most."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from backroom.flow.sort import Sorter
from backroom.ingress.deliveries import replay
from backroom.ingress.tables import webhook_delivery
from backroom.jobs.notices import NOTICES
from backroom.jobs.warnings import Told, read_concerns
from backroom.registration.heard import Hearing
from backroom.registration.tables import topic_heard
from backroom.resources.registry import RESOURCES, topics_of
from tests.house import House

TOPIC = "shop/update"
TOLD = Told(api_version="2026-10", public_url=None, resources=RESOURCES)


class Listener:
    """Hears deliveries of one topic; when each was received is what a test says."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.sorter = Sorter(house.database, topics_of(RESOURCES), NOTICES, Hearing(look_seconds=0))
        self.began = house.ask() - timedelta(days=40)

    def receive(self, *hours: float, topic: str = TOPIC) -> list[int]:
        """One delivery each, received so many hours after the beginning, and sorted together."""
        before = {row["id"] for row in self.house.deliveries()}
        for _ in hours:
            self.house.deliver(topic, {"id": 7})
        fresh = sorted({row["id"] for row in self.house.deliveries()} - before)
        c = webhook_delivery.c
        with self.house.database.writing() as transaction:
            for delivery_id, at in zip(fresh, hours, strict=True):
                received_at = self.began + timedelta(hours=at)
                transaction.execute(
                    update(webhook_delivery).where(c.id == delivery_id).values(received_at=received_at)
                )
        self.sort()
        return fresh

    def replay(self, *ids: int) -> None:
        with self.house.database.writing() as transaction:
            replay(transaction, ids)
        self.sort()

    def sort(self) -> None:
        self.sorter.run(self.house.shop_id, 100)

    def heard(self) -> Mapping[str, Any]:
        with self.house.database.reading() as transaction:
            return dict(transaction.execute(select(topic_heard)).mappings().one())

    def hours(self, column: str) -> float:
        at = self.heard()[column]
        return float((at - self.began) / timedelta(hours=1))


@pytest.fixture
def listener(house: House) -> Listener:
    return Listener(house)


def test_the_longest_pause_of_a_topic_is_kept_between_batches_and_within_one(listener: Listener) -> None:
    listener.receive(0)
    assert listener.heard()["longest_pause_seconds"] == 0
    listener.receive(2, 3)
    assert listener.heard()["longest_pause_seconds"] == 2 * 3_600
    listener.receive(4, 9, 10)
    assert listener.heard()["longest_pause_seconds"] == 5 * 3_600
    listener.receive(11)
    assert listener.heard()["longest_pause_seconds"] == 5 * 3_600
    assert (listener.hours("first_at"), listener.hours("last_at")) == (0, 11)
    assert listener.heard()["deliveries"] == 7


def test_what_came_a_little_earlier_than_the_last_one_is_counted_and_changes_no_instant(
    listener: Listener,
) -> None:
    """Two who receive at the same time commit in any order."""
    listener.receive(0, 2)
    listener.receive(1.999)
    assert listener.hours("last_at") == 2
    assert listener.heard()["longest_pause_seconds"] == 2 * 3_600
    assert listener.heard()["deliveries"] == 3


def test_a_clock_that_was_set_back_does_not_keep_the_last_one_in_the_future(listener: Listener) -> None:
    listener.receive(0, 500)
    listener.receive(1)
    assert listener.hours("last_at") == 1
    assert listener.hours("unnamed_at") == 1


def test_a_replay_is_not_heard(listener: Listener) -> None:
    """It is what came then: neither a word of today nor the last one."""
    ids = listener.receive(0, 1, 2)
    before = listener.heard()
    listener.replay(ids[0], ids[1])
    assert listener.heard() == before
    listener.replay(ids[2])
    assert listener.heard() == before


def test_one_that_is_replayed_together_with_a_new_one_is_not_heard_either(listener: Listener) -> None:
    (old,) = listener.receive(0)
    with listener.house.database.writing() as transaction:
        replay(transaction, [old])
    listener.receive(5)
    assert listener.heard()["deliveries"] == 2
    assert listener.heard()["longest_pause_seconds"] == 5 * 3_600


def test_the_last_one_without_our_name_is_not_forgotten_for_an_earlier_one(listener: Listener) -> None:
    listener.receive(5)
    listener.receive(4.999)
    assert listener.hours("unnamed_at") == 5


def test_a_replay_of_long_ago_warns_of_no_silence(listener: Listener) -> None:
    """Of a topic that has spoken each 20 hours, until now."""
    first, *_ = listener.receive(*range(0, 40 * 24, 20), topic="products/delete")
    listener.replay(first)
    with listener.house.database.reading() as transaction:
        found = [each for each in read_concerns(transaction, TOLD) if each.kind == "silence"]
    assert found == []
