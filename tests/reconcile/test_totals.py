"""A product's total of stock writes no level; where it lasts that it differs from their sum, it is told."""

import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select, update

from backroom.drift.findings import Finding, FindingFilter, read_findings
from backroom.jobs.job import Services
from backroom.jobs.reconciling import COMPARE, RECONCILE
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.runs import view_of
from backroom.jobs.tables import sync_run
from backroom.jobs.totals import StockTotals
from backroom.resources.inventory import inventory
from backroom.resources.product import product
from backroom.resources.registry import BY_NAME
from backroom.shopify.client import Client
from backroom.vocabulary.clock import SystemClock
from tests import bodies, stock_bodies
from tests.house import House, instant
from tests.laws.specimens import SPECIMENS
from tests.laws.upstream import Upstream, reconcile
from tests.rooms.catalogue import counted_statements

ITEM = 1101
"""Of variant 101."""


@dataclass(frozen=True)
class Case:
    """Levels are (location, available, at); `told`: the total, and when it was."""

    name: str
    levels: tuple[tuple[int, int, int], ...]
    told: tuple[int, int]
    differs: tuple[int, int] | None
    closed: int | None = None
    tracked: bool = True


CASES = (
    Case("the sum over two locations", ((7, 5, 0), (8, 3, 0)), (8, 10), None),
    Case("a level's change was lost", ((7, 5, 0), (8, 3, 0)), (7, 10), (8, 7)),
    Case("it was told before a level changed", ((7, 5, 0), (8, 3, 11)), (7, 10), None),
    Case("it was told in the second of a change", ((7, 5, 0), (8, 3, 10)), (7, 10), None),
    Case("a closed location does not count", ((7, 5, 0), (8, 3, 0)), (5, 10), None, closed=8),
    Case(
        "a closed location does not count, and it differs", ((7, 5, 0), (8, 3, 0)), (8, 10), (5, 8), closed=8
    ),
    Case("negative numbers add up", ((7, -5, 0), (8, 3, 0)), (-2, 10), None),
    Case("nothing is tracked", ((7, 5, 0),), (99, 10), None, tracked=False),
    Case("no level is held", (), (99, 10), None),
)


def product_body(told: tuple[int, float]) -> bodies.Json:
    """`told`: the total, and when."""
    total, at = told
    return bodies.product(1, at=at, variants=[bodies.variant(101, inventory_quantity=total)])


def tell(house: House, total: int, at: float) -> None:
    house.play("products/update", product_body((total, at)), triggered_at=instant(at))


def stock(house: House, case: Case) -> list[stock_bodies.Json]:
    """By webhooks; and what Shopify has of it, as it is pulled."""
    levels = [stock_bodies.level(ITEM, place, available=n, at=at) for place, n, at in case.levels]
    for body in levels:
        house.play("inventory_levels/update", body, triggered_at=instant(0))
    house.play("inventory_items/update", stock_bodies.item(ITEM, tracked=case.tracked))
    for place in (7, 8):
        house.play("locations/update", stock_bodies.location(place, active=place != case.closed))
    return [stock_bodies.pulled_levels(levels)] if levels else []


def findings(house: House) -> list[Finding]:
    with house.database.reading() as transaction:
        return list(read_findings(transaction, FindingFilter(state="open"), None, 50).items)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_total_is_compared_where_all_levels_are_older(house: House, tmp_path: Path, case: Case) -> None:
    roots = stock(house, case)
    tell(house, *case.told)
    before = house.changes()
    run = reconcile(house, SPECIMENS["inventory"], Upstream(SPECIMENS["inventory"], {}, roots), tmp_path)
    assert run.state == "succeeded"
    assert run.total is not None
    assert run.seen <= run.total
    told = [(each.field, each.ours, each.theirs, each.key, each.title) for each in findings(house)]
    wanted = [] if case.differs is None else [("inventory_quantity", *case.differs, str(ITEM), "CODE-101")]
    assert told == wanted
    assert house.changes() == before, "no total writes a level"


LATER = {
    "a level was disconnected": ("inventory_levels/disconnect", stock_bodies.disconnected(ITEM, 8)),
    "a location was closed": ("locations/deactivate", stock_bodies.location(8, at=20, active=False)),
    "a location was deleted": ("locations/delete", {"id": 8}),
}


@pytest.mark.parametrize("later", LATER)
def test_a_total_is_not_compared_where_less_counts_since(house: House, tmp_path: Path, later: str) -> None:
    roots = stock(house, CASES[0])
    tell(house, 8, 10)
    topic, body = LATER[later]
    house.play(topic, body, triggered_at=instant(20))
    if topic == "inventory_levels/disconnect":
        roots = [stock_bodies.pulled_levels([stock_bodies.level(ITEM, 7)])]
    run = reconcile(house, SPECIMENS["inventory"], Upstream(SPECIMENS["inventory"], {}, roots), tmp_path)
    assert (run.state, findings(house)) == ("succeeded", [])

    tell(house, 6, 30)
    reconcile(house, SPECIMENS["inventory"], Upstream(SPECIMENS["inventory"], {}, roots), tmp_path)
    assert [(each.ours, each.theirs) for each in findings(house)] == [(5, 6)], "told after that, it is"


def test_a_total_is_not_compared_where_a_location_was_opened_since(house: House, tmp_path: Path) -> None:
    roots = stock(house, replace(CASES[0], closed=8))
    tell(house, 5, 10)
    house.play("locations/activate", stock_bodies.location(8, at=20), triggered_at=instant(20))
    run = reconcile(house, SPECIMENS["inventory"], Upstream(SPECIMENS["inventory"], {}, roots), tmp_path)
    assert (run.state, findings(house)) == ("succeeded", [])


@pytest.mark.parametrize("table", ["inventory", "location"])
def test_a_total_is_not_compared_where_something_never_said_when_it_changed(
    house: House, tmp_path: Path, table: str
) -> None:
    stock(house, CASES[1])
    tell(house, 7, 10)
    totals = stock_totals(house, tmp_path)
    assert [each.key for each in totals.find(None, 10, house.ask()).found] == [(ITEM,)]
    cache = BY_NAME[table].cache
    with house.database.writing() as transaction:
        transaction.execute(update(cache).where(cache.c.shopify_location_id == 8).values(updated_at=None))
    assert totals.find(None, 10, house.ask()).found == []


def test_totals_take_as_many_statements_however_many_items_differ(house: House, tmp_path: Path) -> None:
    numbers = range(1, 13)
    for number in numbers:
        variant = bodies.variant(number, inventory_quantity=number)
        house.play("products/update", bodies.product(number, at=10, variants=[variant]))
        item = variant["inventory_item_id"]
        house.play("inventory_levels/update", stock_bodies.level(item, 7, available=0))
    totals = stock_totals(house, tmp_path)
    with counted_statements(house.database) as few:
        assert len(totals.find(None, 2, house.ask()).found) == 2
    with counted_statements(house.database) as many:
        assert len(totals.find(None, 12, house.ask()).found) == 12
    assert len(many) == len(few)


def test_a_repair_asks_for_the_levels_and_the_product_and_what_was_told_is_compared_no_more(
    house: House, tmp_path: Path
) -> None:
    case = CASES[1]
    roots = stock(house, case)
    tell(house, *case.told)
    upstream = Upstream(SPECIMENS["inventory"], {}, roots)
    run = reconcile(house, SPECIMENS["inventory"], upstream, tmp_path)
    assert (run.drifted, run.repaired) == (1, 0)
    (found,) = findings(house)
    assert found.reason is not None
    assert "it comes up again if a later webhook of the product says so" in found.reason
    assert [row["wanted_reason"] is not None for row in house.cache("product")] == [True]
    assert [row["wanted_reason"] is not None for row in house.cache("inventory")] == [True, True]

    house.fetched(product, bodies.pulled(product_body(case.told)))
    house.fetched(inventory, *upstream.bodies())
    house.settle()
    wanted = [row["wanted_at"] for name in ("product", "inventory") for row in house.cache(name)]
    assert wanted == [None, None, None]
    assert reconcile(house, SPECIMENS["inventory"], upstream, tmp_path).drifted == 0
    assert findings(house) == [], "a pulled product tells no total"

    tell(house, 7, 20)
    assert reconcile(house, SPECIMENS["inventory"], upstream, tmp_path).drifted == 1
    assert [(each.ours, each.theirs) for each in findings(house)] == [(8, 7)]

    tell(house, 8, 30)
    assert reconcile(house, SPECIMENS["inventory"], upstream, tmp_path).drifted == 0
    assert findings(house) == []


def test_what_waits_to_be_sorted_or_came_a_moment_ago_may_explain_it(house: House, tmp_path: Path) -> None:
    case = CASES[1]
    stock(house, case)
    tell(house, *case.told)
    totals = stock_totals(house, tmp_path)
    now = house.ask()
    assert [each.key for each in totals.find(None, 10, now).found] == [(ITEM,)]
    assert totals.find(None, 10, now - timedelta(minutes=5)).found == [], "it does not last"
    assert totals.find((1,), 10, now).until is None, "behind the last product there is none"

    late = stock_bodies.level(ITEM, 8, available=2, at=9)
    house.deliver("inventory_levels/update", late, triggered_at=instant(9))
    assert totals.find(None, 10, now).found == []


def stock_totals(house: House, home: Path) -> StockTotals:
    """As a run has it that has just begun."""
    services = Services(
        database=house.database,
        client_of=lambda _shop_id: cast(Client, None),
        resources={},
        home=home,
        clock=SystemClock(),
        stopping=threading.Event(),
    )
    new = NewRun(
        kind=RECONCILE, resource="inventory", mode=COMPARE, shop_id=house.shop_id, requested_by="a test"
    )
    with house.database.writing() as transaction:
        run_id = queue_run(transaction, new)
        run = view_of(transaction.execute(select(sync_run).where(sync_run.c.id == run_id)).mappings().one())
    return StockTotals(run=run, services=services, resource=inventory)
