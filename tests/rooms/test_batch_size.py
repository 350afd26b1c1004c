"""How many rows a batch takes: it follows the machine down, and finds its way up again."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from backroom.db.database import Database, Transaction
from backroom.flow.batches import LARGEST_BATCH, BatchSize
from backroom.flow.sort import Sorter
from backroom.resources.registry import BY_TOPIC
from tests.bodies import product
from tests.house import House

TARGET_SECONDS = 0.020


def learned(size: BatchSize, seconds_of: Callable[[int], float], batches: int = 50) -> int:
    """The size after so many full batches that each took what `seconds_of` says of their rows."""
    for _ in range(batches):
        size.learn(size.rows, seconds_of(size.rows))
    return size.rows


def test_a_batch_grows_until_it_takes_the_target_time() -> None:
    assert learned(BatchSize(TARGET_SECONDS), lambda rows: rows * 0.0005) == 40
    assert learned(BatchSize(TARGET_SECONDS), lambda rows: rows * 0.00001) == LARGEST_BATCH


def test_rows_that_take_longer_than_the_target_go_one_by_one() -> None:
    assert learned(BatchSize(TARGET_SECONDS), lambda rows: rows * 0.5) == 1


def test_what_a_busy_machine_takes_for_any_batch_does_not_shrink_it_to_single_rows() -> None:
    assert learned(BatchSize(TARGET_SECONDS), lambda rows: 0.030 + rows * 0.001) >= 16


def test_a_stall_does_not_leave_a_batch_small_for_ever() -> None:
    size = BatchSize(TARGET_SECONDS)
    assert learned(size, lambda _: 3.0, batches=6) == 1
    assert learned(size, lambda rows: 0.012 + rows * 0.0004) >= 15


class SlowDisk(Database):
    """A database whose commits take a while."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.engine, database.seam, database.schema)
        self.slept = 0.0

    @contextmanager
    def writing(self, wait_seconds: float = 4.0) -> Iterator[Transaction]:
        with super().writing(wait_seconds) as transaction:
            yield transaction
            started = time.perf_counter()
            threading.Event().wait(0.3)
            self.slept += time.perf_counter() - started


def test_what_the_disk_takes_for_a_commit_is_not_counted(house: House) -> None:
    house.deliver("products/create", product(1))
    slow = SlowDisk(house.database)
    tally = Sorter(slow, BY_TOPIC).run(house.shop_id, 10)

    assert tally.claimed == 1
    assert slow.slept >= 0.3
    assert 0 < tally.held_seconds < 0.3
