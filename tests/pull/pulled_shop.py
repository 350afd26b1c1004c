"""A simulated shop that Backroom can ask, too: webhooks one way, the Admin API the other, all of it HTTP.

What never happens here: a body that the simulator did not make, or a row that a worker did not write.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, count
from typing import Any, Final

from sqlalchemy import Table, select

from backroom.demo.held import Held, read_held
from backroom.flow.status import read_status
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.runs import Run, is_active, read_run
from backroom.jobs.syncs import new_sync
from backroom.jobs.tables import sync_run
from backroom.resources.registry import RESOURCES
from backroom.shops.shops import find_shop, list_shops, remove_shop
from backroom.shops.tables import shop as shop_table
from backroom.vocabulary.ids import ShopId
from shopify_simulator.control.api import control_app
from shopify_simulator.control.server import Server
from shopify_simulator.simulation import Simulation
from shopify_simulator.webhooks.faults import Faults
from tests.crash.served import Served
from tests.waiting import eventually

SECRET: Final = "what the simulated app signs with"
TOKEN: Final = "shpat_of_the_tests"
SOON: Final = 300.0
"""Shopify's four hours of retries within 48 seconds."""
RUN_SECONDS: Final = 120.0
REST_SECONDS: Final = 60.0


class PulledShop:
    """One shop of one Backroom. All that is read here is of this shop."""

    def __init__(self, served: Served, simulation: Simulation, server: Server) -> None:
        self.served = served
        self.simulation = simulation
        self.server = server
        self.domain = simulation.shop.domain

    def subscribe(self) -> None:
        host, port = self.served.address
        self.simulation.subscribe(f"http://{host}:{port}/api/webhooks")

    def open(self) -> None:
        """The whole catalogue, by products/create."""
        self.simulation.open()
        eventually(lambda: not self.simulation.status()["opening"], "all products are presented")

    def live(self, changes: int, rate: float = 200.0) -> None:
        """So many changes, and no more."""
        goal = self.simulation.shop.changes() + changes
        self.simulation.live(rate, changes)
        eventually(lambda: self.simulation.shop.changes() >= goal, f"{changes} changes", within=60)

    def come_to_rest(self) -> None:
        """Until every delivery has ended, and Backroom has nothing more to do and to ask."""
        self.simulation.come_to_rest()
        eventually(self._rests, "nothing to do, and nothing wanted", within=REST_SECONDS, look=0.05)

    def begin(self, *, full: bool) -> int:
        """A sync as people ask for it; its run's id."""
        with self.served.database.writing() as transaction:
            shop = next(each for each in list_shops(transaction) if each.domain == self.domain)
            new = new_sync(transaction, shop, "products", full=full, since=None, requested_by="a test")
            return queue_run(transaction, new)

    def begin_pages(self) -> int:
        """Everything by pages: what an incremental sync does that has nothing to begin from."""
        new = NewRun(
            kind="sync",
            resource="products",
            mode="incremental",
            shop_id=self.shop_id(),
            requested_by="a test",
        )
        with self.served.database.writing() as transaction:
            return queue_run(transaction, new)

    def run(self, run_id: int) -> Run:
        with self.served.database.reading() as transaction:
            return read_run(transaction, run_id)

    def wait(self, run_id: int, within: float = RUN_SECONDS) -> Run:
        """The run, once it is over."""

        def over() -> Run | None:
            run = self.run(run_id)
            return run if run.is_over else None

        return eventually(over, f"run {run_id} is over", within=within, look=0.05)

    def sync(self, *, full: bool) -> Run:
        """A sync, and its end: a good one, whose counts add up."""
        run = self.wait(self.begin(full=full))
        assert_succeeded(run)
        return run

    def remove(self) -> None:
        """As `shop remove` does."""
        with self.served.database.writing() as transaction:
            remove_shop(transaction, self.domain)

    def held(self) -> Held:
        with self.served.database.reading() as transaction:
            return read_held(transaction, self.domain)

    def shop_id(self) -> ShopId:
        with self.served.database.reading() as transaction:
            return find_shop(transaction, self.domain)

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """This shop's rows of a table, in the order of their ids."""
        of_shop = select(table).where(table.c.shop_id == self.shop_id())
        statement = of_shop.order_by(*table.primary_key.columns)
        with self.served.database.reading() as transaction:
            return [dict(row) for row in transaction.execute(statement).mappings()]

    def runs(self) -> list[dict[str, Any]]:
        """All runs of this shop."""
        return self.rows(sync_run)

    def counts(self) -> dict[str, float]:
        """What the simulator counted of its Admin API."""
        return self.simulation.admin.ledger.sheet()

    def _rests(self) -> bool:
        """Nothing to do, nothing wanted, nobody at work: all that is missing was fetched."""
        with self.served.database.reading() as transaction:
            status = read_status(transaction, RESOURCES)
            mine = next(each for each in status.shops if each.domain == self.domain)
            shop_id = find_shop(transaction, self.domain)
            active = select(sync_run.c.id).where(is_active(), sync_run.c.shop_id == shop_id)
            idle = transaction.execute(active).first() is None
        return idle and mine.inbox_pending + mine.dirty + mine.wanted == 0


def assert_succeeded(run: Run) -> None:
    """Green, and all of it counted."""
    assert (run.state, run.error) == ("succeeded", None)
    assert run.seen == run.written + run.unchanged
    assert (run.failed, run.parked, run.samples) == (0, 0, [])
    if run.mode == "full":
        assert run.seen == run.total


def unused_domain(served: Served, name: str) -> str:
    with served.database.reading() as transaction:
        known = set(transaction.execute(select(shop_table.c.domain)).scalars())
    numbered = (f"{name}-{number}.myshopify.com" for number in count(2))
    return next(domain for domain in chain([f"{name}.myshopify.com"], numbered) if domain not in known)


@contextmanager
def a_pulled_shop(
    served: Served,
    name: str,
    *,
    products: int = 60,
    seed: int = 1,
    faults: Faults | None = None,
    **ways: Any,
) -> Iterator[PulledShop]:
    """A shop that Backroom knows and may ask, and that delivers to nobody yet. `ways`: the simulation's.

    A name that another test's shop had is given a number: its rows are still there.
    """
    simulation = Simulation(
        secret=SECRET,
        access_token=TOKEN,
        domain=unused_domain(served, name),
        products=products,
        seed=seed,
        faults=faults or Faults(seed=seed),
        time_scale=SOON,
        **ways,
    )
    domain = simulation.shop.domain
    opening = {"access_token": TOKEN, "webhook_secrets": [SECRET]}
    with simulation, Server(control_app(simulation)) as server:
        served.open_shop(domain, opening, api_url=server.url)
        shop = PulledShop(served, simulation, server)
        try:
            yield shop
        finally:
            # Nobody asks it any more once it is gone.
            shop.domain = domain
            shop.remove()
