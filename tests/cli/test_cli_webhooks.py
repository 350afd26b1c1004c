"""`webhooks`: what should be there, what is, what a check would do; asked of a simulated shop over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backroom.db.database import Database, open_database
from backroom.jobs.chunks import Chunks
from backroom.jobs.claims import claim_queued, finish
from backroom.jobs.connection import disconnect
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.runs import RunFilter, read_runs
from backroom.shops.shops import find_shop
from shopify_simulator.control.api import control_app
from shopify_simulator.control.server import Server
from shopify_simulator.simulation import Simulation
from tests.cli.conftest import Backroom
from tests.cli.test_cli_runs import alive, once_queued
from tests.waiting import Running

SHOP = "one.myshopify.com"
URL = "https://backroom.example.com"


@pytest.fixture
def simulation(backroom: Backroom, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulation]:
    """A shop that can be asked, and an address of ours."""
    monkeypatch.setenv("BACKROOM_PUBLIC_URL", URL)
    opening = json.dumps({"access_token": "shpat_1", "webhook_secrets": ["s"]})
    simulated = Simulation(secret="s", access_token="shpat_1", domain=SHOP, products=3)
    with simulated, Server(control_app(simulated)) as server:
        assert backroom("shop", "add", SHOP, "--api-url", server.url, stdin=opening).code == 0
        yield simulated


@pytest.fixture
def database(home: Path, simulation: Simulation) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{home}/backroom.db")
    yield opened
    opened.dispose()


def test_plan_says_what_is_missing_and_ends_with_1(backroom: Backroom, simulation: Simulation) -> None:
    said = backroom("webhooks", "plan", "--json")
    lines = {line["topic"]: line for line in said.json}
    assert said.code == 1
    assert lines["products/update"]["state"] == "missing"
    assert lines["products/update"]["apply"] == "make"
    assert lines["customers/redact"]["note"] == "set in the Dev Dashboard"


def test_plan_ends_with_0_where_all_is_right(backroom: Backroom, simulation: Simulation) -> None:
    for line in backroom("webhooks", "plan", "--json").json:
        if line["apply"]:
            topic = line["topic"]
            name = "backroom-" + topic.replace("/", "-").replace("_", "-")
            simulation.subscriptions.add(topic=topic, made_by="api", uri=f"{URL}/api/webhooks", name=name)
    said = backroom("webhooks", "plan")
    assert said.code == 0, said.out


def test_list_shows_what_shopify_holds(backroom: Backroom, simulation: Simulation) -> None:
    assert "Shopify holds no subscriptions" in backroom("webhooks", "list").out
    simulation.subscriptions.add(topic="orders/create", made_by="api", uri="https://other.example.com/in")
    (held,) = backroom("webhooks", "list", "--shop", SHOP, "--json").json
    assert (held["topic"], held["address"]) == ("ORDERS_CREATE", "https://other.example.com/in")


def test_apply_queues_a_check(backroom: Backroom, database: Database) -> None:
    said = backroom("webhooks", "apply")
    assert said.code == 0
    assert f"run 1: check of webhooks of {SHOP}\n" in said.out
    with database.reading() as transaction:
        (run,) = read_runs(transaction, RunFilter(), None, 10).items
    assert (run.kind, run.mode, run.state) == ("webhooks", "check", "queued")


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_without_an_address_one_sentence_says_what_to_set(
    backroom: Backroom, simulation: Simulation, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.delenv("BACKROOM_PUBLIC_URL")
    said = backroom("webhooks", command)
    assert said.code == 2
    assert "BACKROOM_PUBLIC_URL is not set" in said.err


def test_a_disconnected_shop_is_asked_nothing_until_shop_test_finds_it_again(
    backroom: Backroom, database: Database
) -> None:
    with database.writing() as transaction:
        disconnect(transaction, find_shop(transaction, SHOP))
    for command in (["webhooks", "plan"], ["webhooks", "apply"], ["sync", "products"]):
        said = backroom(*command)
        assert said.code == 1
        assert f"the app was uninstalled from {SHOP} on" in said.err
    assert backroom("shop", "list", "--json").json[0]["disconnected_at"] is not None
    assert "not installed since 20" in backroom("shop", "list").out
    said = backroom("shop", "test", SHOP)
    assert f"{SHOP} is connected again" in said.err
    assert backroom("webhooks", "apply").code == 1  # one is queued already: that of the reconnect
    with database.reading() as transaction:
        (run,) = read_runs(transaction, RunFilter(), None, 10).items
    assert run.requested_by == "the shop, connected again"
    assert "outage_since" in run.options


def test_shop_add_connects_it_again_too(backroom: Backroom, database: Database) -> None:
    with database.writing() as transaction:
        disconnect(transaction, find_shop(transaction, SHOP))
    said = backroom("shop", "add", SHOP, stdin=json.dumps({"access_token": "shpat_2"}))
    assert f"{SHOP} is connected again" in said.err


def test_apply_says_what_it_mended_and_so_does_the_list_of_runs(
    backroom: Backroom, database: Database
) -> None:
    def mended() -> None:
        with database.writing() as transaction:
            (claim,) = claim_queued(transaction, [1], "w")
        with Chunks(database, claim).noting() as chunk:
            chunk.sample("products/update", "was missing (nobody tells us of it); mended")
            chunk.sample("products", "run 4 fetches what changed since ten")
        with database.writing() as transaction:
            finish(transaction, claim, "succeeded", None)

    alive(database)
    waiting: Running[None] = Running(lambda: once_queued(database, 1, mended))
    said = backroom("webhooks", "apply", "--wait")
    waiting.join()
    assert said.code == 0
    assert f"{SHOP}: products/update: was missing (nobody tells us of it); mended\n" in said.out
    assert said.last_line == f"{SHOP}: products: run 4 fetches what changed since ten"
    below = backroom("runs", "list").last_line
    assert below == "    mended products/update; run 4 fetches what changed since ten"


def test_a_run_that_fills_a_gap_says_why_in_the_list(backroom: Backroom, database: Database) -> None:
    with database.writing() as transaction:
        new = NewRun(
            kind="sync",
            resource="products",
            mode="incremental",
            shop_id=find_shop(transaction, SHOP),
            requested_by="webhooks check, run 1",
            options={"reason": "products/update may not have come in since ten"},
        )
        queue_run(transaction, new)
    assert backroom("runs", "list").last_line == "    products/update may not have come in since ten"


def test_of_addresses_the_tables_tell_those_that_are_not_ours(
    backroom: Backroom, simulation: Simulation
) -> None:
    subscriptions = simulation.subscriptions
    ours = f"{URL}/api/webhooks"
    subscriptions.add(topic="products/create", made_by="api", uri=ours, name="backroom-products-create")
    subscriptions.add(topic="products/update", made_by="api", uri="https://old.example.com/api/webhooks")
    subscriptions.add(topic="orders/create", made_by="api", uri="https://other.example.com/in")
    planned = backroom("webhooks", "plan").out
    held = backroom("webhooks", "list").out
    assert ours not in planned + held
    assert SHOP not in planned + held, "there is one shop only"
    assert "leads to https://old.example.com/api/webhooks" in planned
    assert "somebody else's: left as it is (https://other.example.com/in)" in planned
    assert held.splitlines()[1].split()[1:] == ["PRODUCTS_CREATE", "ours", "ours", "2026-10"]
    assert backroom("webhooks", "list", "--json").json[0]["address"] == ours
