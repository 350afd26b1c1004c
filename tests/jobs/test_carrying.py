"""Runs from their queueing to their end, by a worker in this process."""

import threading

from backroom.db.database import Database
from backroom.jobs.requests import cancel_run, resume_run
from backroom.jobs.runs import RunView
from backroom.vocabulary.errors import Terminal, Transient
from backroom.vocabulary.ids import ShopId
from tests.house import make_shop
from tests.jobs.conftest import MakeCrew
from tests.jobs.counting import Counting, ready
from tests.jobs.crew import Crew, queue, run_of
from tests.waiting import eventually


def cancel(crew: Crew, run_id: int) -> None:
    with crew.database.writing() as transaction:
        cancel_run(transaction, run_id)


def resume(crew: Crew, run_id: int) -> None:
    with crew.database.writing() as transaction:
        resume_run(transaction, run_id)


def test_a_queued_run_is_carried_to_its_end(database: Database, shop_id: ShopId, crew_of: MakeCrew) -> None:
    run_id = queue(database, shop_id, total=25)
    crew = crew_of(Counting())
    run = crew.wait(run_id)
    assert (run.state, run.total, run.seen, run.written) == ("succeeded", 25, 25, 25)
    assert (run.executor, run.generation, run.error, run.phase) == ("here", 1, None, None)
    assert run.started_at is not None
    assert run.finished_at is not None


def test_a_run_that_is_queued_later_wakes_the_worker(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    crew = crew_of(Counting())
    other = make_shop(database, "two.myshopify.com")
    runs = [queue(database, each) for each in (shop_id, other)]
    assert [crew.wait(run_id).state for run_id in runs] == ["succeeded", "succeeded"]


def test_a_cancelled_run_stops_and_goes_on_later_where_it_was(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    job = Counting()
    crew = crew_of(job)
    run_id = queue(database, shop_id, total=400, pause_seconds=0.02)
    crew.wait_for_seen(run_id, 20)
    cancel(crew, run_id)
    stopped = crew.wait(run_id)
    assert stopped.state == "cancelled"
    assert 20 <= stopped.seen < 400
    calls = len(job.calls)
    resume(crew, run_id)
    run = crew.wait(run_id)
    assert (run.state, run.seen, run.written, run.error) == ("succeeded", 400, 400, None)
    assert job.calls[calls] == stopped.seen


def test_a_failed_run_says_why_and_can_be_resumed(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    mended = threading.Event()

    def stumble(run: RunView) -> None:
        if run.seen >= 10 and not mended.is_set():
            raise Terminal("the shop is closed: open it")

    crew = crew_of(Counting(before=stumble))
    run_id = queue(database, shop_id)
    run = crew.wait(run_id)
    assert (run.state, run.seen, run.error) == ("failed", 10, "the shop is closed: open it")
    mended.set()
    resume(crew, run_id)
    assert crew.wait(run_id).state == "succeeded"


def test_a_bug_fails_the_run_and_is_named_without_its_words(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    def stumble(_run: RunView) -> None:
        raise LookupError("shpat_secret")

    crew = crew_of(Counting(before=stumble))
    run = crew.wait(queue(database, shop_id))
    assert (run.state, run.error) == ("failed", "internal error: LookupError; the log has its traceback")


def test_what_is_transient_fails_a_run_that_has_done_nothing_yet(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    def stumble(_run: RunView) -> None:
        raise Transient("the shop can not be reached")

    crew = crew_of(Counting(before=stumble))
    run = crew.wait(queue(database, shop_id))
    assert (run.state, run.error) == ("failed", "the shop can not be reached")


def test_what_is_transient_is_waited_for_by_a_run_that_has_done_something(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    stumbled = threading.Event()

    def stumble(run: RunView) -> None:
        if run.seen >= 10 and not stumbled.is_set():
            stumbled.set()
            raise Transient("the line broke")

    crew = crew_of(Counting(before=stumble))
    run_id = queue(database, shop_id)
    eventually(lambda: run_of(database, run_id).phase == "waiting: the line broke", "the phase says so")
    assert crew.wait(run_id).state == "succeeded"


def test_a_job_that_nobody_knows_fails_its_run(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    crew = crew_of(Counting(mode="incremental"))
    run = crew.wait(queue(database, shop_id))
    assert (run.state, run.error) == ("failed", "this version has no job for a sync in the mode full")


def test_a_worker_that_ends_leaves_its_run_to_the_next_of_its_name(
    database: Database, shop_id: ShopId, crew_of: MakeCrew
) -> None:
    begun = threading.Event()
    job = Counting(before=lambda run: begun.set() if run.seen >= 20 else None)
    crew = crew_of(job)
    run_id = queue(database, shop_id, total=300, pause_seconds=0.02)
    ready(begun)
    assert crew.end()
    left = run_of(database, run_id)
    assert left.state == "running"
    calls = len(job.calls)
    crew.begin()
    run = crew.wait(run_id)
    assert (run.state, run.seen, run.generation) == ("succeeded", 300, 1)
    assert job.calls[calls] == left.seen
