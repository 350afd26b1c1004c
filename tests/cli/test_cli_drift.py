"""`reconcile` and `drift`: asking for comparisons, and what people see of what they found. The tests play
both the worker and the ledger."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from backroom.cli.drift import Line, differs
from backroom.cli.table import table
from backroom.compose import gauges_of
from backroom.db.database import Database, open_database
from backroom.drift.findings import FindingFilter, read_findings
from backroom.erp.tables import inventory_item, location
from backroom.jobs.chunks import Chunks
from backroom.jobs.claims import claim_queued, finish
from backroom.jobs.runs import read_run
from backroom.resources.registry import BY_PLURAL
from backroom.shops.shops import find_shop
from backroom.vocabulary.ids import ShopId
from tests.cli.conftest import Backroom
from tests.cli.test_cli_runs import SHOP, TOKEN, alive, once_queued
from tests.drifted import put_finding, put_whole
from tests.waiting import Running

SECOND = "two.myshopify.com"


@pytest.fixture
def database(home: Path, backroom: Backroom) -> Iterator[Database]:
    """The database that the commands look at, with one shop that can be asked and a worker that lives."""
    assert backroom("shop", "add", SHOP, stdin=TOKEN).code == 0
    opened = open_database(f"sqlite:///{home}/backroom.db")
    alive(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def shop_id(database: Database) -> ShopId:
    return shop_of(database, SHOP)


def shop_of(database: Database, domain: str) -> ShopId:
    with database.reading() as transaction:
        return find_shop(transaction, domain)


def carry(
    database: Database,
    run_id: int,
    *,
    drifted: int = 0,
    in_flight: int = 0,
    repaired: int = 0,
    state: str = "succeeded",
    error: str | None = None,
) -> None:
    """Plays a worker that compares a thousand products."""
    with database.writing() as transaction:
        (claim,) = claim_queued(transaction, [run_id], "w")
    with Chunks(database, claim).open() as chunk:
        chunk.expect(1_000)
        chunk.count(seen=1_000, drifted=drifted, in_flight=in_flight, repaired=repaired)
        chunk.say("comparing")
    with database.writing() as transaction:
        finish(transaction, claim, state, error)


def test_reconcile_compares_everything_of_all_shops(backroom: Backroom, database: Database) -> None:
    backroom("shop", "add", SECOND, stdin=TOKEN)
    said = backroom("reconcile")
    assert (said.code, said.err) == (0, "")
    asked = [(plural, domain) for domain in (SHOP, SECOND) for plural in BY_PLURAL]
    assert said.out.splitlines() == [
        f"run {number}: reconcile of {plural} of {domain}" for number, (plural, domain) in enumerate(asked, 1)
    ]
    runs = backroom("runs", "list", "--json").json
    assert {(run["kind"], run["resource"], run["mode"]) for run in runs} == {
        ("reconcile", plural, "compare") for plural in BY_PLURAL
    }


def test_reconcile_repairs_only_when_told(backroom: Backroom, database: Database) -> None:
    said = backroom("reconcile", "products", "products", "--repair", "--shop", SHOP)
    assert said.out == f"run 1: repair of products of {SHOP}\n"
    (run,) = backroom("runs", "list", "--json").json
    assert run["mode"] == "repair"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["dreams"], 2, "no such resource: dreams"),
        (["products", "--shop", "none.myshopify.com"], 1, "no such shop"),
    ],
)
def test_a_reconcile_that_makes_no_sense_is_refused(
    backroom: Backroom, database: Database, arguments: list[str], code: int, words: str
) -> None:
    said = backroom("reconcile", *arguments)
    assert said.code == code
    assert words in said.err
    assert backroom("runs", "list", "--json").json == []


def test_a_second_reconcile_is_refused_and_the_first_one_is_named(
    backroom: Backroom, database: Database
) -> None:
    backroom("reconcile", "products")
    said = backroom("reconcile", "products", "--repair")
    assert said.code == 1
    assert said.err == f"backroom: {SHOP}: a reconcile of products is queued already: run 1\n"


def test_wait_succeeds_where_nothing_drifted(backroom: Backroom, database: Database) -> None:
    waiting: Running[None] = Running(
        lambda: once_queued(database, 1, lambda: carry(database, 1, in_flight=2))
    )
    said = backroom("reconcile", "products", "--wait")
    waiting.join()
    assert (said.code, said.err) == (0, "")
    assert said.last_line == "run 1: succeeded, 1,000 / 1,000 compared, nothing drifted, 2 in flight"


def test_wait_fails_where_drift_was_found_and_says_where_it_is(
    backroom: Backroom, database: Database, shop_id: ShopId
) -> None:
    def work() -> None:
        put_finding(database, shop_id, run=1)
        put_finding(database, shop_id, run=1, field="vendor")
        put_whole(database, shop_id, "missing", "8", run=1)
        put_whole(database, shop_id, "missing", "9", run=1, state="ignored")
        carry(database, 1, drifted=2)

    waiting: Running[None] = Running(lambda: once_queued(database, 1, work))
    said = backroom("reconcile", "products", "--wait")
    waiting.join()
    assert said.code == 1
    assert said.last_line == "run 1: succeeded, 1,000 / 1,000 compared, 2 products drifted"
    assert said.err == (
        f"backroom: run 1 (reconcile of products of {SHOP}): 3 findings are open (of 2 products):"
        " `backroom drift list`\n"
    )


def test_wait_succeeds_where_what_was_found_is_repaired_or_ignored(
    backroom: Backroom, database: Database, shop_id: ShopId
) -> None:
    def work() -> None:
        put_finding(database, shop_id, run=1, state="repaired")
        put_finding(database, shop_id, run=1, state="ignored", key="8")
        carry(database, 1, drifted=2, repaired=1)

    waiting: Running[None] = Running(lambda: once_queued(database, 1, work))
    said = backroom("reconcile", "products", "--repair", "--wait")
    waiting.join()
    assert (said.code, said.err) == (0, "")
    assert said.last_line.startswith(
        "run 1: succeeded, 1,000 / 1,000 compared, 2 products drifted, 1 repaired"
    )


def test_wait_fails_once_where_the_run_did(backroom: Backroom, database: Database, shop_id: ShopId) -> None:
    def work() -> None:
        put_finding(database, shop_id, run=1)
        carry(database, 1, drifted=1, state="failed", error="1 could not be repaired")

    waiting: Running[None] = Running(lambda: once_queued(database, 1, work))
    said = backroom("reconcile", "products", "--repair", "--wait")
    waiting.join()
    assert said.code == 1
    assert said.err == f"backroom: run 1 (repair of products of {SHOP}) failed: 1 could not be repaired\n"


def test_runs_say_what_drifted(backroom: Backroom, database: Database) -> None:
    backroom("reconcile", "products", "--repair")
    carry(database, 1, drifted=3, in_flight=2, repaired=3)
    listed = backroom("runs", "list").out
    assert "repair products" in listed
    assert listed.endswith("\n    3 products drifted, 2 in flight, 3 repaired\n"), "below its run"
    shown = backroom("runs", "show", "1").out
    assert "\ndrifted          3\n" in shown
    assert f"\nsee              backroom drift list --shop {SHOP} --resource products --state all\n" in shown
    backroom("reconcile", "products")
    carry(database, 2)
    waited = backroom("runs", "wait", "2")
    assert waited.last_line == "run 2: succeeded, 1,000 / 1,000 compared, nothing drifted"


def test_a_level_is_listed_by_its_sku_and_its_location(
    backroom: Backroom, database: Database, shop_id: ShopId
) -> None:
    with database.writing() as transaction:
        for table, known in (
            (location, {"shopify_location_id": 7, "name": "Berlin", "active": True}),
            (inventory_item, {"shopify_inventory_item_id": 12, "sku_code": "TSHIRT-S", "tracked": True}),
        ):
            transaction.execute(insert(table).values(id=1, shop_id=shop_id, is_active=True, **known))
    about: dict[str, Any] = {
        "resource": "inventory",
        "entity": "inventory_level",
        "title": None,
        "field": "available",
    }
    put_finding(database, shop_id, key="12:7", location_id=7, ours=3, theirs=5, **about)
    _, line, differs = backroom("drift", "list").out.splitlines()
    assert line.split()[1:6] == [SHOP, "inventory:12:7", "TSHIRT-S", "at", "Berlin"]
    assert differs == "    inventory: inventory level 12, available: 3 -> 5"
    assert "TSHIRT-S at Berlin" in backroom("drift", "show", "1").out


def test_findings_are_listed_with_what_differs(
    backroom: Backroom, database: Database, shop_id: ShopId
) -> None:
    assert backroom("drift", "list").out == "nothing is open\n"
    put_finding(database, shop_id, ours="x" * 90, theirs="Shirt", reason="the shop is busy")
    put_whole(database, shop_id, "missing", "8", title=None)
    put_finding(database, shop_id, state="gone")
    head, whole, why, value, differs = backroom("drift", "list").out.splitlines()
    assert head.split() == ["id", "shop", "key", "title", "kind", "first", "seen", "age"]
    assert whole.split()[:5] == ["2", SHOP, "product:8", "-", "missing"]
    assert why == "    product: Shopify has it, the cache has not"
    assert value.endswith(" 3h")
    assert differs == f"    product: listing 12, title: {'x' * 39}… -> Shirt (the shop is busy)"
    rows = backroom("drift", "list", "--json").json
    assert [row["id"] for row in rows] == [2, 1]
    assert (rows[1]["ours"], rows[1]["theirs"], rows[1]["field"]) == ("x" * 90, "Shirt", "title")


def test_each_option_of_the_list_narrows(backroom: Backroom, database: Database, shop_id: ShopId) -> None:
    backroom("shop", "add", SECOND, stdin=TOKEN)
    put_finding(database, shop_id)
    put_whole(database, shop_id, "missing", "8")
    put_finding(database, shop_of(database, SECOND))
    put_finding(database, shop_id, state="gone")

    def ids(*arguments: str) -> list[int]:
        return [row["id"] for row in backroom("drift", "list", *arguments, "--json").json]

    assert ids() == [3, 2, 1]
    assert ids("--shop", SECOND.upper()) == [3]
    assert ids("--state", "gone") == [4]
    assert ids("--state", "all") == [4, 3, 2, 1]
    assert ids("--kind", "missing") == [2]
    assert ids("--leg", "erp", "--resource", "products") == [3, 1]
    assert ids("--before", "3") == [2, 1]
    assert ids("--limit", "1") == [3]
    assert backroom("drift", "list", "--resource", "dreams").code == 2
    assert backroom("drift", "list", "--state", "lost").code == 2
    assert "value, gone" in backroom("drift", "list", "--state", "all").out


def test_a_finding_is_a_line_of_80_cells_with_what_differs_below(database: Database, shop_id: ShopId) -> None:
    put_finding(database, shop_id, title="Organic cotton shirt " * 9, ours="o" * 90, theirs="t" * 90)
    put_finding(database, shop_id, key="7000000000012", state="ignored", age=timedelta(days=400))
    with database.reading() as transaction:
        found = read_findings(transaction, FindingFilter(), None, 9).items
        now = transaction.now()
    long = [replace(each, shop="a-shop-with-a-very-long-name.myshopify.com") for each in found]
    lines = [Line.of(each, now + timedelta(days=2), short=True) for each in long]
    below = {each.id: differs(each) for each in long}
    shown = table(lines, Line, 80, lambda line: below[line.id])
    assert len(shown) == 5
    assert max(map(len, shown)) <= 80
    assert shown[2].startswith("    listing 12, title: ")
    assert shown[1].split()[-1] == "400d"
    assert " 7000000000012 " in shown[1], "whole, so that it can be copied"


def test_one_finding_is_shown_whole(backroom: Backroom, database: Database, shop_id: ShopId) -> None:
    put_finding(database, shop_id, ours="o" * 90, theirs=["a", "b"])
    shown = backroom("drift", "show", "1").out
    assert f"\nours             {'o' * 90}\n" in shown
    assert '\ntheirs           ["a","b"]\n' in shown
    assert "\nage              3h\n" in shown
    assert backroom("drift", "show", "1", "--json").json["key"] == "7"
    said = backroom("drift", "show", "9")
    assert (said.code, said.err) == (1, "backroom: there is no finding 9\n")


def test_chosen_findings_are_repaired_by_a_run_of_their_shop(
    backroom: Backroom, database: Database, shop_id: ShopId
) -> None:
    backroom("shop", "add", SECOND, stdin=TOKEN)
    for key in "789":
        put_finding(database, shop_id, key=key)
    put_finding(database, shop_of(database, SECOND))
    said = backroom("drift", "repair", "4", "3", "1", "3")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        f"run 1: mending of products of {SHOP}, 2 findings",
        f"run 2: mending of products of {SECOND}, 1 finding",
    ]
    with database.reading() as transaction:
        run = read_run(transaction, 1)
    assert (run.kind, run.mode, run.options) == ("reconcile", "findings", {"findings": [1, 3]})
    assert "\nfindings         1, 3\n" in backroom("runs", "show", "1").out


def test_all_open_findings_are_repaired(backroom: Backroom, database: Database, shop_id: ShopId) -> None:
    assert backroom("drift", "repair", "--all").out == "nothing is open\n"
    backroom("shop", "add", SECOND, stdin=TOKEN)
    for key in range(12):
        put_finding(database, shop_id, key=str(key))
    put_finding(database, shop_id, key="99", state="ignored")
    put_finding(database, shop_of(database, SECOND))
    assert (
        backroom("drift", "repair", "--all", "--shop", SHOP).out
        == f"run 1: mending of products of {SHOP}, 12 findings\n"
    )
    with database.reading() as transaction:
        assert read_run(transaction, 1).options == {"all": True}
    assert "\nall              True\n" in backroom("runs", "show", "1").out
    said = backroom("drift", "repair", "--all")
    assert said.code == 1
    assert said.out == f"run 2: mending of products of {SECOND}, 1 finding\n"
    assert said.err == f"backroom: {SHOP}: a reconcile of products is queued already: run 1\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "name the findings"),
        (["1", "--all"], 2, "name the findings"),
        (["1", "--shop", SHOP], 2, "--shop goes with --all"),
        (["77"], 1, "there is no finding 77"),
        (["1"], 1, "finding 1 is repaired already"),
    ],
)
def test_a_repair_that_makes_no_sense_is_refused(
    backroom: Backroom, database: Database, shop_id: ShopId, arguments: list[str], code: int, words: str
) -> None:
    put_finding(database, shop_id, state="repaired")
    said = backroom("drift", "repair", *arguments)
    assert said.code == code
    assert words in said.err
    assert backroom("runs", "list", "--json").json == []


def test_a_repair_is_waited_for_and_fails_with_its_run(
    backroom: Backroom, database: Database, shop_id: ShopId
) -> None:
    put_finding(database, shop_id)
    waiting: Running[None] = Running(
        lambda: once_queued(database, 1, lambda: carry(database, 1, state="failed", error="1 stays"))
    )
    said = backroom("drift", "repair", "1", "--wait")
    waiting.join()
    assert (said.code, said.err) == (1, f"backroom: run 1 (mending of products of {SHOP}) failed: 1 stays\n")


def test_findings_are_ignored_and_looked_at_again(
    backroom: Backroom, database: Database, shop_id: ShopId
) -> None:
    put_finding(database, shop_id)
    put_finding(database, shop_id, key="8")
    assert backroom("drift", "ignore", "1", "2").out == "2 findings are ignored\n"
    assert backroom("drift", "list").out == "nothing is open\n"
    said = backroom("drift", "repair", "1")
    assert (said.code, said.err) == (
        1,
        "backroom: finding 1 is ignored: `backroom drift reopen 1` ends that\n",
    )
    assert backroom("drift", "reopen", "1").out == "1 finding is open\n"
    (found,) = backroom("drift", "list", "--json").json
    assert found["id"] == 1
    assert json.loads(backroom("drift", "list", "--state", "ignored", "--json").out)[0]["id"] == 2


def test_open_findings_are_told_wherever_people_look(
    backroom: Backroom, database: Database, shop_id: ShopId
) -> None:
    assert "drift" not in backroom("status").out
    assert gauges_of(database)()["drifting"] == 0
    assert {"check": "drift", "state": "ok"}.items() <= backroom("doctor", "--json").json[-1].items()
    put_finding(database, shop_id)
    assert "\n1 finding of drift is open: `backroom drift list`\n" in backroom("status").out
    put_finding(database, shop_id, key="8")
    put_finding(database, shop_id, key="9", state="ignored")
    assert "\n2 findings of drift are open: `backroom drift list`\n" in backroom("status").out
    found = backroom("status", "--json").json
    assert (found["drifting"], [shop["drifting"] for shop in found["shops"]]) == (2, [2])
    assert gauges_of(database)()["drifting"] == 2
    (told,) = [each for each in backroom("doctor", "--json").json if each["check"] == "drift"]
    assert (told["state"], told["found"], told["advice"]) == (
        "warn",
        f"{SHOP}: 2 open",
        "backroom drift list",
    )
