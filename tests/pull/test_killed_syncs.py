"""Law 8 for pulls: a full sync whose processes are killed again and again ends by itself, and ends right.

That at most the open chunk is read again shows in the counts: a body that is put a second time counts as
`unchanged`, and gets there only if the place in the file was not committed with the rows before it.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from backroom.jobs.runs import Run
from backroom.resources.product import shopify_product_cache
from shopify_simulator.admin.writer import BulkWays
from tests.conftest import drop_schemas
from tests.crash.served import Served
from tests.pull.pulled_shop import PulledShop, a_pulled_shop, assert_succeeded
from tests.pull.truth import assert_true
from tests.waiting import eventually

pytestmark = pytest.mark.crash

SOAK = bool(os.environ.get("SOAK"))
PRODUCTS, KILLS = (20_000, 12) if SOAK else (1_000, 3)
SEED = 20_261_128
EXPORT_SECONDS = 1.0
LONG = 900.0 if SOAK else 120.0


@pytest.fixture
def killed(database_url: str, schema: str, tmp_path: Path) -> Iterator[Served]:
    """A Backroom of the test's own, that runs."""
    served = Served(database_url, schema, tmp_path / "home")
    served.start()
    yield served
    served.kill()
    drop_schemas(served.database)
    served.database.dispose()


def a_moment(random: Random, most_seconds: float) -> None:
    """A random instant is what is tested here: there is no condition to wait for."""
    threading.Event().wait(random.uniform(0, most_seconds))


def wait_for_seen(shop: PulledShop, run_id: int, number: int) -> None:
    """Until the run has seen so many; on the way the count never goes back."""
    before = shop.run(run_id)

    def there() -> bool:
        nonlocal before
        run = shop.run(run_id)
        assert not run.is_over, f"{run.seen} of {run.total} were too few for all kills"
        assert run.seen >= before.seen
        assert run.total is None or run.seen <= run.total
        before = run
        return run.seen >= number

    eventually(there, f"{number} are seen", within=LONG, look=0.005)


def revisions(shop: PulledShop) -> dict[int, int]:
    """How many cache rows have which revision: with how many bodies each was filled."""
    c = shopify_product_cache.c
    counted = select(c.revision, func.count()).where(c.shop_id == shop.shop_id()).group_by(c.revision)
    with shop.served.database.reading() as transaction:
        return {row[0]: row[1] for row in transaction.execute(counted)}


def test_a_full_sync_that_is_killed_again_and_again_reads_everything_once(killed: Served) -> None:
    random = Random(SEED)
    port = str(killed.address.port)
    ways = BulkWays(seconds=EXPORT_SECONDS)
    with a_pulled_shop(killed, "killed", products=PRODUCTS, bulk=ways) as shop:
        run_id = shop.begin(full=True)
        a_moment(random, EXPORT_SECONDS)
        kill_at_seen: list[Run] = []
        for kill in range(KILLS):
            done = shop.run(run_id).seen
            if kill > 0:
                wait_for_seen(shop, run_id, done + random.randint(1, PRODUCTS // (KILLS + 2)))
                a_moment(random, 0.05)
            killed.kill()
            kill_at_seen.append(shop.run(run_id))
            killed.start("--port", port)
        run = shop.wait(run_id, within=LONG)
        assert all(0 < each.seen < PRODUCTS for each in kill_at_seen[1:]), "killed while it read"
        assert_succeeded(run)
        assert (run.seen, run.total, run.written, run.unchanged) == (PRODUCTS, PRODUCTS, PRODUCTS, 0)
        assert revisions(shop) == {1: PRODUCTS}
        assert run.generation == 1, "it went on under its own name, never as somebody else's"
        assert shop.counts()["downloads"] <= 2, "what was fetched is not fetched again"
        shop.come_to_rest()
        assert_true(shop)
        assert killed.complaints() == []
