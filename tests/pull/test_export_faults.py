"""Whatever goes wrong with an export, its run ends at the truth, or red and in words: never in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from backroom.jobs.runs import Run
from shopify_simulator.admin.faults import AdminFaults
from shopify_simulator.admin.writer import BulkWays, Order
from shopify_simulator.control.api import control_app
from shopify_simulator.control.server import Server
from shopify_simulator.simulation import Simulation
from tests.house import House
from tests.pull.pulled_shop import SECRET, TOKEN, assert_succeeded
from tests.pull.running import Desk
from tests.pull.truth import assert_true, differences, truth_of

PRODUCTS = 30
"""One of them has 101 variants."""
MANY = 270
"""More than may be open at a time while a file is read."""
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""For what goes wrong between Shopify and the job: the database has no part in it."""


@contextmanager
def a_desk(house: House, home: Path, *, products: int = PRODUCTS, **ways: Any) -> Iterator[Desk]:
    simulation = Simulation(secret=SECRET, access_token=TOKEN, products=products, plan="plus", **ways)
    with (
        simulation,
        Server(control_app(simulation)) as server,
        httpx.Client(trust_env=False) as http,
    ):
        yield Desk(house, simulation, http, server.url, home)


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Desk]:
    with a_desk(house, tmp_path) as opened:
        yield opened


def exports(desk: Desk) -> int:
    """How many Shopify was asked for."""
    return len(desk.simulation.admin.bulk.all())


def files(desk: Desk) -> list[Path]:
    return list((desk.home / "exports").glob("*"))


@on_sqlite
@pytest.mark.parametrize("fault", ["truncate", "fail", "cancel", "expire"])
def test_an_export_that_is_not_whole_is_asked_for_anew(desk: Desk, fault: str) -> None:
    desk.script(bulk=[fault])
    run = desk.sync()
    assert (run.seen, run.total, exports(desk)) == (PRODUCTS, PRODUCTS, 2)
    assert_true(desk)
    assert files(desk) == []


@on_sqlite
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("truncate", "its file has"),
        ("fail", "an error within Shopify: try again later"),
        ("cancel", "was cancelled"),
        ("expire", "has expired"),
    ],
)
def test_exports_that_are_never_whole_end_the_run_red(desk: Desk, fault: str, words: str) -> None:
    desk.script(bulk=[fault] * 9)
    run = desk.carry(desk.begin())
    assert (run.state, exports(desk)) == ("failed", 4)
    assert run.error is not None
    assert run.error.startswith("4 exports of demo.myshopify.com in a row were not whole: ")
    assert run.error.endswith("if it stays so, ask Shopify's support")
    assert words in run.error
    desk.script()
    desk.sync()
    assert_true(desk)


@on_sqlite
@pytest.mark.parametrize(
    "faults",
    [["expired"], ["cut", "expired"], ["cut", "cut", "cut", "error"], ["reset", "error"], ["slow"]],
    ids="-".join,
)
def test_a_file_that_does_not_come_at_once_comes_in_the_end(desk: Desk, faults: list[str]) -> None:
    desk.simulation.admin.set_faults(AdminFaults(slow_seconds=0.5))
    desk.script(download=faults)
    desk.sync()
    assert exports(desk) == 1
    assert desk.simulation.admin.mishaps.left("download") == []
    assert_true(desk)


@on_sqlite
@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize(
    "faults",
    [
        {"throttle": 0.5},
        {"error": 0.2, "error_page": 0.1, "too_many": 0.1, "reset": 0.1, "cut": 0.1, "internal": 0.1},
    ],
    ids=["throttled", "broken"],
)
def test_a_storm_delays_a_run_and_changes_nothing(desk: Desk, mode: str, faults: dict[str, float]) -> None:
    run_id = desk.begin(mode)
    desk.carry(run_id, until=lambda run: run.phase is not None)
    desk.simulation.admin.set_faults(AdminFaults(seed=2, request=faults))
    assert_succeeded(desk.carry(run_id))
    desk.simulation.admin.set_faults(AdminFaults())
    assert desk.run(run_id).seen == PRODUCTS
    assert_true(desk)


@on_sqlite
def test_a_storm_that_was_there_before_the_run_ends_it_at_once(desk: Desk) -> None:
    desk.script(request=["error"] * 20)
    run = desk.carry(desk.begin())
    assert run.state == "failed"
    assert run.error is not None
    assert "can not be reached" in run.error
    assert "it answers 503" in run.error


@on_sqlite
def test_a_scope_that_is_taken_away_in_mid_run_ends_it_and_its_return_lets_it_go_on(desk: Desk) -> None:
    desk.script(request=["ok", "denied"])
    run = desk.carry(desk.begin("incremental"))
    assert run.state == "failed"
    assert run.error is not None
    assert "denies the app access" in run.error
    desk.sync("incremental")
    assert_true(desk)


@pytest.mark.parametrize(
    ("backend", "order", "torn"),
    # One order shows what the database has to bear; in the others only the file is another.
    [
        ("sqlite", "shuffled", False),
        ("postgres", "shuffled", False),
        ("sqlite", "parted", False),
        ("sqlite", "grouped", True),
        pytest.param("postgres", "parted", False, marks=pytest.mark.soak),
        pytest.param("postgres", "grouped", True, marks=pytest.mark.soak),
    ],
    indirect=["backend"],
)
def test_children_that_stray_are_fetched_and_nothing_blinks_meanwhile(
    house: House, tmp_path: Path, order: Order, torn: bool
) -> None:
    with a_desk(house, tmp_path, products=MANY, bulk=BulkWays(order=order, torn=torn)) as desk:
        run = desk.sync()
        assert run.seen == MANY
        desk.refetch()
        assert_true(desk)
        before = house.changes()
        desk.sync()
        assert house.changes() == before, "a variant whose line lies elsewhere was never gone"
        desk.refetch()
        assert house.changes() == before
        assert_true(desk)


def test_an_empty_shop_is_a_green_run(house: House, tmp_path: Path) -> None:
    with a_desk(house, tmp_path, products=3) as desk:
        for product_id in list(desk.simulation.shop.products):
            desk.simulation.shop.delete(product_id)
        run = desk.sync()
        assert (run.seen, run.total) == (0, 0)
        assert desk.simulation.admin.ledger.sheet()["downloads"] == 0
        assert desk.held().products == {}


def test_what_was_deleted_unheard_is_inactive_after_a_full_sync(desk: Desk) -> None:
    desk.sync()
    gone = sorted(desk.simulation.shop.products)[:3]
    for product_id in gone:
        desk.simulation.shop.delete(product_id)
    desk.sync()
    assert {desk.held().products[number].row["listing.is_active"] for number in gone} == {True}, "asked first"
    assert desk.refetch() == 3
    assert {desk.held().products[number].row["listing.is_active"] for number in gone} == {False}
    assert_true(desk)


def test_everything_that_was_deleted_unheard_is_inactive_too(desk: Desk) -> None:
    desk.sync()
    for product_id in list(desk.simulation.shop.products):
        desk.simulation.shop.delete(product_id)
    run = desk.sync()
    assert (run.seen, run.total) == (0, 0)
    assert desk.refetch() == PRODUCTS
    assert truth_of(desk)["products"] == []
    assert_true(desk)


def test_what_one_export_forgets_is_not_touched(desk: Desk) -> None:
    desk.sync()
    before = desk.house.changes()
    products = desk.simulation.shop.products
    forgotten = [products.pop(number) for number in sorted(products)[:3]]
    run_id = desk.begin()
    desk.carry(run_id, until=lambda _: desk.cursor(run_id)["export"]["stage"] == "fetch")
    products.update({product.id: product for product in forgotten})
    run = desk.carry(run_id)
    assert_succeeded(run)
    assert run.seen == PRODUCTS - 3
    assert desk.refetch() == 3
    assert desk.house.changes() == before
    assert_true(desk)


def test_a_product_that_shopify_denies_by_mistake_comes_back(desk: Desk) -> None:
    """A null for an id is absence (law 4): there is no other word for it. A replica that lags behind says the
    same of a new product. The next word of Shopify's that knows the product brings it back.
    """
    desk.sync()
    denied, other = sorted(desk.simulation.shop.products)[:2]

    def is_active(number: int) -> bool:
        return bool(desk.held().products[number].row["listing.is_active"])

    for bring_back in (lambda: hear_of(desk, denied), lambda: desk.sync()):
        hear_of(desk, denied)
        hear_of(desk, other)
        desk.script(request=["ok", "absent"])
        desk.refetch()
        assert (is_active(denied), is_active(other)) == (False, True)
        bring_back()
        desk.refetch()
        assert is_active(denied)
        assert_true(desk)


@on_sqlite
def test_an_export_of_a_cancelled_run_does_not_go_on_at_shopify(desk: Desk) -> None:
    desk.script(bulk=["stall"])
    run_id = desk.begin()
    desk.carry(run_id, until=lambda run: run.phase is not None and "prepares the export" in run.phase)
    desk.cancel(run_id)
    assert desk.carry(run_id).state == "cancelled"
    (operation,) = desk.simulation.admin.bulk.all()
    assert operation.status in ("CANCELING", "CANCELED")


def hear_of(desk: Desk, product_id: int) -> None:
    """A webhook that says no more than that something happened to it."""
    desk.house.play("products/update", {"id": product_id})


@on_sqlite
def test_a_run_waits_its_turn_where_shopify_runs_as_many_as_it_lets_and_can_be_cancelled(desk: Desk) -> None:
    desk.simulation.admin.bulk.ways = replace(desk.simulation.admin.bulk.ways, most_at_once=1)
    desk.script(bulk=["stall"])
    desk.simulation.admin.bulk.run("{ products { edges { node { id } } } }", allowed=lambda _root: None)

    def waits(run: Run) -> bool:
        return run.phase is not None and run.phase.startswith("waiting: as many bulk operations run")

    run_id = desk.begin()
    desk.carry(run_id, until=waits)
    desk.cancel(run_id)
    assert desk.carry(run_id).state == "cancelled"
    assert differences(truth_of(desk), desk.held()) != []
