"""A pulled shop whose webhooks go to the real server from the start, and what the demo's verdict says of it.

What never happens here: a body that the simulator did not make, or a row that the worker did not write.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from backroom.demo.judge import judge
from backroom.demo.verdict import Verdict
from backroom.ingress.tables import webhook_delivery
from shopify_simulator.webhooks.faults import Faults
from tests.crash.served import Served
from tests.pull.pulled_shop import PulledShop, a_pulled_shop


class Scene(PulledShop):
    """One shop of one Backroom. All that is read here is of this shop.

    `stocked`: Backroom is told of stock, too, and has to have it.
    """

    stocked = False

    def verdict(self) -> Verdict:
        """The ERP's rows against the shop's truth, field by field."""
        truth = json.loads(json.dumps(self.simulation.truth(stock=self.stocked), default=str))
        return judge(truth, self.held(), self.simulation.status())

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
    """A shop of this name that Backroom knows and may ask, and that delivers to it; not opened yet."""
    chances = Faults(seed=seed, **faults)
    with a_pulled_shop(served, name, products=products, seed=seed, faults=chances) as shop:
        scene = Scene(served, shop.simulation, shop.server)
        scene.subscribe()
        yield scene
