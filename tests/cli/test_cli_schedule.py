"""`schedule`: seen, changed, switched off and on; and what `status` and `doctor` warn of."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from backroom.cache.watermarks import save_watermark
from backroom.db.database import Database, open_database
from backroom.jobs.claims import claim_queued, finish
from backroom.jobs.firing import DueRuns, fire
from backroom.jobs.schedules import EVERY_SECONDS
from backroom.resources.registry import RESOURCES
from backroom.shops.shops import find_shop
from backroom.shops.tables import shop as shop_table
from backroom.shops.tables import webhook_secret
from backroom.vocabulary.ids import RunId
from tests.cli.conftest import Backroom, at_a_terminal

ONE, TWO = "one.myshopify.com", "two.myshopify.com"
TOKEN = '{"access_token": "t", "webhook_secrets": ["hush"]}'


@pytest.fixture
def database(home: Path, backroom: Backroom) -> Iterator[Database]:
    """The database that the commands look at, with two shops."""
    for domain in (ONE, TWO):
        assert backroom("shop", "add", domain, stdin=TOKEN).code == 0
    opened = open_database(f"sqlite:///{home}/backroom.db")
    yield opened
    opened.dispose()


def listed(backroom: Backroom, shop: str = ONE) -> dict[str, dict[str, object]]:
    return {row["kind"]: row for row in backroom("schedule", "list", "--shop", shop, "--json").json}


def test_every_kind_of_every_shop_is_listed_with_its_default(backroom: Backroom, database: Database) -> None:
    rows = backroom("schedule", "list", "--json").json
    assert [(row["shop"], row["kind"]) for row in rows] == [
        (domain, kind) for domain in (ONE, TWO) for kind in EVERY_SECONDS
    ]
    assert [row["every"] for row in rows[:5]] == ["15m", "1d", "10m", "0s", "1d"]
    assert all(row["is_on"] and row["fired_at"] is None and row["last_run"] is None for row in rows)
    found = listed(backroom)
    assert found["sync"]["waits_for"] == "nothing was synced in full yet"
    assert found["webhooks"]["waits_for"] == "BACKROOM_PUBLIC_URL is not set"
    assert found["retention"]["next_at"] is not None
    said = backroom("schedule", "list", "--shop", TWO).out
    assert "each 15m" in said
    assert "nothing was synced in full yet" in said
    assert "when something is wanted" in said
    assert ONE not in said


def test_a_schedule_is_changed_for_one_shop_or_for_all(backroom: Backroom, database: Database) -> None:
    said = backroom("schedule", "set", "sync", "--every", "5m", "--shop", TWO)
    assert (said.code, said.out) == (0, f"{TWO}: sync each 5m, on\n")
    assert (listed(backroom)["sync"]["every"], listed(backroom, TWO)["sync"]["every"]) == ("15m", "5m")
    said = backroom("schedule", "set", "reconcile", "--every", "12h", "--repair")
    assert said.out == f"{ONE}: reconcile each 12h, on, repairs\n{TWO}: reconcile each 12h, on, repairs\n"
    assert (
        backroom("schedule", "set", "reconcile", "--no-repair", "--shop", ONE).out
        == f"{ONE}: reconcile each 12h, on\n"
    )
    assert backroom("schedule", "off", "refetch", "--shop", ONE).out == f"{ONE}: refetch at once, off\n"
    assert listed(backroom)["refetch"]["is_on"] is False
    assert backroom("schedule", "on", "refetch").code == 0
    assert listed(backroom)["refetch"]["is_on"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["set", "sync"], 2, "say how often with --every, like --every 15m\n"),
        (["set", "refetch"], 2, "say how often with --every, like --every 1m\n"),
        (["set", "reconcile"], 2, "like --every 1d, or --repair or --no-repair\n"),
        (["set", "sync", "--every", "often"], 2, "says no length of time"),
        (["set", "sync", "--every", "0s"], 2, "each second at most"),
        (["set", "sync", "--repair"], 2, "only a reconcile repairs"),
        (["set", "lunch", "--every", "1d"], 2, "no such schedule: lunch"),
        (["off", "sync", "--shop", "three.myshopify.com"], 1, "no such shop"),
        (["list", "--shop", "three.myshopify.com"], 1, "no such shop"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_sentence(
    backroom: Backroom, database: Database, arguments: list[str], code: int, words: str
) -> None:
    said = backroom("schedule", *arguments)
    assert said.code == code
    assert said.err.startswith("backroom: ")
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_in_80_columns_a_schedule_is_a_line_with_what_it_waits_for_below(
    backroom: Backroom, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_terminal(monkeypatch)
    backroom("schedule", "off", "retention", "--shop", ONE)
    _, *lines = backroom("schedule", "list").out.splitlines()
    kinds = [tuple(line.split()[:2]) for line in lines if not line.startswith(" ")]
    assert kinds == [(shop, kind) for shop in ("one", "two") for kind in EVERY_SECONDS]
    assert lines[1] == "    nothing was synced in full yet"
    assert [line.split() for line in lines if "off" in line] == [
        ["one", "retention", "each", "1d", "off", "-", "off"]
    ]
    assert max(map(len, lines)) <= 80


def test_the_last_run_is_told_in_words(backroom: Backroom, database: Database) -> None:
    backroom("schedule", "set", "sync", "--every", "1s", "--shop", ONE)
    with database.writing() as transaction:
        shop_id = find_shop(transaction, ONE)
        save_watermark(transaction, shop_id, "products", transaction.now(), RunId(1))
        earlier = transaction.now() - timedelta(hours=1)
        transaction.execute(update(shop_table).values(created_at=earlier))
    with database.reading() as transaction:
        (firing,) = DueRuns(RESOURCES, None)(transaction)
    with database.writing() as transaction:
        (run_id,) = fire(transaction, firing)
    assert listed(backroom)["sync"]["last_run"] == f"run {run_id} is queued"
    with database.writing() as transaction:
        (claim,) = claim_queued(transaction, [run_id], "w")
        finish(transaction, claim, "failed", "the token is not accepted")
    row = listed(backroom)["sync"]
    assert (row["last_run_id"], row["last_run"]) == (
        run_id,
        f"run {run_id} failed: the token is not accepted",
    )
    assert row["fired_at"] is not None


def test_status_and_doctor_warn(backroom: Backroom, database: Database) -> None:
    assert backroom("status", "--json").json["warnings"] == []
    with database.writing() as transaction:
        now = transaction.now()
        transaction.execute(update(shop_table).where(shop_table.c.domain == ONE).values(disconnected_at=now))
    (warned,) = backroom("status", "--json").json["warnings"]
    assert (warned["kind"], warned["shop"]) == ("disconnected", ONE)
    assert f"warning: {ONE}: the app is not installed" in backroom("status").out
    found = [each for each in backroom("doctor", "--json").json if each["check"] == "disconnected"]
    assert [each["state"] for each in found] == ["warn"]


def test_a_secret_that_is_in_use_is_removed_only_by_force(backroom: Backroom, database: Database) -> None:
    backroom("shop", "secret", "add", ONE, stdin="newer")
    with database.writing() as transaction:
        transaction.execute(
            update(webhook_secret)
            .where(webhook_secret.c.id == 1)
            .values(last_used_at=transaction.now(), use_count=1)
        )
    said = backroom("shop", "secret", "remove", ONE, "1")
    assert said.code == 1
    assert said.err.startswith("backroom: webhook secret 1 signed a delivery at 20")
    assert said.err.endswith("or give --force\n")
    assert backroom("shop", "secret", "remove", ONE, "1", "--force").code == 0
