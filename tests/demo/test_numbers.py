"""Which run the live block shows."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from backroom.db.database import Database, Transaction, open_database
from backroom.db.migrate import upgrade
from backroom.demo.numbers import ENDING_SHOWN, run_of_interest
from backroom.jobs.claims import claim_queued, finish
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.tables import sync_run
from tests.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = open_database(f"sqlite:///{tmp_path}/backroom.db")
    upgrade(database)
    opened = House(database)
    yield opened
    opened.close()
    database.dispose()


def begin(house: House, kind: str, mode: str) -> int:
    shop_id = house.shop_id
    new = NewRun(kind=kind, resource="products", mode=mode, shop_id=shop_id, requested_by="a test")
    with house.database.writing() as transaction:
        return queue_run(transaction, new)


def end(house: House, run_id: int) -> None:
    with house.database.writing() as transaction:
        (claim,) = claim_queued(transaction, [run_id], "w")
        finish(transaction, claim, "succeeded", None)


def age(transaction: Transaction, run_id: int, by: timedelta) -> None:
    at = sync_run.c.finished_at
    (ended,) = transaction.execute(
        sync_run.select().with_only_columns(at).where(sync_run.c.id == run_id)
    ).one()
    transaction.execute(update(sync_run).where(sync_run.c.id == run_id).values(finished_at=ended - by))


def shown(database: Database) -> int | None:
    with database.reading() as transaction:
        run = run_of_interest(transaction)
    return None if run is None else run.id


def test_the_end_of_a_sync_stays_for_a_moment_beside_the_refetches_that_follow(house: House) -> None:
    assert shown(house.database) is None
    sync = begin(house, "sync", "full")
    end(house, sync)
    refetch = begin(house, "refetch", "wanted")
    assert shown(house.database) == sync
    end(house, refetch)
    assert shown(house.database) == sync
    with house.database.writing() as transaction:
        age(transaction, sync, ENDING_SHOWN)
    assert shown(house.database) == refetch
