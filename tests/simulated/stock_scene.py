"""A scene whose stock lives: everything that a shop tells of it goes to the real server, too.

What never happens here: a change that the simulated shop does not know of; only `grow_old` touches a row, and
only the instants of its receipt.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update

from backroom.drift.findings import Finding, FindingFilter, read_findings
from backroom.resources.stock_caches import shopify_inventory_cache
from shopify_simulator.shop.shop import utc_now
from shopify_simulator.simulation import STOCK_TOPICS
from shopify_simulator.webhooks.faults import Faults
from tests.crash.served import Served
from tests.pull.pulled_shop import a_pulled_shop
from tests.simulated.scene import Scene
from tests.waiting import eventually

AGO: Final = timedelta(minutes=10)
"""The shop's clock: what happens there happened before the five minutes in which nothing is called drift."""
LEVEL: Final = "inventory level "
MOST_FINDINGS: Final = 200


class StockScene(Scene):
    """One shop, told of as a whole."""

    stocked = True

    def subscribe(self) -> None:
        super().subscribe()
        host, port = self.served.address
        self.simulation.subscribe(f"http://{host}:{port}/api/webhooks", STOCK_TOPICS)

    def live_on_stock(self, changes: int, *, rate: float, kinds: Collection[str] | None = None) -> None:
        """Begins so many changes of stock, and no others."""
        self.simulation.live(rate, changes, stock=1, kinds=kinds)

    def wait_for_life(self) -> None:
        """Until the changes were made."""
        eventually(lambda: not self.simulation.status()["rate"], "the last change", within=60)

    def kill_the_worker(self) -> None:
        """SIGKILL; the server starts another one."""
        (victim,) = eventually(self.served.workers, "a worker")
        victim.kill()
        eventually(lambda: [each for each in self.served.workers() if each != victim], "another worker")

    def differing_levels(self) -> set[str]:
        """Their keys as findings have them, by the verdict; everything else is as it should be."""
        whats = {each.what for each in self.verdict().differences}
        assert all(what.startswith(LEVEL) for what in whats), whats
        return {what.removeprefix(LEVEL) for what in whats}

    def grow_old(self) -> None:
        """As if all levels had been received before what is called drift begins."""
        cache = shopify_inventory_cache
        of_shop = cache.c.shop_id == self.shop_id()
        with self.served.database.writing() as transaction:
            then = transaction.now() - AGO
            transaction.execute(update(cache).where(of_shop).values(received_at=then))
            marked = update(cache).where(of_shop, cache.c.deleted_at.is_not(None))
            transaction.execute(marked.values(deleted_received_at=then))

    def repair_stock(self) -> None:
        """`backroom reconcile inventory --repair`, to its end."""
        words = ("--shop", self.domain, "--repair", "--wait")
        self.served.command("reconcile", "inventory", *words)

    def findings(self) -> list[Finding]:
        """All there ever were of this shop."""
        with self.served.database.reading() as transaction:
            wanted = FindingFilter(shop=self.domain, state=None)
            return read_findings(transaction, wanted, None, MOST_FINDINGS).items


@contextmanager
def a_stock_scene(
    served: Served, name: str, faults: Faults | None = None, *, products: int = 8
) -> Iterator[StockScene]:
    """A shop of this name that tells Backroom of all that it has; not opened yet."""
    with a_pulled_shop(served, name, products=products, faults=faults, clock=_a_while_ago) as shop:
        scene = StockScene(served, shop.simulation, shop.server)
        scene.subscribe()
        yield scene


def _a_while_ago() -> datetime:
    return utc_now() - AGO
