"""Pulls while the shop lives: what an export misses, webhooks bring, and the other way round."""

from shopify_simulator.admin.writer import BulkWays
from shopify_simulator.webhooks.faults import Faults
from tests.crash.served import Served
from tests.pull.pulled_shop import PulledShop, a_pulled_shop
from tests.pull.truth import assert_true, differences, truth_of
from tests.waiting import eventually

RATE = 50.0
"""Changes a second."""


def changes(shop: PulledShop) -> int:
    return shop.simulation.shop.changes()


def test_a_full_sync_of_a_shop_that_lives_ends_at_the_truth(backroom: Served) -> None:
    ways = BulkWays(seconds=2.0, torn=True)
    with a_pulled_shop(backroom, "living", products=200, plan="plus", bulk=ways) as shop:
        shop.subscribe()
        shop.simulation.live(RATE)
        eventually(lambda: changes(shop) > RATE, "it lives")
        before = changes(shop)
        run = shop.sync(full=True)
        assert changes(shop) - before > RATE, "the sync took a while, and the shop went on"
        assert run.total is not None
        assert run.total > 150
        shop.simulation.live(0)
        shop.come_to_rest()
        assert_true(shop)


def test_what_webhooks_lost_one_incremental_sync_brings(backroom: Served) -> None:
    faults = Faults(seed=3, drop=0.2, id_only=0.33)
    with a_pulled_shop(backroom, "lossy", products=60, seed=3, plan="plus", faults=faults) as shop:
        shop.sync(full=True)
        assert_true(shop)
        shop.subscribe()
        shop.live(300, rate=200)
        shop.come_to_rest()
        assert shop.simulation.status()["dropped"] > 20
        assert differences(truth_of(shop), shop.held()) != [], "nobody told Backroom"
        run = shop.sync(full=False)
        assert run.mode == "incremental"
        shop.come_to_rest()
        # Among what changed nothing says that a product is gone: for that, everything has to be looked at.
        left = differences(truth_of(shop), shop.held())
        assert [line for line in left if not line.startswith("gone product")] == []
        shop.sync(full=True)
        shop.come_to_rest()
        assert_true(shop)
