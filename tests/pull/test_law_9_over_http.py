"""Law 9, nothing left out: webhooks, a bulk operation and pages, each alone, make the same rows."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from backroom.ingress.tables import webhook_delivery
from tests.crash.served import Served
from tests.pull.pulled_shop import a_pulled_shop, assert_succeeded
from tests.pull.truth import active_rows, assert_true, truth_of

PRODUCTS = 60
"""From 50 on, one of them has as many variants as Shopify allows."""
WIDE = {101, 2_048}


class SharedClock:
    """Stands still while shops are stocked, so that all of them hold the same; then it goes."""

    def __init__(self) -> None:
        self._start = datetime.now(UTC)
        self._began: float | None = None

    def __call__(self) -> datetime:
        passed = 0.0 if self._began is None else time.monotonic() - self._began
        return self._start + timedelta(seconds=passed)

    def go(self) -> None:
        self._began = time.monotonic()


def test_law_9_webhooks_alone_a_bulk_sync_alone_and_pages_alone_make_the_same_rows(backroom: Served) -> None:
    clock = SharedClock()
    alike: dict[str, Any] = {"products": PRODUCTS, "plan": "plus", "clock": clock}
    with (
        a_pulled_shop(backroom, "by-webhooks", **alike) as webhooks,
        a_pulled_shop(backroom, "by-bulk", **alike) as bulk,
        a_pulled_shop(backroom, "by-pages", **alike) as pages,
    ):
        clock.go()
        assert {len(product["variants"]) for product in truth_of(bulk)["products"]} >= WIDE
        webhooks.subscribe()
        webhooks.open()
        bulk_run, pages_run = bulk.begin(full=True), pages.begin_pages()
        for shop, run_id in ((bulk, bulk_run), (pages, pages_run)):
            run = shop.wait(run_id)
            assert_succeeded(run)
            assert (run.seen, run.written) == (PRODUCTS, PRODUCTS)
        for shop in (webhooks, bulk, pages):
            shop.come_to_rest()
            assert_true(shop)
        expected = active_rows(webhooks.held())
        assert len(expected) == PRODUCTS
        assert active_rows(bulk.held()) == expected
        assert active_rows(pages.held()) == expected
        assert {row["mode"] for row in webhooks.runs()} == {"wanted"}, "two bodies were not whole"
        assert bulk.rows(webhook_delivery) == pages.rows(webhook_delivery) == []
