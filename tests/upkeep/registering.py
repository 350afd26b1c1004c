"""A desk that sees to webhooks, too: checks carried in this process, against the simulator's Admin API.

Nothing listens where the subscriptions lead: what is delivered there is lost, as in an outage.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import update

from backroom.jobs.registration import RegistrationCheck, new_check
from backroom.jobs.registry import JOBS
from backroom.jobs.requests import queue_run
from backroom.jobs.runs import Run, RunFilter, read_runs
from backroom.registration.desired import HOUSE_TOPICS
from backroom.registration.tables import webhook_subscription
from backroom.resources.registry import BY_TOPIC
from backroom.shopify.subscriptions import Subscription, list_subscriptions
from shopify_simulator.control.api import control_app
from shopify_simulator.control.server import Server
from shopify_simulator.shop.product import Product
from shopify_simulator.simulation import Simulation
from tests.house import House
from tests.pull.pulled_shop import SECRET, TOKEN
from tests.pull.running import IN_HASTE, Desk

PUBLIC_URL = "http://127.0.0.1:9"
ADDRESS = f"{PUBLIC_URL}/api/webhooks"
TOPICS = (*BY_TOPIC, *HOUSE_TOPICS)
"""What a shop is to be subscribed to."""
QUICK = RegistrationCheck(wait_seconds=0.01)
CHECKS = {**JOBS, **IN_HASTE, (QUICK.kind, QUICK.mode): QUICK}


class SetClock:
    """The shop's clock, which may be set back."""

    def __init__(self, behind: timedelta = timedelta(0)) -> None:
        self.behind = behind

    def __call__(self) -> datetime:
        return datetime.now(UTC) - self.behind


class UpkeepDesk(Desk):
    """Its shop's app is told nothing until somebody checks."""

    def __init__(
        self, house: House, simulation: Simulation, clock: SetClock, http: httpx.Client, url: str, home: Path
    ) -> None:
        super().__init__(house, simulation, http, url, home)
        self.clock = clock
        self.services = replace(self.services, public_url=PUBLIC_URL)

    def begin_check(self, **options: Any) -> int:
        with self.house.database.writing() as transaction:
            run_id = queue_run(transaction, new_check(self.house.shop_id, "a test", **options))
        self._claim(run_id, CHECKS)
        return run_id

    def check(self, **options: Any) -> Run:
        """One that ends well."""
        run = self.carry(self.begin_check(**options))
        assert (run.state, run.error) == ("succeeded", None)
        return run

    def get_right(self) -> None:
        """All is fetched, and all subscriptions are there."""
        self.sync()
        self.check()
        self.fill()

    def fill(self) -> Run:
        """Carries the filling run that waits, to a good end."""
        (waiting,) = self.queued()
        run = self.carry(self.take(waiting.id))
        assert (run.state, run.error) == ("succeeded", None)
        return run

    def take(self, run_id: int) -> int:
        """Claims a run that was queued by another one."""
        self._claim(run_id, CHECKS)
        return run_id

    def runs(self) -> list[Run]:
        """Newest first."""
        with self.house.database.reading() as transaction:
            return read_runs(transaction, RunFilter(), None, 100).items

    def queued(self) -> list[Run]:
        return [run for run in self.runs() if run.state == "queued"]

    def subscribed(self) -> dict[str, Subscription]:
        """What the Admin API lists, by the enum's topic."""
        client = self.services.client_of(self.house.shop_id)
        return {each.topic: each for each in list_subscriptions(client)}

    def recorded(self) -> Mapping[str, dict[str, Any]]:
        return {row["topic"]: row for row in self.house.rows(webhook_subscription)}

    def put_back(self, topics: tuple[str, ...], by: timedelta) -> datetime:
        """They were last known to be right so long ago."""
        c = webhook_subscription.c
        with self.house.database.writing() as transaction:
            then = transaction.now() - by
            known = update(webhook_subscription).where(c.topic.in_(topics))
            transaction.execute(known.values(right_at=then))
        return then

    def change(self, number: int = 0, title: str = "Changed") -> int:
        """A change of one product that nobody hears of; its id."""
        product: Product = list(self.simulation.shop.products.values())[number]

        def retitle(each: Product) -> None:
            each.title = title

        self.simulation.shop.change(product.id, retitle)
        return product.id


@contextmanager
def an_upkeep_desk(house: House, home: Path, *, products: int = 6, **ways: Any) -> Iterator[UpkeepDesk]:
    clock = SetClock(timedelta(days=2))
    simulation = Simulation(
        clock=clock,
        secret=SECRET,
        access_token=TOKEN,
        domain="one.myshopify.com",
        products=products,
        plan="plus",
        **ways,
    )
    with (
        simulation,
        Server(control_app(simulation)) as server,
        httpx.Client(trust_env=False) as http,
    ):
        yield UpkeepDesk(house, simulation, clock, http, server.url, home)
