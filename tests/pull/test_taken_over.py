"""Two workers on two machines over one PostgreSQL: one goes silent in mid-sync, and the other finishes."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backroom.jobs.runs import Run
from shopify_simulator.admin.writer import BulkWays
from tests.conftest import drop_schemas
from tests.crash.served import Served
from tests.pull.machines import Machines
from tests.pull.pulled_shop import PulledShop, a_pulled_shop, assert_succeeded
from tests.pull.truth import assert_true
from tests.waiting import eventually

pytestmark = [pytest.mark.crash, pytest.mark.parametrize("backend", ["postgres"], indirect=True)]

PRODUCTS = 1_500
TAKEN_OVER_SECONDS = 60.0


@pytest.fixture
def served(database_url: str, schema: str, tmp_path: Path) -> Iterator[Served]:
    """A home and a database; its server never starts."""
    program = Served(database_url, schema, tmp_path / "home")
    program.command("db", "upgrade")
    yield program
    drop_schemas(program.database)
    program.database.dispose()


@pytest.fixture
def machines(served: Served, database_url: str, tmp_path: Path) -> Iterator[Machines]:
    opened = Machines(served, database_url, tmp_path / "home", tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def shop(served: Served) -> Iterator[PulledShop]:
    with a_pulled_shop(served, "two", products=PRODUCTS, bulk=BulkWays(seconds=0.5)) as opened:
        yield opened


def begun_in_mid_reading(shop: PulledShop, machines: Machines) -> Run:
    """The run, that `a` has and has read something of, while `b` stands by."""
    run_id = shop.begin(full=True)
    machines.start("a")
    eventually(lambda: shop.run(run_id).executor == "a", "a has it")
    machines.start("b")

    def reads() -> Run | None:
        run = shop.run(run_id)
        assert not run.is_over
        return run if run.seen > 0 else None

    return eventually(reads, "a reads", look=0.002)


def taken_over(shop: PulledShop, run_id: int) -> float:
    """Seconds until `b` has it."""
    began = time.monotonic()
    eventually(lambda: shop.run(run_id).executor == "b", "b has it", within=TAKEN_OVER_SECONDS)
    return time.monotonic() - began


def assert_whole(shop: PulledShop, run: Run) -> None:
    assert_succeeded(run)
    assert (run.seen, run.written, run.unchanged) == (PRODUCTS, PRODUCTS, 0)
    assert (run.executor, run.generation) == ("b", 2)
    shop.come_to_rest()
    assert_true(shop)


def lines(machines: Machines, name: str, *events: str) -> list[dict[str, Any]]:
    return [line for line in machines.log(name) if line["event"] in events]


def carried(machines: Machines, run_id: int) -> list[tuple[str, int]]:
    """(worker, generation) of each time that somebody sat down on the run."""
    begun = [line for name in ("a", "b") for line in lines(machines, name, "run.begun")]
    of_run = sorted(
        (line for line in begun if line["run"] == run_id), key=lambda line: str(line["timestamp"])
    )
    return [(line["worker"], line["generation"]) for line in of_run]


def test_the_run_of_a_worker_that_is_killed_is_finished_by_the_other(
    shop: PulledShop, machines: Machines
) -> None:
    run = begun_in_mid_reading(shop, machines)
    machines.kill("a")
    left = shop.run(run.id)
    assert 0 < left.seen < PRODUCTS
    assert (left.executor, left.generation) == ("a", 1)
    assert taken_over(shop, run.id) < TAKEN_OVER_SECONDS
    assert shop.run(run.id).seen >= left.seen
    assert_whole(shop, shop.wait(run.id))
    assert carried(machines, run.id) == [("a", 1), ("b", 2)]
    (line,) = lines(machines, "b", "run.taken_over")
    assert (line["run"], line["before"], line["generation"]) == (run.id, "a", 2)
    assert shop.counts()["downloads"] == 2, "the file is on the dead one's disk"
    assert machines.complaints("b") == []


@pytest.mark.soak
def test_a_worker_that_hung_and_comes_back_finds_the_fence_shut(shop: PulledShop, machines: Machines) -> None:
    run = begun_in_mid_reading(shop, machines)
    machines.freeze("a")
    left = shop.run(run.id)
    assert 0 < left.seen < PRODUCTS
    assert taken_over(shop, run.id) >= 15, "its process is there: only its silence tells"
    machines.thaw("a")
    assert_whole(shop, shop.wait(run.id))
    eventually(lambda: lines(machines, "a", "run.lost"), "the one that hung notices")
    assert carried(machines, run.id) == [("a", 1), ("b", 2)]
    # DBOS tells on its own, as an error, that somebody else has the workflow.
    assert machines.complaints("a") == []
    assert machines.complaints("b") == []
