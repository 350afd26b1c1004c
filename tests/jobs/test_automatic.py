"""Which refetches begin by themselves, and when: time is what a test says."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from backroom.db.database import Database, open_database
from backroom.db.migrate import upgrade
from backroom.flow.put import Putter
from backroom.jobs.automatic import PAUSES_SECONDS, WantedRefetches
from backroom.jobs.claims import claim_queued, finish
from backroom.jobs.requests import queue_run
from backroom.resources.product import product
from backroom.shops.credentials import Grant, read_credential, store_grant
from backroom.shops.shops import add_shop, read_opening, remove_shop
from backroom.shops.vault import Vault
from backroom.vocabulary.ids import RunId, ShopId
from tests.conftest import drop_schemas

VAULT = Vault(["k" * 32])
DOMAIN = "one.myshopify.com"


class Scene:
    """One shop whose cache wants a product, and a clock that a test moves."""

    def __init__(self, database_url: str, schema: str) -> None:
        self.at = datetime(2026, 11, 28, tzinfo=UTC)
        self.database: Database = open_database(database_url, schema, self)
        upgrade(self.database)
        self.shop_id = self.open()
        self.ask = WantedRefetches([product])
        with self.database.writing() as transaction:
            putter = Putter(
                transaction, product, self.shop_id, run_id=RunId(1), asked_at=self.at - timedelta(hours=1)
            )
            putter.want([(7,)], "a test")

    def now(self) -> datetime:
        return self.at

    def open(self) -> ShopId:
        """As `shop add` does."""
        opening = read_opening(json.dumps({"client_secret": "hush"}).encode())
        with self.database.writing() as transaction:
            return add_shop(transaction, VAULT, DOMAIN, opening, client_id="app")

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def begins(self) -> bool:
        with self.database.reading() as transaction:
            return bool(self.ask(transaction))

    def run(self, state: str = "failed") -> None:
        """What is due is begun, and ends."""
        with self.database.writing() as transaction:
            (new,) = self.ask(transaction)
            (claim,) = claim_queued(transaction, [queue_run(transaction, new)], "w")
            finish(transaction, claim, state, None)


@pytest.fixture
def scene(database_url: str, schema: str) -> Iterator[Scene]:
    made = Scene(database_url, schema)
    yield made
    drop_schemas(made.database)
    made.database.dispose()


def test_what_is_wanted_is_fetched_at_once_and_never_twice_at_the_same_time(scene: Scene) -> None:
    assert scene.begins()
    with scene.database.writing() as transaction:
        queue_run(transaction, scene.ask(transaction)[0])
    assert not scene.begins()


def test_after_each_failure_the_pause_is_longer_and_the_last_one_stays(scene: Scene) -> None:
    for pause in (*PAUSES_SECONDS, PAUSES_SECONDS[-1]):
        scene.run()
        scene.pass_(pause - 1)
        assert not scene.begins()
        scene.pass_(1)
        assert scene.begins()


def test_after_a_success_there_is_no_pause(scene: Scene) -> None:
    scene.run()
    scene.pass_(30)
    scene.run("succeeded")
    assert scene.begins()


def test_new_credentials_are_tried_at_once_and_what_failed_before_counts_for_nothing(scene: Scene) -> None:
    for pause in PAUSES_SECONDS:
        scene.run()
        scene.pass_(pause)
    scene.run()
    scene.pass_(1)
    assert not scene.begins()
    scene.open()
    assert scene.begins()
    scene.run()
    assert not scene.begins()
    scene.pass_(PAUSES_SECONDS[0])
    assert scene.begins()


def test_a_token_that_was_granted_since_begins_nothing(scene: Scene) -> None:
    scene.run()
    scene.pass_(1)
    with scene.database.writing() as transaction:
        seen = read_credential(transaction, VAULT, scene.shop_id).seen
        grant = Grant(token="t", expires_at=None)
        assert store_grant(transaction, VAULT, scene.shop_id, seen, grant)
    assert not scene.begins()


def test_nothing_begins_for_a_shop_that_was_removed(scene: Scene) -> None:
    with scene.database.writing() as transaction:
        remove_shop(transaction, DOMAIN)
    assert not scene.begins()


def test_while_nothing_is_wanted_only_an_index_is_looked_at(database: Database) -> None:
    statements: list[tuple[str, Any]] = []

    def noted(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    with database.reading() as transaction:
        event.listen(transaction.connection, "before_cursor_execute", noted)
        assert WantedRefetches([product])(transaction) == []
        event.remove(transaction.connection, "before_cursor_execute", noted)
        ((statement, parameters),) = [each for each in statements if product.cache.name in each[0]]
        explain = transaction.connection.exec_driver_sql
        if database.schema is not None:
            explain("SET LOCAL enable_seqscan = off")
        rows = explain(f"EXPLAIN {'QUERY PLAN ' if database.schema is None else ''}{statement}", parameters)
        plan = " ".join(str(row) for row in rows)
    assert f"ix_{product.cache.name}_wanted" in plan, plan
