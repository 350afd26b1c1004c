"""`runs list` and `runs show` for people: the same words everywhere, and what applies to a run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backroom.cli.runs import Line
from backroom.db.database import Database, open_database
from backroom.jobs.registration import new_check
from backroom.jobs.requests import NewRun, queue_run
from backroom.shops.shops import find_shop
from tests.cli.conftest import Backroom, at_a_terminal
from tests.cli.test_bars import RUN
from tests.cli.test_cli_runs import SHOP, TOKEN, carry


@pytest.fixture
def database(home: Path, backroom: Backroom) -> Iterator[Database]:
    """The database that the commands look at, with one shop that can be asked."""
    assert backroom("shop", "add", SHOP, stdin=TOKEN).code == 0
    opened = open_database(f"sqlite:///{home}/backroom.db")
    yield opened
    opened.dispose()


def shown(backroom: Backroom, run_id: int) -> dict[str, str]:
    """{label: text} of `runs show`."""
    lines = backroom("runs", "show", str(run_id)).out.splitlines()
    return {line[:16].rstrip(): line[17:] for line in lines if not line.startswith(" ")}


def test_a_run_is_called_alike_on_a_terminal_and_in_a_pipe(
    backroom: Backroom, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.writing() as transaction:
        shop_id = find_shop(transaction, SHOP)
        queue_run(transaction, new_check(shop_id, "a test"))
        queue_run(
            transaction,
            NewRun(
                kind="refetch", resource="inventory", mode="wanted", shop_id=shop_id, requested_by="a test"
            ),
        )
    piped = backroom("runs", "list").out
    at_a_terminal(monkeypatch)
    seen = backroom("runs", "list").out
    for name in ("check webhooks", "refetch inventory"):
        assert f"  {name} " in piped
        assert f" {name} " in seen
    whole, short = (Line.of(RUN, RUN.created_at, short=short) for short in (False, True))
    assert whole.run == short.run == "full sync products"


def test_older_runs_are_paged_by_their_ids(backroom: Backroom, database: Database) -> None:
    for _ in range(3):
        backroom("sync", "products")
        run_id = backroom("runs", "list", "--limit", "1", "--json").json[0]["id"]
        backroom("runs", "cancel", str(run_id))
    said = backroom("runs", "list", "--limit", "2", "--json")
    assert ([run["id"] for run in said.json], said.err) == ([3, 2], "older ones: --before 2\n")
    said = backroom("runs", "list", "--before", "2", "--json")
    assert ([run["id"] for run in said.json], said.err) == ([1], "")


def test_a_run_is_shown_without_what_says_nothing_of_it(backroom: Backroom, database: Database) -> None:
    backroom("sync", "products", "--full")
    assert shown(backroom, 1).keys() == {
        "id", "kind", "resource", "mode", "shop", "state", "requested_by", "created_at",
    }  # fmt: skip
    carry(database, 1, seen=3_200, state="succeeded")
    found = shown(backroom, 1)
    assert (found["seen"], found["written"]) == ("3,200 / 50,000", "3,200")
    assert not found.keys() & {"total", "unchanged", "parked", "drifted", "in_flight", "repaired", "see"}
    as_json = backroom("runs", "show", "1", "--json").json
    assert (as_json["seen"], as_json["total"], as_json["drifted"]) == (3_200, 50_000, 0)


def test_a_run_that_found_nothing_says_so(backroom: Backroom, database: Database) -> None:
    backroom("sync", "products", "--full")
    carry(database, 1, seen=0, state="succeeded")
    assert shown(backroom, 1)["seen"] == "0 / 50,000"
