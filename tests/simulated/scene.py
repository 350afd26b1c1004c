"""A simulated shop and a real Backroom: the shop's webhooks go to the real server, over HTTP.

What never happens here: a body that the simulator did not make, or a row that the worker did not write.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Table, select

from backroom.demo.held import Held, read_held
from backroom.demo.record import read_record
from backroom.demo.verdict import Verdict, judge
from backroom.flow.status import read_status
from backroom.ingress.tables import webhook_delivery
from backroom.resources.registry import RESOURCES
from backroom.shops.tables import shop
from shopify_simulator.simulation import Simulation
from shopify_simulator.webhooks.faults import Faults
from tests.crash.served import Served
from tests.waiting import eventually

SECRET: Final = "what the simulated app signs with"
SOON: Final = 300.0
"""Shopify's four hours of retries within 48 seconds: longer than a restart takes."""


class Scene:
    """One shop of one Backroom. All that is read here is of this shop."""

    def __init__(self, served: Served, simulation: Simulation) -> None:
        self.served = served
        self.simulation = simulation
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
        """Until every delivery has ended, and Backroom has nothing more to do."""
        self.simulation.come_to_rest()
        eventually(self._rests, "an inbox and a cache with nothing to do now", within=60)

    def _rests(self) -> bool:
        with self.served.database.reading() as transaction:
            status = read_status(transaction, RESOURCES)
        return status.inbox_pending + status.dirty == 0

    def verdict(self) -> Verdict:
        """The ERP's rows against the shop's truth, field by field."""
        record = read_record(self.sent(), self.simulation.status())
        truth = json.loads(json.dumps(self.simulation.truth(), default=str))
        return judge(truth, self.held(), record)

    def held(self) -> Held:
        with self.served.database.reading() as transaction:
            return read_held(transaction, self.domain)

    def shop_id(self) -> int:
        with self.served.database.reading() as transaction:
            found = transaction.execute(select(shop.c.id).where(shop.c.domain == self.domain))
            return int(found.scalar_one())

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """This shop's rows of a table, in the order of their ids."""
        of_shop = select(table).where(table.c.shop_id == self.shop_id())
        statement = of_shop.order_by(*table.primary_key.columns)
        with self.served.database.reading() as transaction:
            return [dict(row) for row in transaction.execute(statement).mappings()]

    def stored(self) -> list[dict[str, Any]]:
        """This shop's inbox."""
        return self.rows(webhook_delivery)

    def sent(self) -> list[dict[str, Any]]:
        """The simulator's record of its deliveries, the newest first."""
        return self.simulation.deliveries.rows(limit=100_000)


@contextmanager
def a_scene(
    served: Served, name: str, *, products: int = 12, seed: int = 1, **faults: Any
) -> Iterator[Scene]:
    """A shop of this name that Backroom knows and that delivers to it, not opened yet."""
    domain = f"{name}.myshopify.com"
    served.command(
        "shop", "add", domain, stdin=json.dumps({"access_token": "t", "webhook_secrets": [SECRET]})
    )
    simulation = Simulation(
        secret=SECRET,
        domain=domain,
        products=products,
        seed=seed,
        faults=Faults(seed=seed, **faults),
        time_scale=SOON,
    )
    with simulation:
        scene = Scene(served, simulation)
        scene.subscribe()
        yield scene
