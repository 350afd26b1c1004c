"""`sync` and `runs`: asking for runs, and what people see of them. Workers are played by the tests."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from backroom.cache.watermarks import save_watermark
from backroom.cli.run_words import progress
from backroom.cli.runs import Line
from backroom.cli.spans import short_span
from backroom.cli.table import table
from backroom.db.database import Database, open_database
from backroom.jobs.chunks import Chunks
from backroom.jobs.claims import claim_queued, finish
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.runs import read_run
from backroom.resources.inventory import inventory
from backroom.resources.registry import BY_PLURAL
from backroom.shops.shops import find_shop
from backroom.vocabulary.errors import Unknown
from backroom.vocabulary.ids import RunId
from backroom.worker.tables import worker
from tests.cli.conftest import Backroom
from tests.waiting import Running, eventually

SHOP = "one.myshopify.com"
TOKEN = json.dumps({"access_token": "shpat_1", "webhook_secrets": ["s"]})


@pytest.fixture
def database(home: Path, backroom: Backroom) -> Iterator[Database]:
    """The database that the commands look at, with one shop that can be asked."""
    assert backroom("shop", "add", SHOP, stdin=TOKEN).code == 0
    opened = open_database(f"sqlite:///{home}/backroom.db")
    yield opened
    opened.dispose()


def carry(database: Database, run_id: int, *, seen: int, state: str | None, error: str | None = None) -> None:
    """Plays a worker: claims a run, counts, and ends it unless `state` is None."""
    with database.writing() as transaction:
        (claim,) = claim_queued(transaction, [run_id], "w")
    with Chunks(database, claim).open() as chunk:
        chunk.expect(50_000)
        chunk.count(seen=seen, written=seen)
        chunk.say("reading the file")
        chunk.sample("gid://shopify/Product/7", "its body is cut off")
    if state is not None:
        with database.writing() as transaction:
            finish(transaction, claim, state, error)


def alive(database: Database) -> None:
    with database.writing() as transaction:
        now = transaction.now()
        transaction.execute(
            insert(worker).values(name="w", host="h", pid=1, started_at=now, heartbeat_at=now)
        )


def test_sync_queues_a_run_and_says_that_nobody_works(backroom: Backroom, database: Database) -> None:
    said = backroom("sync", "products", "--full")
    assert (said.code, said.out) == (0, f"run 1: full sync of products of {SHOP}\n")
    assert "no worker is alive" in said.err
    (run,) = backroom("runs", "list", "--json").json
    assert (run["kind"], run["resource"], run["mode"], run["state"]) == ("sync", "products", "full", "queued")
    assert run["shop"] == SHOP
    assert backroom("status", "--json").json["running"] == 1


def test_the_status_names_runs_that_go_on_and_those_that_failed_lately(
    backroom: Backroom, database: Database
) -> None:
    backroom("sync", "products", "--full")
    carry(database, 1, seen=3_200, state="failed", error="the token is not accepted")
    said = backroom("status").out
    assert f"run 1, full sync of products of {SHOP}, failed: the token is not accepted; once mended" in said
    backroom("sync", "products", "--full")
    carry(database, 2, seen=1_204, state=None)
    said = backroom("status").out
    assert f"run 2, full sync of products of {SHOP}: running, 1,204 / 50,000, reading the file\n" in said
    assert "no webhook waits; 1 run is queued or running: `backroom runs list`\n" in said
    assert "run 1," in said, "nothing has made it good yet"


def test_a_second_sync_is_refused_and_the_first_one_is_named(backroom: Backroom, database: Database) -> None:
    alive(database)
    backroom("sync", "products")
    said = backroom("sync", "products", "--full", "--shop", SHOP)
    assert said.code == 1
    assert said.err == f"backroom: {SHOP}: a sync of products is queued already: run 1\n"


def test_sync_asks_for_all_shops_that_can_be_asked(backroom: Backroom, database: Database) -> None:
    backroom("shop", "add", "two.myshopify.com", stdin=TOKEN)
    said = backroom("sync", "all")
    asked = [(plural, domain) for domain in (SHOP, "two.myshopify.com") for plural in BY_PLURAL]
    assert said.out.splitlines() == [
        f"run {number}: full sync of {plural} of {domain}" for number, (plural, domain) in enumerate(asked, 1)
    ], "the first one of a shop is full"
    assert {run["mode"] for run in backroom("runs", "list", "--json").json} == {"full"}


def test_a_sync_of_stock_brings_its_locations_and_items_along_and_fails_with_any_of_them(
    backroom: Backroom, database: Database
) -> None:
    def work() -> None:
        for number, state in enumerate(("succeeded", "failed", "succeeded"), 1):
            carry(database, number, seen=7, state=state, error="ask again" if state == "failed" else None)

    alive(database)
    waiting: Running[None] = Running(lambda: once_queued(database, 3, work))
    said = backroom("sync", "inventory", "--full", "--wait")
    waiting.join()
    plurals = [*inventory.along, "inventory"]
    assert said.out.splitlines()[: len(plurals)] == [
        f"run {number}: full sync of {plural} of {SHOP}" for number, plural in enumerate(plurals, 1)
    ]
    assert said.code == 1
    assert said.err == f"backroom: run 2 (full sync of inventory_items of {SHOP}) failed: ask again\n"


def test_what_comes_along_may_be_active_already(backroom: Backroom, database: Database) -> None:
    alive(database)
    backroom("sync", "locations")
    said = backroom("sync", "inventory")
    assert (said.code, said.err) == (
        1,
        f"backroom: {SHOP}: a sync of locations is queued already: run 1\n",
    )
    queued = [(run["id"], run["resource"]) for run in backroom("runs", "list", "--json").json]
    assert queued == [(3, "inventory"), (2, "inventory_items"), (1, "locations")]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["orders-of-yore"], 2, "no such resource"),
        (["products", "--shop", "none.myshopify.com"], 1, "no such shop"),
        (["products", "--since", "yesterday"], 2, "is no instant"),
        (["products", "--since", "2026-11-28T09:00:00"], 2, "is no instant"),
        (["products", "--full", "--since", "7d"], 2, "leave out since"),
        (["products", "--since", "2999-01-01T00:00:00Z"], 2, "has not come yet"),
    ],
)
def test_a_sync_that_makes_no_sense_is_refused(
    backroom: Backroom, database: Database, arguments: list[str], code: int, words: str
) -> None:
    said = backroom("sync", *arguments)
    assert said.code == code
    assert words in said.err
    assert backroom("runs", "list", "--json").json == []


def test_since_is_handed_to_the_run(backroom: Backroom, database: Database) -> None:
    backroom("sync", "products", "--since", "2026-11-28T10:00:00+01:00")
    (run,) = backroom("runs", "list", "--json").json
    assert run["options"] == {"since": "2026-11-28T09:00:00.000000Z"}


def test_wait_shows_how_it_goes_and_returns_when_it_is_over(backroom: Backroom, database: Database) -> None:
    alive(database)
    backroom("sync", "products")

    def work() -> None:
        carry(database, 2, seen=1_200, state="succeeded")

    backroom("runs", "cancel", "1")
    waiting: Running[None] = Running(lambda: once_queued(database, 2, work))
    said = backroom("sync", "products", "--wait")
    waiting.join()
    assert (said.code, said.err) == (0, "")
    assert said.last_line == "run 2: succeeded, 1,200 / 50,000"


def once_queued(database: Database, run_id: int, work: Callable[[], None]) -> None:
    def there() -> bool:
        with suppress(Unknown), database.reading() as transaction:
            return read_run(transaction, run_id).state == "queued"
        return False

    eventually(there, "the run is queued")
    work()


def test_wait_fails_where_the_run_did_and_says_why(backroom: Backroom, database: Database) -> None:
    alive(database)
    waiting: Running[None] = Running(
        lambda: once_queued(
            database, 1, lambda: carry(database, 1, seen=7, state="failed", error="ask for read_products")
        )
    )
    said = backroom("sync", "products", "--wait")
    waiting.join()
    assert said.code == 1
    assert said.err == f"backroom: run 1 (full sync of products of {SHOP}) failed: ask for read_products\n"


def test_a_run_is_shown_with_its_counts_and_why_it_ended(backroom: Backroom, database: Database) -> None:
    backroom("sync", "products", "--full")
    carry(database, 1, seen=3_200, state="failed", error="the token is not accepted: give a new one")
    listed = backroom("runs", "list").out
    assert "3,200 / 50,000" in listed
    assert listed.endswith("\n    the token is not accepted: give a new one\n"), "below its run"
    shown = backroom("runs", "show", "1").out
    assert "\nerror            the token is not accepted: give a new one\n" in shown
    assert "  gid://shopify/Product/7: its body is cut off\n" in shown
    assert backroom("runs", "show", "1", "--json").json["seen"] == 3_200


def test_how_long_a_run_has_taken_is_told_by_the_databases_clock_alone(
    backroom: Backroom, database: Database
) -> None:
    backroom("sync", "products", "--full")
    carry(database, 1, seen=3_600, state=None)
    with database.reading() as transaction:
        run = read_run(transaction, 1)
    assert run.started_at is not None
    # As if this machine's clock were a day behind the database's.
    line = Line.of(run, run.started_at + timedelta(days=1))
    assert (line.took, line.rate) == ("24 h 0 min", "0/s")
    line = Line.of(run, run.started_at + timedelta(seconds=90))
    assert (line.took, line.rate) == ("1 min 30 s", "40/s")


def test_time_in_which_nobody_worked_is_not_told(backroom: Backroom, database: Database) -> None:
    backroom("sync", "products", "--full")
    carry(database, 1, seen=3, state="failed", error="the disk is full")
    backroom("runs", "resume", "1")
    carry(database, 1, seen=7, state="succeeded")
    with database.reading() as transaction:
        line = Line.of(read_run(transaction, 1), transaction.now())
    assert (line.took, line.rate) == (None, None)


def test_a_run_is_one_line_of_80_cells(backroom: Backroom, database: Database) -> None:
    backroom("shop", "add", "a-shop-with-a-very-long-name.myshopify.com", stdin=TOKEN)
    backroom("sync", "products", "--full")
    for run_id in (1, 2):
        carry(database, run_id, seen=31_200, state="failed", error="the token is not accepted " * 9)
    with database.reading() as transaction:
        runs = [read_run(transaction, run_id) for run_id in (2, 1)]
        now = transaction.now()
    lines = [Line.of(replace(run, mode="incremental"), now + timedelta(hours=30), short=True) for run in runs]
    shown = table(lines, Line, 80, lambda line: f"why {line.id} failed")
    assert len(shown) == 5
    assert max(map(len, shown)) <= 80
    assert "31,200/50,000" in shown[1]
    assert shown[1].split()[-1] == str(runs[0].started_at and runs[0].started_at.day)
    assert shown[2] == "    why 2 failed"


@pytest.mark.parametrize(("seconds", "text"), [(4.21, "4.2s"), (185, "3m05s"), (7_440, "2h04m")])
def test_a_span_is_said_in_a_few_cells(seconds: float, text: str) -> None:
    assert short_span(seconds) == text


def test_a_sync_of_which_one_shop_is_busy_waits_for_the_others(
    backroom: Backroom, database: Database
) -> None:
    alive(database)
    backroom("sync", "products")
    backroom("shop", "add", "two.myshopify.com", stdin=TOKEN)
    waiting: Running[None] = Running(
        lambda: once_queued(database, 2, lambda: carry(database, 2, seen=9, state="succeeded"))
    )
    said = backroom("sync", "products", "--wait")
    waiting.join()
    assert said.code == 1
    assert said.err == f"backroom: {SHOP}: a sync of products is queued already: run 1\n"
    assert said.last_line == "run 2: succeeded, 9 / 50,000"


def test_one_comes_back_to_runs_that_go_on(backroom: Backroom, database: Database) -> None:
    alive(database)
    backroom("sync", "products", "--full")
    waiting: Running[None] = Running(
        lambda: once_queued(database, 1, lambda: carry(database, 1, seen=9, state="succeeded"))
    )
    said = backroom("runs", "wait", "1", "1")
    waiting.join()
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0] == f"run 1: full sync of products of {SHOP}"
    assert said.last_line.startswith("run 1: succeeded, 9 / 50,000")


def test_ctrl_c_ends_the_watching_and_says_how_to_end_the_run(home: Path, database: Database) -> None:
    with database.writing() as transaction:
        shop_id = find_shop(transaction, SHOP)
        new = NewRun(kind="sync", resource="products", mode="full", shop_id=shop_id, requested_by="a test")
        queue_run(transaction, new)
    watching = subprocess.Popen(
        [sys.executable, "-m", "backroom", "runs", "wait", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    assert watching.stdout.readline() == f"run 1: full sync of products of {SHOP}\n"
    assert watching.stdout.readline() == "run 1: queued\n"
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=20)
    assert watching.returncode == 130
    assert err.splitlines()[-1] == (
        "run 1 goes on; `backroom runs wait 1` shows it again, `backroom runs cancel 1` ends it"
    )
    with database.reading() as transaction:
        assert read_run(transaction, 1).state == "queued"


def test_a_run_is_cancelled_and_resumed(backroom: Backroom, database: Database) -> None:
    backroom("sync", "products")
    assert backroom("runs", "cancel", "1").out == "run 1 is cancelled\n"
    said = backroom("runs", "cancel", "1")
    assert (said.code, said.err) == (1, "backroom: run 1 is over already: it was cancelled\n")
    assert backroom("runs", "resume", "1").code == 0
    said = backroom("runs", "resume", "1")
    assert (said.code, said.err) == (1, "backroom: run 1 can not be resumed: it is queued\n")


def test_a_running_run_is_asked_to_stop(backroom: Backroom, database: Database) -> None:
    backroom("sync", "products")
    carry(database, 1, seen=3, state=None)
    assert backroom("runs", "cancel", "1").out == "run 1 stops before its next chunk\n"
    assert "cancelling" in backroom("runs", "list").out


def test_a_run_is_not_resumed_while_another_one_is_active(backroom: Backroom, database: Database) -> None:
    backroom("sync", "products")
    backroom("runs", "cancel", "1")
    backroom("sync", "products")
    said = backroom("runs", "resume", "1")
    assert (said.code, said.err) == (1, "backroom: a sync of products is queued already: run 2\n")


def test_a_run_that_is_not_there_is_said_to_be_missing(backroom: Backroom, database: Database) -> None:
    for action in ("show", "wait", "cancel", "resume"):
        said = backroom("runs", action, "77")
        assert (said.code, said.err) == (1, "backroom: there is no run 77\n")


def test_a_later_sync_asks_for_what_changed_since(backroom: Backroom, database: Database) -> None:
    with database.writing() as transaction:
        shop_id = find_shop(transaction, SHOP)
        save_watermark(transaction, shop_id, "products", transaction.now(), RunId(1))
    assert backroom("sync", "products").out == f"run 1: sync of products of {SHOP}\n"


@pytest.mark.parametrize(
    ("kind", "mode", "words"),
    [
        ("sync", "full", "succeeded, 7 / 50,000"),
        ("reconcile", "compare", "succeeded, 7 / 50,000 compared, nothing drifted"),
        ("reconcile", "findings", "succeeded"),
        ("webhooks", "check", "succeeded, 7 / 50,000 topics, 7 mended"),
        ("retention", "sweep", "succeeded, 7 / 50,000 looked at, 7 deleted"),
    ],
)
def test_each_kind_of_run_counts_in_its_own_words(
    backroom: Backroom, database: Database, kind: str, mode: str, words: str
) -> None:
    backroom("sync", "products")
    carry(database, 1, seen=7, state="succeeded")
    with database.reading() as transaction:
        run = replace(read_run(transaction, 1), kind=kind, mode=mode)
    assert progress(run) == words
