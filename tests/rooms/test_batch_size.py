"""How many rows a batch takes: it follows the machine down, and finds its way up again."""

from collections.abc import Callable

from backroom.worker.loop import LARGEST_BATCH, BatchSize

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


def test_a_stall_does_not_leave_a_batch_small_for_ever() -> None:
    size = BatchSize(TARGET_SECONDS)
    assert learned(size, lambda _: 3.0, batches=6) == 1
    assert learned(size, lambda rows: 0.012 + rows * 0.0004) >= 15


def test_a_slow_disk_does_not_shrink_a_batch_to_a_row_a_commit() -> None:
    assert learned(BatchSize(TARGET_SECONDS), lambda rows: 0.050 + rows * 0.0004) >= 4
