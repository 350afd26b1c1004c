"""What a supervisor does with runs that nobody carries, and with those that nobody asked for."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, insert, select

from backroom.db.database import Database, Transaction
from backroom.jobs.chunks import Chunks
from backroom.jobs.claims import Claim, claim_queued
from backroom.jobs.job import Done, Next, Services, Sleep
from backroom.jobs.requests import NewRun, cancel_run
from backroom.jobs.runs import RunView
from backroom.jobs.tables import sync_run
from backroom.vocabulary.errors import ShopBusy, StoreUnavailable, Throttled
from backroom.vocabulary.ids import ShopId
from backroom.worker.tables import worker
from tests.house import make_shop
from tests.jobs.conftest import MakeCrew
from tests.jobs.counting import Counting, ready
from tests.jobs.crew import new_run, queue, run_of
from tests.waiting import eventually


def claim(database: Database, run_id: int, executor: str) -> Claim:
    with database.writing() as transaction:
        (made,) = claim_queued(transaction, [run_id], executor)
    return made


def show_life(database: Database, name: str, *, silent_seconds: float = 0, stopped: bool = False) -> None:
    """A worker elsewhere, seen so long ago."""
    with database.writing() as transaction:
        at = transaction.now() - timedelta(seconds=silent_seconds)
        transaction.execute(
            insert(worker).values(
                name=name,
                host="elsewhere",
                pid=1,
                started_at=at,
                heartbeat_at=at,
                stopped_at=at if stopped else None,
            )
        )


def test_a_run_that_was_claimed_but_not_started_is_started(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    run_id = queue(database, shop_id)
    claim(database, run_id, "here")
    run = crew_of(Counting()).wait(run_id)
    assert (run.state, run.generation) == ("succeeded", 1)


def test_a_run_whose_workflow_is_lost_is_claimed_anew(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    begun = threading.Event()
    crew = crew_of(Counting(before=lambda run: begun.set() if run.seen >= 20 else None))
    run_id = queue(database, shop_id, total=200, pause_seconds=0.02)
    ready(begun)
    # As if it had been recovered elsewhere, and lost there.
    crew.durable.forget(Claim(run_id=run_id, executor="here", generation=1))
    assert crew.end()
    crew.begin()
    run = crew.wait(run_id)
    assert (run.state, run.seen, run.generation) == ("succeeded", 200, 2)


def test_the_runs_of_a_worker_that_lives_elsewhere_are_left_alone(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    run_id = queue(database, shop_id)
    show_life(database, "there", silent_seconds=20)
    claim(database, run_id, "there")
    crew = crew_of(Counting())
    other = queue(database, _another(database))
    assert crew.wait(other).state == "succeeded"
    assert (run_of(database, run_id).executor, run_of(database, run_id).seen) == ("there", 0)


def test_the_runs_of_workers_that_are_silent_stopped_or_unknown_are_taken_over(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    show_life(database, "silent", silent_seconds=40)
    show_life(database, "stopped", stopped=True)
    runs = []
    for name in ("silent", "stopped", "unknown"):
        runs.append(queue(database, _another(database)))
        claim(database, runs[-1], name)
    crew = crew_of(Counting())
    found = [crew.wait(run_id) for run_id in runs]
    assert [(run.state, run.executor, run.generation) for run in found] == [("succeeded", "here", 2)] * 3


def test_a_run_to_be_cancelled_is_cancelled_by_whoever_takes_it_over(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    run_id = queue(database, shop_id)
    claim(database, run_id, "unknown")
    with database.writing() as transaction:
        cancel_run(transaction, run_id)
    run = crew_of(Counting()).wait(run_id)
    assert (run.state, run.seen) == ("cancelled", 0)


def test_what_is_automatic_is_queued_once_at_a_time(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    def ask(transaction: Transaction) -> list[NewRun]:
        made = transaction.execute(select(func.count()).select_from(sync_run)).scalar_one()
        return [new_run(shop_id, pause_seconds=0.05)] * 2 if made < 2 else []

    crew = crew_of(Counting(), automatic=[ask])
    assert [crew.wait(run_id).state for run_id in _both(database)] == ["succeeded"] * 2
    first, second = (run_of(database, run_id) for run_id in _both(database))
    assert first.finished_at is not None
    assert first.finished_at <= second.created_at


def test_pauses_that_a_job_or_the_shop_asks_for_are_kept(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    calls: list[datetime] = []

    class Pausing:
        kind, mode = "sync", "full"

        def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
            calls.append(datetime.now(UTC))
            if len(calls) == 1:
                return Sleep(0.3)
            if len(calls) == 2:
                raise Throttled(services.clock.now() + timedelta(seconds=0.3))
            if len(calls) == 3:
                raise ShopBusy("busy")
            if len(calls) == 4:
                raise StoreUnavailable("away")
            return Done()

    crew = crew_of(Pausing())
    assert crew.wait(queue(database, shop_id)).state == "succeeded"
    gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(calls)]
    assert len(gaps) == 4
    assert min(gaps[:2]) >= 0.3
    assert max(gaps) < 2


def test_a_long_pause_hears_a_cancellation_and_an_ending(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    class Waiting:
        kind, mode = "sync", "full"

        def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
            with chunks.noting() as chunk:
                chunk.say("waiting for Shopify")
            return Sleep(600)

    crew = crew_of(Waiting())
    run_id, other = queue(database, shop_id), queue(database, _another(database))
    both = (run_id, other)
    eventually(
        lambda: all(run_of(database, each).phase == "waiting for Shopify" for each in both), "both wait"
    )
    with database.writing() as transaction:
        cancel_run(transaction, run_id)
    assert crew.wait(run_id).state == "cancelled"
    assert crew.end()
    assert run_of(database, other).state == "running"


def test_what_is_over_is_forgotten_by_dbos_after_a_while(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    crew = crew_of(Counting())
    run_id = queue(database, shop_id)
    crew.wait(run_id)
    done = Claim(run_id=run_id, executor="here", generation=1)
    eventually(lambda: not crew.durable.is_live(done), "it is put down")
    assert crew.durable.exists(done)
    assert crew.durable.sweep() == 0
    eventually(lambda: crew.durable.sweep(timedelta(0)) == 1, "it is swept")
    assert not crew.durable.exists(done)


def _another(database: Database) -> ShopId:
    with database.reading() as transaction:
        number = transaction.execute(select(func.count()).select_from(sync_run)).scalar_one()
    return make_shop(database, f"shop-{number}.myshopify.com")


def _both(database: Database) -> list[int]:
    def there() -> list[int]:
        with database.reading() as transaction:
            found = list(transaction.execute(select(sync_run.c.id).order_by(sync_run.c.id)).scalars())
        return found if len(found) == 2 else []

    return eventually(there, "both are queued")
