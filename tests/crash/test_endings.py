"""How `serve` ends: on request, in order; and by force, without leaving anybody behind."""

import signal
import time

import psutil
import pytest

from tests.crash.served import Served
from tests.crash.traffic import Traffic
from tests.crash.truth import check, settle
from tests.waiting import eventually

pytestmark = pytest.mark.crash

SHOP = "one.myshopify.com"
LONGEST_SECONDS = 10.0


@pytest.mark.parametrize(
    ("number", "backend"),
    # Both ask the same; how a worker is reached differs between the databases.
    [(signal.SIGTERM, "sqlite"), (signal.SIGTERM, "postgres"), (signal.SIGINT, "sqlite")],
    indirect=["backend"],
)
def test_serve_ends_in_order_within_ten_seconds_and_leaves_no_process(served: Served, number: int) -> None:
    served.start("--workers", "2")
    served.add_shop(SHOP)
    traffic = Traffic(served, [SHOP], seed=1)
    traffic.wait_for(100)
    eventually(lambda: len(served.workers()) == 2, "both workers")
    family = served.family()
    assert len(family) == 3

    started = time.monotonic()
    served.signal(number)
    assert served.wait(LONGEST_SECONDS) == 0
    _, alive = psutil.wait_procs(family, max(0.0, started + LONGEST_SECONDS - time.monotonic()))
    assert alive == []
    traffic.stop()
    assert [line for line in served.log() if line["event"] == "serve.stopped"]

    served.start()
    settle(served)
    check(served, traffic)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_asking_again_and_again_does_not_break_the_ending(served: Served) -> None:
    served.start()
    eventually(lambda: len(served.workers()) == 1, "the worker")
    family = served.family()
    served.signal(signal.SIGTERM)

    def ask_again() -> bool:
        if served.process.is_running() and served.process.status() != psutil.STATUS_ZOMBIE:
            served.signal(signal.SIGTERM)
            return False
        return True

    eventually(ask_again, "its end", within=LONGEST_SECONDS)
    # Python's own last steps, after everything is in order, may be cut short.
    assert served.wait(LONGEST_SECONDS) in (0, -signal.SIGTERM)
    _, alive = psutil.wait_procs(family, 0)
    assert alive == []
    assert [line for line in served.log() if line["event"] == "serve.stopped"]


def test_workers_end_with_a_parent_that_was_killed(served: Served) -> None:
    served.start("--workers", "2")
    eventually(lambda: len(served.workers()) == 2, "both workers")
    workers = served.workers()
    served.signal(signal.SIGKILL)
    assert served.wait(LONGEST_SECONDS) == -signal.SIGKILL
    _, alive = psutil.wait_procs(workers, LONGEST_SECONDS)
    assert alive == []


def test_a_worker_that_was_killed_is_replaced_and_the_inbox_goes_on_meanwhile(served: Served) -> None:
    served.start()
    served.add_shop(SHOP)
    (worker,) = eventually(served.workers, "the worker")
    traffic = Traffic(served, [SHOP], seed=2)
    traffic.wait_for(50)
    worker.kill()
    traffic.wait_for(50)
    eventually(
        lambda: [process for process in served.workers() if process.pid != worker.pid], "another worker"
    )
    traffic.stop()
    settle(served)
    check(served, traffic)
