"""What the stations say: sums, at most one line a second, and what was parked at once."""

import structlog
from structlog.testing import capture_logs

from backroom.flow.batches import Tally
from backroom.vocabulary.ids import ShopId
from backroom.worker.batch_log import BatchLog

ONE, TWO = ShopId(1), ShopId(2)


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def cached(rows: int) -> Tally:
    return Tally(claimed=rows, outcomes={"cached": rows})


def test_the_first_batch_is_said_at_once_and_those_of_the_next_second_in_one_line() -> None:
    clock = Clock()
    with capture_logs() as said:
        batches = BatchLog(structlog.get_logger(), clock)
        batches.done("sort", ONE, cached(1), 0.001)
        assert said.pop() == {
            "event": "sort.batch_done", "log_level": "info", "shop": ONE,
            "batches": 1, "rows": 1, "parked": 0, "ms": 1.0, "cached": 1,
        }  # fmt: skip
        for _ in range(30):
            clock.seconds += 0.01
            batches.done("sort", ONE, cached(2), 0.001)
        batches.done("sort", TWO, cached(5), 0.001)
        assert said == []
        clock.seconds += 1
        batches.catch_up()
        assert said == [
            {
                "event": "sort.batch_done", "log_level": "info", "shops": 2,
                "batches": 31, "rows": 65, "parked": 0, "ms": 31.0, "cached": 65,
            }
        ]  # fmt: skip
        batches.catch_up()
        assert len(said) == 1, "nothing is said twice"


def test_stations_do_not_wait_for_each_other() -> None:
    with capture_logs() as said:
        batches = BatchLog(structlog.get_logger(), Clock())
        batches.done("sort", ONE, cached(1), 0.0)
        batches.done("process.product", ONE, cached(1), 0.0)
    assert [line["event"] for line in said] == ["sort.batch_done", "process.product.batch_done"]


def test_what_was_parked_is_said_at_once_with_what_was_held_back() -> None:
    with capture_logs() as said:
        batches = BatchLog(structlog.get_logger(), Clock())
        batches.done("sort", ONE, cached(1), 0.0)
        batches.done("sort", ONE, cached(2), 0.0)
        batches.done("sort", ONE, Tally(claimed=3, parked=1), 0.0)
    assert [(line["rows"], line["parked"]) for line in said] == [(1, 0), (5, 1)]


def test_a_worker_that_ends_holds_nothing_back() -> None:
    with capture_logs() as said:
        batches = BatchLog(structlog.get_logger(), Clock())
        batches.done("sort", ONE, cached(1), 0.0)
        batches.done("sort", ONE, cached(2), 0.0)
        batches.say_the_rest()
    assert [line["rows"] for line in said] == [1, 2]
