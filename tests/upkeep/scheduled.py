"""A shop whose schedules are looked at, and a clock that a test moves."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select

from backroom.cache.watermarks import save_watermark
from backroom.db.database import Database
from backroom.jobs.claims import claim_queued, finish
from backroom.jobs.firing import DueRuns, fire
from backroom.jobs.requests import AlreadyRunning, NewRun, queue_run
from backroom.jobs.runs import Run, read_run
from backroom.jobs.schedules import SCHEDULED, Standing, read_standings
from backroom.jobs.tables import sync_run
from backroom.resources.registry import BY_PLURAL, RESOURCES
from backroom.shops.shops import add_shop, read_opening
from backroom.shops.vault import Vault
from backroom.vocabulary.ids import RunId, ShopId

VAULT = Vault(["k" * 32])
DOMAIN = "one.myshopify.com"
PUBLIC_URL = "https://backroom.example.com"
START = datetime(2026, 11, 28, tzinfo=UTC)


class StoppedClock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


class Scene:
    """One shop that can be asked; nothing of it is synced yet."""

    def __init__(self, database: Database, clock: StoppedClock, shop_id: ShopId | None = None) -> None:
        self.database = database
        self.clock = clock
        self.shop_id = shop_id or self.open(DOMAIN)
        self.ask = self.asker()

    @classmethod
    def of(cls, database: Database, shop_id: ShopId) -> "Scene":
        """The same shop, as somebody sees it whose clock is the database's."""
        return cls(database, StoppedClock(), shop_id)

    def asker(self, public_url: str | None = PUBLIC_URL) -> DueRuns:
        """Another machine."""
        return DueRuns(RESOURCES, public_url, look_seconds=0.0)

    def open(self, domain: str, secret: str = "hush") -> ShopId:
        """As `shop add` does."""
        opening = read_opening(json.dumps({"client_secret": secret}).encode())
        with self.database.writing() as transaction:
            return add_shop(transaction, VAULT, domain, opening, client_id="app")

    def pass_(self, **length: float) -> None:
        self.clock.at += timedelta(**length)

    def sync(self, shop_id: ShopId | None = None) -> None:
        """A person's first full sync, from beginning to end."""
        shop_id = shop_id or self.shop_id
        new = NewRun(kind="sync", resource="products", mode="full", shop_id=shop_id, requested_by="a person")
        with self.database.writing() as transaction:
            run_id = queue_run(transaction, new)
            save_watermark(transaction, shop_id, "products", transaction.now(), RunId(run_id))
        self.end(run_id)

    def crowd(self, number: int) -> None:
        """So many refetches that a person asked for, and that are over."""
        with self.database.writing() as transaction:
            now = transaction.now()
            row = {
                "kind": "refetch",
                "resource": "products",
                "mode": "wanted",
                "shop_id": self.shop_id,
                "state": "succeeded",
                "options": {},
                "samples": [],
                "requested_by": "a person",
                "created_at": now,
                "finished_at": now,
                "generation": 1,
                **dict.fromkeys(("seen", "written", "unchanged", "parked", "failed"), 0),
            }
            transaction.execute(insert(sync_run), [row] * number)

    def end(self, *run_ids: int, state: str = "succeeded", error: str | None = None) -> None:
        """A worker carries queued runs."""
        for run_id in run_ids:
            with self.database.writing() as transaction:
                (claim,) = claim_queued(transaction, [run_id], "w")
                finish(transaction, claim, state, error)

    def due(self, ask: DueRuns | None = None) -> list[str]:
        """The kinds that would fire now."""
        with self.database.reading() as transaction:
            return [each.kind for each in (ask or self.ask)(transaction)]

    def fire(self, ask: DueRuns | None = None, *, end: bool = False) -> list[int]:
        """Whatever is due begins: the runs' ids."""
        with self.database.reading() as transaction:
            firings = (ask or self.ask)(transaction)
        run_ids: list[int] = []
        for firing in firings:
            with suppress(AlreadyRunning), self.database.writing() as transaction:
                run_ids += fire(transaction, firing)
        if end:
            self.end(*run_ids)
        return run_ids

    def scheduled_at(self) -> list[datetime]:
        """When runs began by themselves."""
        c = sync_run.c
        with self.database.reading() as transaction:
            query = select(c.created_at).where(c.requested_by == SCHEDULED).order_by(c.id)
            return list(transaction.execute(query).scalars())

    def standing(self, kind: str, public_url: str | None = PUBLIC_URL) -> Standing:
        with self.database.reading() as transaction:
            found = read_standings(transaction, BY_PLURAL, public_url)
        (one,) = [each for each in found if (each.domain, each.kind) == (DOMAIN, kind)]
        return one

    def run(self, run_id: int) -> Run:
        with self.database.reading() as transaction:
            return read_run(transaction, run_id)
