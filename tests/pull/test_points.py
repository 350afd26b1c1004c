"""The shop's points: a run that needs several buckets uses what comes back, and is never told to wait."""

import pytest

from tests.crash.served import Served
from tests.pull.pulled_shop import a_pulled_shop, assert_succeeded
from tests.pull.truth import assert_true

pytestmark = pytest.mark.parametrize("backroom", ["sqlite"], indirect=True)
"""The database has no part in it."""
BUCKET, RATE = 300.0, 200.0
PRODUCTS = 450
"""By pages they cost some 1,900 points: six buckets."""


def test_a_run_uses_the_whole_rate_and_provokes_no_throttling(backroom: Served) -> None:
    with a_pulled_shop(backroom, "points", products=PRODUCTS) as shop:
        shop.simulation.admin.bucket.resize(BUCKET, RATE)
        assert_succeeded(shop.wait(shop.begin_pages()))
        counts = shop.counts()
        offered = BUCKET + RATE * counts["seconds"]
        assert counts["points"] > 5 * BUCKET
        assert counts["points"] >= 0.9 * offered
        assert (counts["throttled"], counts["throttled_avoidably"]) == (0, 0)
        shop.come_to_rest()
        assert_true(shop)
