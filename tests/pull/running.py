"""Runs carried in this process, one at a time: the real jobs over a real database, and a shop over HTTP.

Quicker than whole processes, and a test can look, or reach in, between any two turns.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from sqlalchemy import select

from backroom.cache.wants import shops_that_want
from backroom.demo.held import Held, read_held
from backroom.jobs.carrier import Carrier
from backroom.jobs.claims import Claim, claim_queued, take_over
from backroom.jobs.export_sync import ExportSync
from backroom.jobs.job import Job, Services
from backroom.jobs.registry import JOBS
from backroom.jobs.requests import NewRun, cancel_run, queue_run, resume_run
from backroom.jobs.runs import Run, read_run
from backroom.jobs.tables import sync_run
from backroom.resources.registry import BY_PLURAL
from backroom.shopify.client import Client
from backroom.shopify.patience import Patience, Timing
from backroom.shopify.posting import Shop
from backroom.vocabulary.clock import SystemClock
from shopify_simulator.simulation import Simulation
from tests.house import House
from tests.pull.pulled_shop import TOKEN, assert_succeeded
from tests.shopify.stub import FixedTokens

HASTE = 20.0
"""Pauses are so many times shorter."""
TURN_SECONDS = 0.001
IN_HASTE = {**JOBS, ("sync", "full"): ExportSync(pauses_seconds=(0.01, 0.01, 0.01), rows_at_once=7)}
MOST_TURNS = 3_000


class HastyServices(Services):
    """Sleeps less."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / HASTE)


class Desk:
    """The house's only worker: what it begins it carries, and the stations work in between.

    `plural`: the resource that runs are of.
    """

    plural = "products"

    def __init__(
        self, house: House, simulation: Simulation, http: httpx.Client, url: str, home: Path
    ) -> None:
        self.house = house
        self.simulation = simulation
        self.home = home
        patience = Patience(tries=4, first_seconds=0.02, longest_seconds=0.1)
        shop = Shop(domain=simulation.shop.domain, base_url=url, api_version="2026-10")
        client = Client(http, shop, FixedTokens(TOKEN), patience=patience, timing=Timing())
        self.services = HastyServices(
            database=house.database,
            client_of=lambda _shop_id: client,
            resources=BY_PLURAL,
            home=home,
            clock=SystemClock(),
            stopping=threading.Event(),
        )
        self._carriers: dict[int, Carrier] = {}

    def script(
        self, *, request: Sequence[str] = (), download: Sequence[str] = (), bulk: Sequence[str] = ()
    ) -> None:
        """What happens to the next requests, downloads and bulk operations; then all goes well."""
        mishaps = self.simulation.admin.mishaps
        mishaps.script("request", request)
        mishaps.script("download", download)
        mishaps.script("bulk", bulk)

    def begin(self, mode: str = "full", job: Job | None = None, **options: Any) -> int:
        """A sync, claimed by us; carried by another job than the registry's where one is given."""
        return self._claimed("sync", mode, job, options)

    def resume(self, run_id: int) -> None:
        """As `runs resume` does; claimed by us at once."""
        with self.house.database.writing() as transaction:
            resume_run(transaction, run_id)
        self._claim(run_id, IN_HASTE)

    def carry(self, run_id: int, until: Callable[[Run], bool] | None = None) -> Run:
        """Goes on with it until it is over, or until it is as wanted."""
        for _ in range(MOST_TURNS):
            over = self._carriers[run_id].stretch(TURN_SECONDS)
            self.house.settle()
            run = self.run(run_id)
            if over or (until is not None and until(run)):
                assert over == run.is_over
                return run
        raise AssertionError(f"run {run_id} never came there: {self.run(run_id)}")

    def sync(self, mode: str = "full") -> Run:
        """A sync that ends well."""
        run = self.carry(self.begin(mode))
        assert_succeeded(run)
        return run

    def refetch(self) -> int:
        """Fetches all that is wanted and due, as the workers do by themselves; how many that were."""
        with self.house.database.reading() as transaction:
            if not shops_that_want(transaction, BY_PLURAL[self.plural].cache):
                return 0
        run = self.carry(self._claimed("refetch", "wanted"))
        assert_succeeded(run)
        return run.seen

    def cancel(self, run_id: int) -> None:
        with self.house.database.writing() as transaction:
            cancel_run(transaction, run_id)

    def run(self, run_id: int) -> Run:
        with self.house.database.reading() as transaction:
            return read_run(transaction, run_id)

    def cursor(self, run_id: int) -> Any:
        """Where the run is."""
        return next(row["cursor"] for row in self.house.rows(sync_run) if row["id"] == run_id)

    def held(self) -> Held:
        with self.house.database.reading() as transaction:
            return read_held(transaction, "one.myshopify.com")

    def _claimed(
        self, kind: str, mode: str, job: Job | None = None, options: Mapping[str, Any] = MappingProxyType({})
    ) -> int:
        new = NewRun(
            kind=kind,
            resource=self.plural,
            mode=mode,
            shop_id=self.house.shop_id,
            requested_by="a test",
            options=dict(options),
        )
        with self.house.database.writing() as transaction:
            run_id = queue_run(transaction, new)
        self._claim(run_id, IN_HASTE if job is None else {(kind, mode): job})
        return run_id

    def carry_anew(self, run_id: int) -> None:
        """By the next generation, as after a crash: what the one before knew is forgotten."""
        with self.house.database.writing() as transaction:
            run = transaction.execute(select(sync_run).where(sync_run.c.id == run_id)).one()
            held = Claim(run_id=run_id, executor=run.executor, generation=run.generation)
            claim = take_over(transaction, held, "here")
        assert claim is not None
        self._carriers[run_id] = Carrier(claim, IN_HASTE, self.services)

    def _claim(self, run_id: int, jobs: Mapping[tuple[str, str], Job]) -> None:
        with self.house.database.writing() as transaction:
            (claim,) = claim_queued(transaction, [run_id], "here")
        self._carriers[run_id] = Carrier(claim, jobs, self.services)
