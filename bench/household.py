"""The house in this process, without HTTP: the inbox filled directly, the worker's loop run to its rest."""

import time
import uuid
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import insert

from backroom.db.database import Database, open_database
from backroom.db.migrate import upgrade
from backroom.ingress.inbox import Delivery, Inbox
from backroom.resources.registry import RESOURCES
from backroom.shops.tables import shop
from backroom.vocabulary.errors import BackroomError
from backroom.vocabulary.ids import ShopId
from backroom.worker.loop import Loop
from bench.bare import Silent, no_tally
from bench.places import Place
from bench.programs import DOMAIN

ROWS_AT_ONCE: Final = 200
"""Deliveries a fill hands to the inbox before it waits for its answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """Seconds the loop took, and what its stations said of their batches: rows and seconds each."""

    seconds: float
    rows: dict[str, int]
    busy: dict[str, float]

    def per_second(self, station: str) -> float:
        return self.rows[station] / self.busy[station]


class Household:
    """One shop over a database of its own."""

    def __init__(self, database: Database, batches: list[dict[str, Any]]) -> None:
        self.database = database
        self._batches = batches
        with database.writing() as transaction:
            row = transaction.execute(
                insert(shop).values(domain=DOMAIN, created_at=transaction.now()).returning(shop.c.id)
            )
            self.shop_id = ShopId(row.scalar_one())
        self._inbox = Inbox(database, Silent(), no_tally)
        self._loop = Loop(database, RESOURCES, "bench")

    def start(self) -> None:
        self._inbox.start()

    def stop(self) -> None:
        self._inbox.stop()

    def fill(self, bodies: Sequence[bytes], topic: str = "products/update") -> float:
        """Puts deliveries into the inbox, as receipts do; seconds it took."""
        seconds = 0.0
        for start in range(0, len(bodies), ROWS_AT_ONCE):
            answers: list[bool | BackroomError] = []
            deliveries = [
                self._delivery(topic, body, answers) for body in bodies[start : start + ROWS_AT_ONCE]
            ]
            started = time.perf_counter()
            for delivery in deliveries:
                self._inbox.append(delivery)
            while len(answers) < len(deliveries):
                time.sleep(0.0002)
            seconds += time.perf_counter() - started
            if not all(answer is True for answer in answers):
                raise RuntimeError(f"the inbox did not store: {answers}")
        return seconds

    def _delivery(self, topic: str, body: bytes, answers: list[bool | BackroomError]) -> Delivery:
        return Delivery(
            shop_id=self.shop_id,
            webhook_id=str(uuid.uuid4()),
            event_id=str(uuid.uuid4()),
            topic=topic,
            api_version="2026-07",
            triggered_at=None,
            headers={
                "user-agent": "Shopify-Captain-Hook",
                "x-shopify-shop-domain": DOMAIN,
                "x-shopify-topic": topic,
            },
            body=body,
            secret_id=1,
            answer=answers.append,
        )

    def work(self) -> Worked:
        """Runs the worker's loop until nothing is due."""
        self._batches.clear()
        started = time.perf_counter()
        while self._loop.turn()[0]:
            pass
        seconds = time.perf_counter() - started
        self._loop.say_the_rest()
        rows: dict[str, int] = {}
        busy: dict[str, float] = {}
        for batch in self._batches:
            station = batch["event"].removesuffix(".batch_done")
            rows[station] = rows.get(station, 0) + batch["rows"]
            busy[station] = busy.get(station, 0.0) + batch["ms"] / 1000
        return Worked(seconds=seconds, rows=rows, busy=busy)


@contextmanager
def open_household(place: Place) -> Iterator[Household]:
    """A household over a place, until the block ends."""
    database = open_database(place.url, place.schema)
    upgrade(database)
    # A loop binds its log when it is made.
    with _batches_heard() as batches:
        household = Household(database, batches)
        household.start()
        try:
            yield household
        finally:
            household.stop()
            database.dispose()


@contextmanager
def _batches_heard() -> Iterator[list[dict[str, Any]]]:
    """The loop's own log lines instead of a log. What else it says is an error, and raised."""
    heard: list[dict[str, Any]] = []

    def hear(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
        if not event["event"].endswith(".batch_done"):
            raise RuntimeError(f"the worker said: {event}")
        heard.append(dict(event))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[hear], wrapper_class=structlog.stdlib.BoundLogger)
    try:
        yield heard
    finally:
        structlog.configure(**before)
