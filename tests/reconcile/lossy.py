"""A shop whose webhooks are dropped, doubled and shuffled on their way to a real door; stations at work."""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

from backroom.ingress.receive import Receiver
from backroom.jobs.runs import Run
from backroom.observe.metrics import Metrics
from backroom.resources.registry import RESOURCES
from backroom.shops.keyring import Signers
from backroom.web.body import READ_SECONDS, UNVERIFIED_BYTES, BodyReader
from backroom.web.hooks import WebhookDoor
from backroom.web.observer import RefusalObserver
from backroom.worker.loop import Loop
from shopify_simulator.shop.product import Product
from shopify_simulator.webhooks.faults import Faults
from tests.house import House
from tests.pull.pulled_shop import SECRET
from tests.pull.running import MOST_TURNS
from tests.reconcile.reconciled import ReconciledDesk, a_reconciled_desk
from tests.waiting import eventually
from tests.web.front import listening

MARGIN: Final = timedelta(seconds=1.5)
"""Five minutes, scaled."""


class Keys:
    """The one shop's secret."""

    def __init__(self, house: House) -> None:
        self._signers = Signers(shop_id=house.shop_id, secrets=((1, SECRET.encode()),))

    def signers(self, domain: str, *, fresh: bool = False) -> Signers | None:
        return self._signers


class LossyShop:
    """The desk of a shop whose stations work by themselves, as in a worker."""

    def __init__(self, desk: ReconciledDesk, stations: "Stations") -> None:
        self.desk = desk
        self.stations = stations

    def come_to_rest(self) -> None:
        """Whatever was not dropped has come, and all that is wanted is answered."""
        self.desk.simulation.come_to_rest()
        self.stations.rest()
        for _ in range(20):
            if not self.desk.refetch():
                return
            self.stations.rest()
        raise AssertionError("something is wanted for ever")

    def wait_for_the_margin(self) -> None:
        """So long that what happened until now counts."""
        until = self.desk.house.ask() + MARGIN + timedelta(seconds=1)
        eventually(lambda: self.desk.house.ask() > until, "the margin is over", look=0.05)

    def carry(self, run_id: int) -> Run:
        """Goes on with a run, while the stations work."""
        return self.desk.carry_alone(run_id, MOST_TURNS)


class Stations:
    """A thread of stations."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._loop = Loop(house.database, RESOURCES, "stations")
        self._stopping = threading.Event()
        self._rested = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stations", daemon=True)

    def __enter__(self) -> "Stations":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def rest(self) -> None:
        """Until they looked, from now on, and found nothing to do: a look that has begun does not count."""
        self._rested = rested = threading.Event()
        eventually(rested.is_set, "stations with nothing to do")

    def _run(self) -> None:
        while not self._stopping.is_set():
            rested = self._rested
            worked, busy = self._loop.turn()
            if not worked and not busy:
                rested.set()
                self._stopping.wait(0.005)


class Living:
    """So many changes a second to some products, until the block ends."""

    def __init__(self, desk: ReconciledDesk, product_ids: Collection[int], rate: float, seed: int) -> None:
        self._desk = desk
        self._ids = sorted(product_ids)
        self._rate = rate
        self._random = Random(seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="living", daemon=True)
        self._began = self._changed = 0.0
        self.changes = 0

    def __enter__(self) -> "Living":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    @property
    def per_second(self) -> float:
        """How many changes a second it came to, until the last of them."""
        return self.changes / (self._changed - self._began)

    def _run(self) -> None:
        self._began = time.monotonic()
        while not self._stopping.wait(self._until_next()):
            self._desk.simulation.shop.change(self._random.choice(self._ids), self._edit())
            self._changed = time.monotonic()
            self.changes += 1

    def _until_next(self) -> float:
        """By the clock: a change that was late on a busy machine does not make the next ones late."""
        return max(0.0, self._began + (self.changes + 1) / self._rate - time.monotonic())

    def _edit(self) -> Callable[[Product], None]:
        cents, title = self._random.randint(100, 9_999), f"Title {self._random.random()}"

        def edit(product: Product) -> None:
            product.title = title
            product.variants[0].price_cents = cents

        return edit


@contextmanager
def a_lossy_shop(
    house: House, home: Path, *, products: int, seed: int, faults: Faults
) -> Iterator[LossyShop]:
    """After a full sync, subscribed."""
    metrics = Metrics()
    bodies = BodyReader(seconds=READ_SECONDS, budget_bytes=UNVERIFIED_BYTES)
    door = WebhookDoor(Receiver(Keys(house), house.inbox), bodies, RefusalObserver(metrics))
    with (
        a_reconciled_desk(house, home, products=products, seed=seed, faults=faults, time_scale=300.0) as desk,
        listening(door, lifespan="off") as address,
    ):
        desk.margin = MARGIN
        desk.sync()
        desk.simulation.subscribe(f"http://{address[0]}:{address[1]}/api/webhooks")
        with Stations(house) as stations:
            yield LossyShop(desk, stations)
