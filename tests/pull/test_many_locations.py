"""A refetch of levels asks for an item, and takes all of its levels that come."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from sqlalchemy import update

from backroom.cache.wants import want_all_of
from backroom.jobs.carrier import Carrier
from backroom.jobs.claims import claim_queued
from backroom.jobs.job import Services
from backroom.jobs.refetch import AT_ONCE, Refetch
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.runs import read_run
from backroom.jobs.tables import sync_run
from backroom.resources.registry import BY_PLURAL
from backroom.shopify.answers import Answer
from backroom.shopify.client import Client
from backroom.vocabulary.clock import SystemClock
from tests.house import House, instant
from tests.laws.specimens import SPECIMENS
from tests.laws.upstream import Upstream
from tests.stock_bodies import level, pulled_levels


class Counting(Upstream):
    """Knows how many questions there were."""

    questions = 0

    def ask(self, document: str, variables: Mapping[str, Any]) -> Answer:
        self.questions += 1
        return super().ask(document, variables)

    def services(self, house: House, home: Path) -> Services:
        return Services(
            database=house.database,
            client_of=lambda _shop_id: cast(Client, self),
            resources=BY_PLURAL,
            home=home,
            clock=SystemClock(),
            stopping=threading.Event(),
        )


def test_an_item_at_many_locations_is_asked_for_once(house: House, tmp_path: Path) -> None:
    levels = [level(1101, place, available=5, at=0) for place in range(1, 201)]
    for body in levels:
        house.deliver("inventory_levels/update", body, triggered_at=instant(0))
    house.settle()
    resource = BY_PLURAL["inventory"]
    with house.database.shop_writing(house.shop_id, patience_seconds=5) as transaction:
        want_all_of(transaction, resource.cache, house.shop_id, [1101], "a test")
    upstream = Counting(SPECIMENS["inventory"], {}, [pulled_levels(levels)])
    new = NewRun(
        kind="refetch", resource="inventory", mode="wanted", shop_id=house.shop_id, requested_by="a test"
    )
    with house.database.writing() as transaction:
        run_id = queue_run(transaction, new)
        # Who is asked has no greeting.
        transaction.execute(update(sync_run).values(cursor={"fetched": 0}))
        (claim,) = claim_queued(transaction, [run_id], "here")
    carrier = Carrier(claim, {("refetch", "wanted"): Refetch()}, upstream.services(house, tmp_path))
    while not carrier.stretch(0.5):
        house.settle()
    assert upstream.questions == 1
    assert not any(row["wanted_at"] for row in house.cache("inventory"))
    with house.database.reading() as transaction:
        run = read_run(transaction, run_id)
    assert (run.state, run.seen) == ("succeeded", AT_ONCE)
