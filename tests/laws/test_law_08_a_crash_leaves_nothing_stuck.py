"""Law 8: a kill at any instant loses nothing acknowledged and leaves no row stuck.

Here the end comes at a chosen place within one process: every transaction in turn is cut off just before
its commit. `tests/crash` kills the real process at random instants.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from backroom.db.database import Database, Transaction
from backroom.resources.registry import RESOURCES
from backroom.vocabulary.ids import ShopId
from backroom.worker.loop import Loop
from tests.house import House
from tests.laws.specimen import Specimen, State
from tests.laws.specimens import deletion, event


class PowerCut(BaseException):
    """The process is gone. No handler may take it for an error."""


class CutOff(Database):
    """A database whose n-th write transaction ends just before its commit."""

    def __init__(self, database: Database, after: int) -> None:
        super().__init__(database.engine, database.seam, database.schema)
        self._left = after

    @contextmanager
    def writing(self, wait_seconds: float = 4.0) -> Iterator[Transaction]:
        with super().writing(wait_seconds) as transaction:
            yield transaction
            self._left -= 1
            if self._left < 0:
                raise PowerCut


def test_a_cut_before_any_commit_changes_only_when_not_what(house: House, specimen: Specimen) -> None:
    def send() -> None:
        for look in range(3):
            event(specimen, specimen.whole(State(1, look, look)), f"a{look}").deliver(house)
            event(specimen, specimen.whole(State(2, look, look + 4)), f"b{look}").deliver(house)
        deletion(specimen, 2, "gone").deliver(house)

    send()
    house.settle()
    expected = specimen.active_rows(house)
    cuts = 0
    for after in range(20):
        house.clear()
        send()
        loop = Loop(CutOff(house.database, after), RESOURCES, "doomed")
        try:
            while any(loop.turn()):
                pass
        except PowerCut:
            cuts += 1
        house.settle()
        assert specimen.active_rows(house) == expected, f"cut at transaction {after}"
        assert {row["state"] for row in house.deliveries()} == {"sorted"}
        assert all(row["processed_at"] for row in house.cache(specimen.resource.name))
        if cuts <= after:
            break
    assert cuts > 1


def test_the_loop_outlives_any_error_and_finishes_the_work(house: House, specimen: Specimen) -> None:
    """A transaction that fails is tried again by the same loop, and no row is blamed for it."""
    failing = FailsOnce(house.database)
    event(specimen, specimen.whole(State(1, 0)), "one").deliver(house)
    stopping = threading.Event()
    worker = threading.Thread(target=Loop(failing, RESOURCES, "test").run, args=(stopping,))
    worker.start()
    try:
        assert failing.healed.wait(20)
    finally:
        stopping.set()
        worker.join(20)
    assert set(specimen.active_rows(house)) == {1}
    assert [row["attempts"] for row in house.deliveries()] == [0]


class FailsOnce(Database):
    """The first write of each shop breaks with an error that nobody foresaw."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.engine, database.seam, database.schema)
        self._broken = False
        self._writes = 0
        self.healed = threading.Event()

    @contextmanager
    def shop_writing(self, shop: ShopId, patience_seconds: float = 0.0) -> Iterator[Transaction]:
        if not self._broken:
            self._broken = True
            raise OSError("the disk is having a moment")
        with super().shop_writing(shop, patience_seconds) as transaction:
            yield transaction
        self._writes += 1
        if self._writes >= 2:
            self.healed.set()


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """These tests provoke errors that are logged."""
    caplog.set_level("CRITICAL")
