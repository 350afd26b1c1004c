"""A shop, a Backroom beside it, and reconciles with short margins between them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
from sqlalchemy import Table, select, update

from backroom.drift.decisions import ignore_findings
from backroom.drift.findings import Finding, FindingFilter, read_findings
from backroom.jobs.carrier import Carrier
from backroom.jobs.claims import Claim, claim_queued, take_over
from backroom.jobs.job import Job
from backroom.jobs.reconcile import Reconcile
from backroom.jobs.reconciling import COMPARE, FINDINGS, REPAIR
from backroom.jobs.requests import resume_run
from backroom.jobs.runs import Run
from backroom.jobs.tables import sync_run
from shopify_simulator.control.api import control_app
from shopify_simulator.control.server import Server
from shopify_simulator.shop.product import Product
from shopify_simulator.shop.recipes import Recipes
from shopify_simulator.simulation import Simulation
from tests.house import House
from tests.pull.pulled_shop import SECRET, TOKEN
from tests.pull.running import TURN_SECONDS, Desk

PRODUCTS = 30
NO_MARGIN = timedelta(0)


class ReconciledDesk(Desk):
    """A desk that reconciles, too."""

    margin = NO_MARGIN

    def job(self, mode: str, **ways: Any) -> Job:
        ways = {"margin": self.margin, "patience_seconds": 1.0, "pauses_seconds": (0.01,), "rows": 7, **ways}
        return Reconcile(mode, **ways)

    def carry_alone(self, run_id: int, most_turns: int, until: str | None = None) -> Run:
        """Goes on with a run to its end, or until it comes to a stage; others see to the stations."""
        for _ in range(most_turns):
            if self._carriers[run_id].stretch(1.0 if until is None else TURN_SECONDS):
                return self.run(run_id)
            if until is not None and (self.cursor(run_id) or {}).get("stage") == until:
                return self.run(run_id)
        raise AssertionError(f"run {run_id} never came there: {self.run(run_id)}")

    def begin_reconcile(self, mode: str = COMPARE, *, job: Job | None = None, **options: Any) -> int:
        return self._claimed("reconcile", mode, job or self.job(mode), options)

    def reconcile(self, mode: str = COMPARE, **options: Any) -> Run:
        """One that ends well."""
        run = self.carry(self.begin_reconcile(mode, **options))
        assert (run.state, run.error) == ("succeeded", None)
        assert run.seen == run.unchanged + run.drifted + run.in_flight
        return run

    def repair(self) -> Run:
        return self.reconcile(REPAIR)

    def repair_findings(self, *finding_ids: int) -> Run:
        return self.reconcile(FINDINGS, findings=list(finding_ids))

    def findings(self, **wanted: Any) -> list[Finding]:
        """Oldest first; open ones, unless told otherwise."""
        with self.house.database.reading() as transaction:
            chosen = FindingFilter(**{"state": "open", **wanted})
            return read_findings(transaction, chosen, None, 200).items[::-1]

    def told(self, **wanted: Any) -> list[tuple[str, str, str]]:
        """(leg, kind, key) of the findings."""
        return sorted((each.leg, each.kind, each.key) for each in self.findings(**wanted))

    def ignore(self, *finding_ids: int) -> None:
        with self.house.database.writing() as transaction:
            ignore_findings(transaction, finding_ids)

    def by_hand(self, table: Table, where: Mapping[str, Any], **values: Any) -> None:
        """What no Backroom did."""
        conditions = [table.c[name] == value for name, value in where.items()]
        with self.house.database.writing() as transaction:
            changed = transaction.execute(update(table).where(*conditions).values(**values)).rowcount
        assert changed == 1

    def move(self, run_id: int, mode: str, cursor: Any) -> None:
        """Puts a run somewhere else, from where its next carrier goes on."""
        self.by_hand(sync_run, {"id": run_id}, cursor=cursor)
        self.go_on(run_id, mode)

    def resume_reconcile(self, run_id: int, mode: str) -> Run:
        """As `runs resume` does, to its end."""
        with self.house.database.writing() as transaction:
            resume_run(transaction, run_id)
            (claim,) = claim_queued(transaction, [run_id], "here")
        self._carriers[run_id] = Carrier(claim, {("reconcile", mode): self.job(mode)}, self.services)
        return self.carry(run_id)

    def go_on(self, run_id: int, mode: str) -> None:
        """By the next generation, as after a crash."""
        with self.house.database.writing() as transaction:
            run = transaction.execute(select(sync_run).where(sync_run.c.id == run_id)).one()
            held = Claim(run_id=run_id, executor=run.executor, generation=run.generation)
            claim = take_over(transaction, held, "here")
        assert claim is not None
        self._carriers[run_id] = Carrier(claim, {("reconcile", mode): self.job(mode)}, self.services)

    def add(self) -> Product:
        """A new product on the shelf, of which nobody is told."""
        shop = self.simulation.shop
        return shop.create(Recipes(shop, Random(5)).any(shop.now()))

    def products(self) -> list[Product]:
        """The shop's, by id."""
        return sorted(self.simulation.shop.products.values(), key=lambda each: each.id)

    def change(self, product: Product, **values: Any) -> None:
        """The merchant does something, and nobody is told."""

        def edit(edited: Product) -> None:
            for name, value in values.items():
                setattr(edited, name, value)

        self.simulation.shop.change(product.id, edit)


@contextmanager
def a_reconciled_desk(
    house: House,
    home: Path,
    *,
    products: int = PRODUCTS,
    desk: type[ReconciledDesk] = ReconciledDesk,
    **ways: Any,
) -> Iterator[ReconciledDesk]:
    """A shop whose webhooks reach nobody."""
    simulation = Simulation(secret=SECRET, access_token=TOKEN, products=products, plan="plus", **ways)
    with (
        simulation,
        Server(control_app(simulation)) as server,
        httpx.Client(trust_env=False) as http,
    ):
        yield desk(house, simulation, http, server.url, home)
