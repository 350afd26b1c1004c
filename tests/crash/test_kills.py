"""Law 8: kill -9 at any instant loses nothing acknowledged and leaves no row stuck."""

import os
import threading
from random import Random

import psutil
import pytest

from tests.crash.served import Served
from tests.crash.traffic import Traffic
from tests.crash.truth import check, settle
from tests.waiting import eventually

pytestmark = pytest.mark.crash

SOAK = bool(os.environ.get("SOAK"))
KILLS = 20 if SOAK else 2
SEED = 20_261_122
SHOPS = [f"shop-{number}.myshopify.com" for number in range(1, 6)]


def a_moment(random: Random, most_seconds: float) -> None:
    """A random instant is what is tested here: there is no condition to wait for."""
    threading.Event().wait(random.uniform(0, most_seconds))


def kill_a_worker(served: Served, random: Random, *, number: int) -> None:
    """One worker ends, and another one takes its place."""
    before = eventually(lambda: all_of(served, number), "all workers")
    victim = random.choice(before)
    victim.kill()
    eventually(lambda: victim not in (all_of(served, number) or [victim]), "another one in its place")


def all_of(served: Served, number: int) -> list[psutil.Process] | None:
    """The workers, if there are as many as there should be."""
    found = served.workers()
    return found if len(found) == number else None


def test_nothing_acknowledged_is_lost_and_no_row_is_stuck(served: Served) -> None:
    random = Random(SEED)
    served.start()
    served.add_shop(SHOPS[0])
    traffic = Traffic(served, SHOPS[:1], SEED)
    kills_of_the_worker = {KILLS // 2}
    for kill in range(KILLS):
        traffic.wait_for(random.randint(1, 300))
        a_moment(random, 0.2)
        if kill in kills_of_the_worker:
            kill_a_worker(served, random, number=1)
            traffic.wait_for(random.randint(1, 100))
        served.kill()
        served.start()
    traffic.wait_for(50)
    traffic.stop()
    settle(served)
    check(served, traffic)


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
def test_two_workers_on_shops_that_share_codes_end_exactly(served: Served) -> None:
    random = Random(SEED)
    served.start("--workers", "2")
    for shop in SHOPS:
        served.add_shop(shop)
    traffic = Traffic(served, SHOPS, SEED)
    for _ in range(KILLS):
        traffic.wait_for(random.randint(100, 500))
        a_moment(random, 0.2)
        kill_a_worker(served, random, number=2)
    traffic.wait_for(300)
    traffic.stop()
    settle(served)
    check(served, traffic)
