"""The house in process: deliver signed-off bodies, let the stations work, read what became of them."""

import itertools
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Table, insert, select

from backroom.db.database import Database, Transaction
from backroom.erp.tables import field_change, link_event, listing, listing_variant, product, sku
from backroom.flow.pieces import Piece
from backroom.flow.put import Put, Putter
from backroom.ingress.inbox import Delivery, Inbox
from backroom.ingress.tables import webhook_delivery
from backroom.resources.descriptor import Resource
from backroom.resources.registry import RESOURCES
from backroom.shops.tables import shop
from backroom.vocabulary.errors import BackroomError, Terminal
from backroom.vocabulary.ids import ResourceKey, RunId, ShopId
from backroom.worker.loop import Loop

Body = Mapping[str, Any] | bytes
ANSWER_SECONDS = 20.0


class SilentObserver:
    """Counts, says nothing."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.errors: list[BackroomError] = []

    def stored(self, *, rows: int, duplicates: int, size_bytes: int, seconds: float) -> None:
        self.batches.append(rows + duplicates)

    def failed(self, *, rows: int, error: BackroomError) -> None:
        self.errors.append(error)


class Answers:
    """Collects what the inbox answers, from its thread."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.all: list[bool | BackroomError] = []

    def __call__(self, answer: bool | BackroomError) -> None:
        with self._condition:
            self.all.append(answer)
            self._condition.notify_all()

    def wait(self, number: int) -> list[bool | BackroomError]:
        """The answers, once there are so many."""
        with self._condition:
            assert self._condition.wait_for(lambda: len(self.all) >= number, ANSWER_SECONDS), "no answer came"
            return list(self.all)


def no_tally(transaction: Transaction, uses: dict[int, int]) -> None:
    """For inboxes of tests that have no secrets to count."""


def make_shop(database: Database, domain: str) -> ShopId:
    """A shop without credentials."""
    with database.writing() as transaction:
        row = transaction.execute(
            insert(shop).values(domain=domain, created_at=transaction.now()).returning(shop.c.id)
        )
        return ShopId(row.scalar_one())


class House:
    """See the module. One shop is there from the start."""

    def __init__(self, database: Database, domain: str = "one.myshopify.com") -> None:
        self.database = database
        self.shop_id = make_shop(database, domain)
        self.observer = SilentObserver()
        self.inbox = Inbox(database, self.observer, no_tally)
        self.inbox.start()
        self.loop = Loop(database, RESOURCES, "test")
        self._numbers = itertools.count(1)

    def close(self) -> None:
        self.inbox.stop()

    def deliver(
        self,
        topic: str,
        body: Body,
        *,
        webhook_id: str | None = None,
        triggered_at: datetime | None = None,
        shop_id: ShopId | None = None,
    ) -> bool | BackroomError:
        """One delivery into the inbox; what it was answered."""
        answers = Answers()
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        self.inbox.append(
            Delivery(
                shop_id=shop_id or self.shop_id,
                webhook_id=webhook_id or f"w-{next(self._numbers)}",
                event_id=None,
                topic=topic,
                api_version="2026-10",
                triggered_at=triggered_at,
                headers={},
                body=raw,
                secret_id=1,
                answer=answers,
            )
        )
        return answers.wait(1)[0]

    def ask(self) -> datetime:
        """The instant of a question to Shopify, by the database's clock."""
        with self.database.reading() as transaction:
            return transaction.now()

    def fetched(
        self,
        resource: Resource,
        *bodies: Body,
        asked_at: datetime | None = None,
        absent: Sequence[ResourceKey] = (),
        whole: bool = True,
    ) -> Put:
        """Bodies as the cache holds them, which a run was answered; asked now, unless said otherwise."""
        asked_at = asked_at or self.ask()
        with self.database.shop_writing(self.shop_id, patience_seconds=5) as transaction:
            putter = Putter(
                transaction, resource, self.shop_id, run_id=RunId(next(self._numbers)), asked_at=asked_at
            )
            raw = [body if isinstance(body, bytes) else msgspec.json.encode(body) for body in bodies]
            put = putter.pieces([_piece(resource, each, whole) for each in raw])
            putter.absent(absent)
            return put

    def settle(self) -> None:
        """Lets the stations work until nothing is due."""
        for _ in range(10_000):
            worked, busy = self.loop.turn()
            if not worked and not busy:
                return
        raise AssertionError("the stations never came to rest")

    def play(self, topic: str, body: Body, **more: Any) -> None:
        """Delivers, and settles."""
        assert self.deliver(topic, body, **more) is True
        self.settle()

    def rows(self, table: Table, *order: str) -> list[dict[str, Any]]:
        """All rows of a table, by the given columns or its key."""
        by = [table.c[name] for name in order] or list(table.primary_key.columns)
        with self.database.reading() as transaction:
            return [dict(row) for row in transaction.execute(select(table).order_by(*by)).mappings()]

    def deliveries(self) -> list[dict[str, Any]]:
        return self.rows(webhook_delivery)

    def cache(self, name: str = "product") -> list[dict[str, Any]]:
        table = next(resource.cache for resource in RESOURCES if resource.name == name)
        return self.rows(table)

    def listings(self) -> list[dict[str, Any]]:
        return self.rows(listing, "shop_id", "shopify_product_id")

    def variants(self) -> list[dict[str, Any]]:
        return self.rows(listing_variant, "shop_id", "shopify_variant_id")

    def products(self) -> list[dict[str, Any]]:
        return self.rows(product)

    def skus(self) -> list[dict[str, Any]]:
        return self.rows(sku)

    def changes(self) -> list[dict[str, Any]]:
        return self.rows(field_change)

    def links(self) -> list[dict[str, Any]]:
        return self.rows(link_event)

    def clear(self, keep: Sequence[Table] = (shop,)) -> None:
        """Empties all tables but shops, for the next example of a property test."""
        from backroom.db.metadata import metadata

        with self.database.writing() as transaction:
            for table in reversed(metadata.sorted_tables):
                if table not in keep:
                    transaction.execute(table.delete())


def _piece(resource: Resource, raw: bytes, whole: bool) -> Piece:
    """With its key, unless it can not be read."""
    try:
        key = resource.identify_fetched(raw).key
    except Terminal:
        return Piece(name="", key=None, raw=raw, whole=whole)
    return Piece(name=resource.gid_of(key), key=key, raw=raw, whole=whole)


def instant(seconds: float) -> datetime:
    """So many seconds after an arbitrary moment, in UTC."""
    return datetime.fromtimestamp(1_760_000_000 + seconds, UTC)
