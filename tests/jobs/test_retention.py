"""Refetches are forgotten, after a day or a week; nothing else is, and the newest stay."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from backroom.db.database import Database
from backroom.jobs.retention import AT_ONCE, KEPT_NEWEST, forget_runs
from backroom.jobs.tables import sync_run
from backroom.vocabulary.ids import ShopId
from tests.house import make_shop
from tests.jobs.conftest import MakeCrew
from tests.jobs.counting import Counting
from tests.waiting import eventually

OLD_HOURS = 25.0


def add(
    database: Database,
    shop_id: ShopId,
    number: int = 1,
    *,
    hours: float = OLD_HOURS,
    kind: str = "refetch",
    state: str = "succeeded",
    requested_by: str = "a test",
) -> list[int]:
    """So many runs that ended so long ago."""
    with database.writing() as transaction:
        ended = transaction.now() - timedelta(hours=hours)
        row = {
            "kind": kind,
            "resource": "products",
            "mode": "wanted",
            "shop_id": shop_id,
            "state": state,
            "options": {},
            "samples": [],
            "requested_by": requested_by,
            "created_at": ended,
            "finished_at": ended,
            "generation": 1,
            **dict.fromkeys(("seen", "written", "unchanged", "parked", "failed"), 0),
        }
        before = transaction.execute(select(func.coalesce(func.max(sync_run.c.id), 0))).scalar_one()
        transaction.execute(insert(sync_run), [row] * number)
        added = select(sync_run.c.id).where(sync_run.c.id > before).order_by(sync_run.c.id)
        return list(transaction.execute(added).scalars())


def forget_all(database: Database) -> int:
    forgotten = 0
    while number := forget_runs(database):
        forgotten += number
    return forgotten


def left(database: Database, ids: Iterable[int]) -> list[int]:
    """Those of the runs that are still there."""
    with database.reading() as transaction:
        found = set(transaction.execute(select(sync_run.c.id)).scalars())
    return [run_id for run_id in ids if run_id in found]


def test_old_refetches_that_succeeded_go_and_the_newest_stay(database: Database, shop_id: ShopId) -> None:
    ids = add(database, shop_id, KEPT_NEWEST + 30)
    assert forget_all(database) == 30
    assert left(database, ids) == ids[30:]


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_refetches_that_did_not_go_well_go_after_a_week(
    database: Database, shop_id: ShopId, state: str
) -> None:
    ids = add(database, shop_id, KEPT_NEWEST + 30, hours=24 * 7 + 1, state=state)
    assert forget_all(database) == 30
    assert left(database, ids) == ids[30:]


@pytest.mark.parametrize(
    ("hours", "kind", "state"),
    [
        (23.0, "refetch", "succeeded"),
        (24.0 * 8, "sync", "succeeded"),
        (24.0 * 8, "sync", "failed"),
        (24.0 * 7 - 1, "refetch", "failed"),
        (24.0 * 7 - 1, "refetch", "cancelled"),
    ],
    ids=["a young one", "a sync", "a failed sync", "a failed one", "a cancelled one"],
)
def test_what_tells_people_something_stays(
    database: Database, shop_id: ShopId, hours: float, kind: str, state: str
) -> None:
    (kept_id,) = add(database, shop_id, hours=hours, kind=kind, state=state)
    (other,) = add(database, shop_id)
    add(database, shop_id, KEPT_NEWEST)
    assert forget_all(database) == 1
    assert left(database, [kept_id, other]) == [kept_id]


def test_what_the_schedule_began_goes_and_what_fills_a_gap_stays(database: Database, shop_id: ShopId) -> None:
    ids = add(database, shop_id, 3, kind="sync", requested_by="the schedule")
    kept = add(database, shop_id, 1, kind="sync", requested_by="webhooks check, run 7")
    add(database, shop_id, KEPT_NEWEST)
    assert forget_all(database) == 2
    assert left(database, ids + kept) == [ids[2], *kept], "the schedule's newest one is shown by its list"


def test_the_newest_of_each_kind_stays_however_old(database: Database, shop_id: ShopId) -> None:
    ids = add(database, shop_id, 3, kind="reconcile", requested_by="the schedule")
    add(database, shop_id, KEPT_NEWEST)
    assert forget_all(database) == 2
    assert left(database, ids) == ids[2:]


def test_the_newest_that_ended_well_stays_after_others_that_did_not(
    database: Database, shop_id: ShopId
) -> None:
    well = add(database, shop_id, 2, kind="reconcile", requested_by="the schedule", hours=300)
    failed = add(
        database, shop_id, 2, kind="reconcile", requested_by="the schedule", state="failed", hours=200
    )
    add(database, shop_id, KEPT_NEWEST)
    assert forget_all(database) == 2
    assert left(database, well + failed) == [well[1], failed[1]]


def test_each_shop_keeps_its_own_newest(database: Database, shop_id: ShopId) -> None:
    quiet = make_shop(database, "two.myshopify.com")
    ids = add(database, quiet, 5)
    add(database, shop_id, KEPT_NEWEST + 5)
    assert forget_all(database) == 5
    assert left(database, ids) == ids


def test_they_go_in_small_commits(database: Database, shop_id: ShopId) -> None:
    add(database, shop_id, AT_ONCE + KEPT_NEWEST + 1)
    assert [forget_runs(database) for _ in range(3)] == [AT_ONCE, 1, 0]


def test_a_worker_forgets_them_by_itself(database: Database, shop_id: ShopId, crew_of: MakeCrew) -> None:
    ids = add(database, shop_id, KEPT_NEWEST + 3)
    crew_of(Counting())
    eventually(lambda: left(database, ids) == ids[3:], "the oldest three are forgotten")
