"""Commits as others meet them: an order that misses nothing, and a wake-up call."""

import threading
import time

import pytest
from sqlalchemy import select, tuple_

from backroom.db.database import Database
from tests.db_contract.specimen import Interrupted, add, attempt, interrupt, specimen
from tests.waiting import Running

Place = tuple[int, int]


def write(store: Database, name: str) -> None:
    with store.writing(wait_seconds=30) as transaction:
        order = transaction.commit_order()
        transaction.insert(specimen, ("commit_order", "name"), [(order, name)])


class Feed:
    """A reader that goes on from where it stopped."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._after: Place = (-1, -1)

    def read(self) -> list[str]:
        c = specimen.c
        with self._store.reading() as transaction:
            fresh = (
                select(c.commit_order, c.id, c.name)
                .where(c.commit_order < transaction.commit_horizon())
                .where(tuple_(c.commit_order, c.id) > self._after)
                .order_by(c.commit_order, c.id)
            )
            rows = transaction.execute(fresh).all()
        if rows:
            self._after = (rows[-1][0], rows[-1][1])
        return [row[2] for row in rows]


class FeedContract:
    def test_a_feed_goes_on_where_it_stopped(self, store: Database) -> None:
        feed = Feed(store)
        assert feed.read() == []
        write(store, "a")
        write(store, "b")
        assert feed.read() == ["a", "b"]
        write(store, "c")
        assert feed.read() == ["c"]
        assert feed.read() == []

    def test_a_feed_misses_nothing_and_repeats_nothing_while_many_write(self, store: Database) -> None:
        done = threading.Event()

        def write_many(worker: int) -> None:
            for number in range(25):
                write(store, f"{worker}-{number}")

        def follow() -> list[str]:
            feed, seen = Feed(store), []
            while not done.is_set():
                seen += feed.read()
            return seen + feed.read()

        follower = Running(follow)
        Running(*(lambda worker=worker: write_many(worker) for worker in range(3))).join()
        done.set()
        (seen,) = follower.join()
        assert sorted(seen) == sorted(f"{worker}-{number}" for worker in range(3) for number in range(25))

    def test_a_waiter_wakes_when_another_connection_commits(self, store: Database) -> None:
        wakeup = store.wakeup()
        waiter = Running(lambda: wakeup.wait(60))
        with store.writing() as transaction:
            add(transaction, "a")
            transaction.notify()
            assert waiter.alive
        waiter.join(within=10)
        wakeup.close()

    def test_a_commit_before_the_wait_is_not_slept_through(self, store: Database) -> None:
        wakeup = store.wakeup()
        with store.writing() as transaction:
            add(transaction, "a")
            transaction.notify()
        Running(lambda: wakeup.wait(60)).join(within=10)
        wakeup.close()

    def test_what_is_undone_wakes_nobody(self, store: Database) -> None:
        wakeup = store.wakeup()
        with pytest.raises(Interrupted):
            attempt(store, lambda t: add(t, "a"), lambda t: t.notify(), interrupt)
        started = time.monotonic()
        wakeup.wait(0.2)
        assert time.monotonic() - started >= 0.2
        wakeup.close()

    def test_a_wait_ends_when_its_time_is_over(self, store: Database) -> None:
        wakeup = store.wakeup()
        started = time.monotonic()
        wakeup.wait(0.05)
        assert 0.05 <= time.monotonic() - started < 10
        wakeup.close()
