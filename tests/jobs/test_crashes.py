"""Workers that die, end, and come back: their runs go on, from the last chunk that was committed."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from backroom.db.database import Database
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.runs import Run
from backroom.vocabulary.ids import ShopId
from tests.jobs.crew import queue, run_of
from tests.jobs.workers import END_SECONDS, Workers
from tests.waiting import eventually

pytestmark = pytest.mark.crash

KILLS = 10
TAKEN_OVER_SECONDS = 60.0


def seen(database: Database, run_id: int, number: int) -> Run:
    def there() -> Run | None:
        run = run_of(database, run_id)
        return run if run.seen >= number else None

    return eventually(there, f"{number} are seen")


def over(database: Database, run_id: int) -> Run:
    def there() -> Run | None:
        run = run_of(database, run_id)
        return run if run.is_over else None

    return eventually(there, "the run is over", within=90)


def places(notes: Path) -> Counter[int]:
    """How often each chunk was committed, as far as whoever committed it lived on to note it."""
    return Counter(int(line.split()[1]) for line in notes.read_text().splitlines())


@pytest.mark.soak
def test_a_run_whose_worker_is_killed_again_and_again_counts_everything_once(
    database: Database, shop_id: ShopId, workers: Workers, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.touch()
    dice = random.Random(11)
    run_id = queue(database, shop_id, total=6_000, pause_seconds=0.01, notes=str(notes))
    for _ in range(KILLS):
        workers.start("w")
        now = run_of(database, run_id).seen
        if run_of(database, run_id).is_over:
            break
        seen(database, run_id, min(6_000, now + dice.randrange(1, 300)))
        workers.kill("w")
    workers.start("w")
    run = over(database, run_id)
    assert (run.state, run.seen, run.written, run.generation) == ("succeeded", 6_000, 6_000, 1)
    assert set(places(notes).values()) == {1}
    assert workers.complaints("w") == []


def test_a_worker_that_comes_back_goes_on_at_once(
    database: Database, shop_id: ShopId, workers: Workers
) -> None:
    run_id = queue(database, shop_id, total=100_000, pause_seconds=0.02)
    workers.start("w")
    before = seen(database, run_id, 50)
    workers.kill("w")
    workers.start("w")
    began = time.monotonic()
    seen(database, run_id, before.seen + 100)
    assert time.monotonic() - began < 10
    assert run_of(database, run_id).generation == 1


@pytest.mark.soak
def test_the_run_of_a_dead_worker_is_taken_over_within_a_minute(
    database: Database, shop_id: ShopId, workers: Workers, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.touch()
    run_id = queue(database, shop_id, total=5_000, pause_seconds=0.01, notes=str(notes))
    workers.start("a")
    seen(database, run_id, 100)
    workers.start("b")
    eventually(lambda: workers.said("b", "worker.started"), "the other worker")
    workers.kill("a")
    run = eventually(
        lambda: found if (found := run_of(database, run_id)).executor == "b" else None,
        "somebody else has it",
        within=TAKEN_OVER_SECONDS,
    )
    assert run.generation == 2
    # Back again: its old workflow ends quietly, and the run stays where it is.
    workers.start("a")
    run = over(database, run_id)
    assert (run.state, run.seen, run.executor, run.generation) == ("succeeded", 5_000, "b", 2)
    assert set(places(notes).values()) == {1}
    assert workers.complaints("a") + workers.complaints("b") == []


def test_a_worker_that_ends_in_order_hands_its_run_on(
    database: Database, shop_id: ShopId, workers: Workers
) -> None:
    run_id = queue(database, shop_id, total=3_000, pause_seconds=0.02)
    workers.start("a")
    seen(database, run_id, 50)
    workers.start("b")
    eventually(lambda: workers.said("b", "worker.started"), "the other worker")
    code, seconds = workers.end("a")
    assert code == 0
    assert seconds <= END_SECONDS
    assert run_of(database, run_id).state == "running"
    run = over(database, run_id)
    assert (run.state, run.seen, run.executor, run.generation) == ("succeeded", 3_000, "b", 2)
    assert workers.complaints("a") + workers.complaints("b") == []


def test_a_job_that_hears_nothing_does_not_keep_its_worker_from_ending(
    database: Database, shop_id: ShopId, workers: Workers
) -> None:
    with database.writing() as transaction:
        run_id = queue_run(
            transaction,
            NewRun(
                kind="sync",
                resource="products",
                mode="wanted",
                shop_id=shop_id,
                requested_by="a test",
                options={"seconds": 60},
            ),
        )
    workers.start("w")
    eventually(lambda: run_of(database, run_id).phase == "holding on", "it holds on")
    code, seconds = workers.end("w")
    assert code == 0
    assert seconds <= END_SECONDS
    assert run_of(database, run_id).state == "running"
    assert workers.complaints("w") == []


def test_a_worker_without_runs_never_loads_dbos(
    database: Database, shop_id: ShopId, workers: Workers
) -> None:
    workers.start("w")
    eventually(lambda: workers.said("w", "worker.started"), "the worker")
    code, _ = workers.end("w")
    assert (code, workers.said("w", "jobs.launched")) == (0, False)
