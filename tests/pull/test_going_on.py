"""Where runs go on: an incremental one by what its pages listed, a resumed one where it can succeed."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from backroom.cache.tables import sync_watermark
from backroom.cache.wants import WANT_DELAYS_SECONDS, due_wants
from backroom.flow.put import Putter
from backroom.jobs.chunks import Chunks
from backroom.jobs.export import file_of
from backroom.jobs.incremental_sync import IncrementalSync
from backroom.jobs.job import Done, Next, Services, Sleep
from backroom.jobs.runs import RunView
from backroom.jobs.tables import sync_run
from backroom.resources.product import product
from backroom.vocabulary.clock import format_instant
from backroom.vocabulary.ids import RunId
from shopify_simulator.shop.product import Product
from tests.house import House
from tests.pull.running import Desk
from tests.pull.test_export_faults import a_desk, exports, files, on_sqlite
from tests.pull.truth import assert_true, truth_of

pytestmark = on_sqlite
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Desk]:
    with a_desk(house, tmp_path) as opened:
        yield opened


def retitle(title: str) -> Callable[[Product], None]:
    def change(product: Product) -> None:
        product.title = title

    return change


def watermark(desk: Desk) -> datetime | None:
    rows = desk.house.rows(sync_watermark)
    return rows[0]["updated_at"] if rows else None


def widest(desk: Desk) -> Product:
    return max(desk.simulation.shop.products.values(), key=lambda each: len(each.variants))


class ChangesTheWidest(IncrementalSync):
    """While the first page is read, so that its body is later than where the page listed it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(page=5, deepest=10)
        self._desk = desk

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
        if run.cursor is not None and run.seen == 0:
            # The page is asked for, and then the children of this one: it is not what it was.
            client = services.client_of(run.shop_id)
            ask = client.ask
            number = widest(self._desk).id

            def asked(document: str, *more: object, **named: object) -> object:
                if "ProductVariants" in document and widest(self._desk).title != "changed meanwhile":
                    self._desk.simulation.shop.change(number, retitle("changed meanwhile"))
                return ask(document, *more, **named)  # type: ignore[arg-type]

            client.ask = asked  # type: ignore[method-assign, assignment]
            try:
                return super().advance(run, chunks, services)
            finally:
                client.ask = ask  # type: ignore[method-assign]
        return super().advance(run, chunks, services)


def test_a_product_that_changes_while_it_is_read_takes_no_other_out_of_a_deep_sync(desk: Desk) -> None:
    for number, each in enumerate(desk.simulation.shop.products.values(), start=2):
        each.updated_at = LONG_AGO + timedelta(hours=1 if each is widest(desk) else number)
    run = desk.carry(desk.begin("incremental", ChangesTheWidest(desk)))
    assert run.state == "succeeded", run.error
    desk.house.settle()
    desk.refetch()
    desk.house.settle()
    assert widest(desk).title == "changed meanwhile"
    assert_true(desk)
    newest = max(each.updated_at for each in desk.simulation.shop.products.values())
    assert watermark(desk) == newest, "the changed one is listed again, at its new place"


def test_since_moves_no_watermark_over_what_it_left_out(desk: Desk) -> None:
    recently = format_instant(datetime.now(UTC) - timedelta(seconds=1))
    desk.carry(desk.begin("incremental", since=recently))
    assert watermark(desk) is None

    desk.sync("full")
    held = watermark(desk)
    assert held is not None
    ahead = held + timedelta(seconds=1)
    desk.simulation.shop.change(widest(desk).id, retitle("later"))
    desk.carry(desk.begin("incremental", since=format_instant(ahead)))
    assert watermark(desk) == held
    desk.carry(desk.begin("incremental", since=format_instant(held - timedelta(hours=1))))
    assert watermark(desk) != held


def test_a_resumed_run_begins_anew_where_it_had_given_up(desk: Desk) -> None:
    desk.script(bulk=["fail"] * 4)
    run_id = desk.begin()
    assert desk.carry(run_id).state == "failed"
    desk.resume(run_id)
    run = desk.carry(run_id)
    assert (run.state, run.seen, run.total) == ("succeeded", 30, 30)
    assert_true(desk)


def test_an_export_that_a_crash_left_running_is_taken_and_another_is_not(desk: Desk) -> None:
    desk.script(bulk=["stall", "ok"])
    stalled = desk.begin()
    desk.carry(stalled, until=lambda run: run.phase is not None and "prepares the export" in run.phase)
    # Its commit was lost: it stands where it asked.
    export = {**desk.cursor(stalled)["export"], "stage": "ask", "operation": None}
    assert export["others"] == []
    put_back(desk, stalled, {**desk.cursor(stalled), "export": export})
    desk.carry(stalled, until=lambda run: desk.cursor(run.id)["export"]["stage"] == "wait")
    assert exports(desk) == 1
    assert desk.cursor(stalled)["export"]["operation"].endswith("/1")

    other = {**export, "others": ["gid://shopify/BulkOperation/1"]}
    put_back(desk, stalled, {**desk.cursor(stalled), "export": other})
    assert desk.carry(stalled).state == "succeeded"
    assert exports(desk) == 2, "one that ran before we asked tells of an earlier time"


def put_back(desk: Desk, run_id: int, cursor: object) -> None:
    """The run stands there, as after a crash: whoever carries it looks anew."""
    with desk.house.database.writing() as transaction:
        transaction.execute(update(sync_run).where(sync_run.c.id == run_id).values(cursor=cursor))
    desk.carry_anew(run_id)


def test_a_file_is_its_operations_and_not_only_its_runs(desk: Desk) -> None:
    first = file_of(desk.services, 1, "gid://shopify/BulkOperation/1")
    assert first != file_of(desk.services, 1, "gid://shopify/BulkOperation/2")
    assert first.parent == desk.home / "exports"


def test_files_of_runs_that_nobody_knows_are_swept(desk: Desk) -> None:
    folder = desk.home / "exports"
    folder.mkdir()
    (folder / "run-77-1.jsonl").touch()
    desk.sync("full")
    assert files(desk) == []


def test_a_body_that_can_not_be_taken_is_asked_for_again_later_and_says_so(desk: Desk) -> None:
    gone = 4_711
    desk.house.play("products/update", {"id": gone})
    with desk.house.database.shop_writing(desk.house.shop_id) as transaction:
        putter = Putter(transaction, product, desk.house.shop_id, run_id=RunId(1), asked_at=transaction.now())
        putter.unanswered([(gone,)])
        assert due_wants(transaction, product.cache, desk.house.shop_id, 10) == []
    (row,) = desk.house.cache()
    pause = row["want_next_at"] - row["wanted_at"]
    assert row["want_attempts"] == 1
    assert timedelta(seconds=0) < pause - timedelta(seconds=WANT_DELAYS_SECONDS[0]) < timedelta(seconds=9)


def test_a_gone_product_of_which_a_late_webhook_speaks_is_found_by_a_full_sync(desk: Desk) -> None:
    desk.sync("full")
    (victim, *_) = truth_of(desk)["products"]
    number = int(victim["id"])
    body = {"id": number, "title": "late", "updated_at": "2020-01-01T00:00:00Z"}
    desk.simulation.shop.delete(number)
    run_id = desk.begin()
    desk.carry(run_id, until=lambda run: run.phase is not None)
    desk.house.play("products/update", body)
    assert desk.carry(run_id).state == "succeeded"
    assert desk.refetch() == 1
    desk.house.settle()
    assert_true(desk)


def test_an_instant_of_the_future_does_not_keep_out_what_comes_until_then(desk: Desk) -> None:
    desk.sync("full")
    victim = widest(desk)
    victim.updated_at = datetime(2099, 1, 1, tzinfo=UTC)
    desk.sync("incremental")
    held = watermark(desk)
    assert held is not None
    assert held <= datetime.now(UTC)


def test_a_clock_that_was_set_back_hides_nothing_that_is_gone(desk: Desk) -> None:
    desk.sync("full")
    with desk.house.database.writing() as transaction:
        ahead = transaction.now() + timedelta(hours=2)
        transaction.execute(update(product.cache).values(pulled_at=ahead))
    (victim, *_) = truth_of(desk)["products"]
    desk.simulation.shop.delete(int(victim["id"]))
    desk.sync("full")
    assert desk.refetch() == 1
    desk.house.settle()
    assert_true(desk)


def test_a_run_can_be_cancelled_and_resumed_as_often_as_one_likes(desk: Desk) -> None:
    desk.script(bulk=["stall"] * 6)
    run_id = desk.begin()
    for _ in range(6):
        desk.carry(run_id, until=lambda run: run.phase is not None and "prepares the export" in run.phase)
        desk.cancel(run_id)
        assert desk.carry(run_id).state == "cancelled"
        desk.resume(run_id)
    assert desk.carry(run_id).state == "succeeded"
    assert_true(desk)
