"""Runs that failed lately: told until they are made good, while somebody can do something about them."""

import pytest

from backroom.compose import gauges_of
from backroom.db.database import Database
from backroom.jobs.claims import claim_queued, finish
from backroom.jobs.lately import failed_lately, what_clears
from backroom.jobs.requests import resume_run
from backroom.observe.metrics import Metrics
from backroom.shops.shops import add_shop, read_opening, remove_shop
from backroom.shops.vault import Vault
from tests.ended_runs import REFUSED, ended
from tests.house import make_shop
from tests.rooms.catalogue import counted_statements

VAULT = Vault(["k" * 40])


def failed(database: Database) -> list[int]:
    with database.reading() as transaction:
        return [run.id for run in failed_lately(transaction)]


def test_a_run_that_failed_is_told_once_until_a_later_one_succeeds_or_a_day_has_passed(
    database: Database,
) -> None:
    one, two = make_shop(database, "one.myshopify.com"), make_shop(database, "two.myshopify.com")
    ended(database, one, "sync", REFUSED, hours=25)
    assert failed(database) == []
    ended(database, one, "sync", REFUSED)
    newer = ended(database, one, "sync", REFUSED)
    other_kind = ended(database, one, "refetch", REFUSED)
    other_shop = ended(database, two, "sync", REFUSED)
    assert failed(database) == [other_shop, other_kind, newer]
    ended(database, one, "sync", None)
    assert failed(database) == [other_shop, other_kind]


def test_a_full_sync_that_failed_is_made_good_by_a_full_one_alone(database: Database) -> None:
    shop_id = make_shop(database, "one.myshopify.com")
    incremental = ended(database, shop_id, "sync", REFUSED, mode="incremental")
    assert failed(database) == [incremental]
    full = ended(database, shop_id, "sync", REFUSED)
    assert failed(database) == [full], "it would have fetched what the other one would"
    ended(database, shop_id, "sync", None, mode="incremental")
    assert failed(database) == [full]
    ended(database, shop_id, "sync", None)
    assert failed(database) == []


def test_a_removed_shops_runs_are_told_no_more_but_its_retention_is(database: Database) -> None:
    one, two = make_shop(database, "one.myshopify.com"), make_shop(database, "two.myshopify.com")
    others, retention = ended(database, one, "sync", REFUSED), ended(database, two, "retention", REFUSED)
    removed = ended(database, two, "sync", REFUSED)
    assert failed(database) == [removed, retention, others]
    gauges = gauges_of(database)
    assert gauges()["failed_runs"] == 3
    with database.writing() as transaction:
        remove_shop(transaction, "two.myshopify.com")
    assert failed(database) == [retention, others], "its rows are there, and are to be deleted"
    assert gauges()["failed_runs"] == 2
    with database.writing() as transaction:
        add_shop(transaction, VAULT, "two.myshopify.com", read_opening(b'{"access_token": "t"}'))
    assert failed(database) == [removed, retention, others]


def test_what_is_said_to_clear_a_full_sync_that_failed_clears_it(database: Database) -> None:
    shop_id = make_shop(database, "one.myshopify.com")
    run_id = ended(database, shop_id, "sync", "grant it to the app, and run the sync again")
    ended(database, shop_id, "sync", None, mode="incremental")
    with database.reading() as transaction:
        (run,) = failed_lately(transaction)
    assert what_clears(run) == f"once mended, `backroom runs resume {run_id}` clears it"
    with database.writing() as transaction:
        resume_run(transaction, run_id)
        (claim,) = claim_queued(transaction, [run_id], "w")
        finish(transaction, claim, "succeeded", None)
    assert failed(database) == []


def test_the_metrics_count_runs_that_failed(database: Database) -> None:
    shop_id = make_shop(database, "one.myshopify.com")
    gauges = gauges_of(database)
    assert gauges()["failed_runs"] == 0
    ended(database, shop_id, "sync", REFUSED)
    assert gauges()["failed_runs"] == 1
    assert b"backroom_failed_runs 1.0" in Metrics().render(gauges())


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_runs_that_failed_are_found_without_a_look_at_all_others(database: Database) -> None:
    """PostgreSQL rightly scans a table that is this small."""
    with counted_statements(database) as sent:
        assert failed(database) == []
    (asked,) = (each for each in sent if "FROM sync_run" in each)
    with database.reading() as transaction:
        marks = (None,) * asked.count("?")
        plan = transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", marks).all()
    assert "INDEX ix_sync_run_failed" in plan[0][-1], plan
