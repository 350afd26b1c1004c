"""Inbox -> cache: finds what each delivery is about, folds several for one resource, keeps the newest.

Enters: pending deliveries of one shop, in the order of their ids, claimed by state and never by a
high-water mark (ids do not commit in order). Leaves: cache rows, dirty where something is new, and an
outcome on each delivery. What is about the app, and no resource, is a notice, and handed on. What never
happens here: decoding more than a head, touching an ERP table.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, exists, func, literal_column, or_, select

from backroom.cache.rows import Body, CacheRow, Origin, SaysTheSame, empty_row
from backroom.cache.store import CacheStore
from backroom.cache.versions import Outcome, Version
from backroom.db.database import Database, Transaction
from backroom.db.fitting import fitting
from backroom.db.idlist import among
from backroom.flow.batches import Claim, Tally, run_batch
from backroom.flow.comparing import comparing
from backroom.flow.retries import after_failure
from backroom.ingress.tables import webhook_delivery
from backroom.resources.descriptor import Action, Head, Resource
from backroom.shops.tables import shop
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import DeliveryId, ResourceKey, ShopId, key_text

_MARKED = (
    "state",
    "outcome",
    "error",
    "resource",
    "resource_key",
    "attempts",
    "next_attempt_at",
    "sorted_at",
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A delivery to sort."""

    id: DeliveryId
    topic: str
    triggered_at: datetime | None
    received_at: datetime
    attempts: int
    body: bytes


Notice = Callable[[Transaction, ShopId, Pending], None]
"""What a delivery does that is about no resource. It writes within the batch, and raises Terminal for a body
that it can not read."""
Hear = Callable[[Transaction, ShopId, Sequence[Pending]], None]
"""Is told of each batch that is sorted, within its transaction."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """What became of a delivery. `error` with a next attempt is parked, without one dead."""

    delivery: Pending
    outcome: Outcome
    resource: str | None = None
    key: ResourceKey | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery whose head was read."""

    delivery: Pending
    head: Head
    action: Action
    resource: Resource


@dataclass(frozen=True, slots=True)
class Fold:
    """What a batch comes to for one resource: rows to write, and what became of each delivery."""

    store: CacheStore
    rows: list[CacheRow]
    existing: frozenset[ResourceKey]
    answers: list[Sorted]


@dataclass(frozen=True, slots=True)
class Sorter:
    """Sorts one shop's inbox. `topics` says which resource a topic belongs to, and what it does."""

    database: Database
    topics: Mapping[str, tuple[Resource, Action]]
    notices: Mapping[str, Notice] = field(default_factory=lambda: MappingProxyType({}))
    hear: Hear | None = None

    def run(self, shop_id: ShopId, limit: int) -> Tally:
        """One batch. Raises ShopBusy where another worker has the shop."""

        def attempt(ids: Sequence[DeliveryId] | None, claim: Claim[DeliveryId]) -> Tally:
            with self.database.shop_writing(shop_id) as transaction:
                started = time.perf_counter()
                tally = self._sort(transaction, shop_id, limit, ids, claim)
                tally.held_seconds = time.perf_counter() - started
                return tally

        def park(delivery_id: DeliveryId, error: Terminal) -> None:
            with self.database.shop_writing(shop_id, patience_seconds=5) as transaction:
                now = transaction.now()
                for delivery in _claim(transaction, shop_id, now, 1, [delivery_id]):
                    _mark(transaction, [Sorted(delivery, Outcome.FAILED, error=str(error))], now)

        return run_batch(attempt, park)

    def due(self, transaction: Transaction) -> list[ShopId]:
        """The shops that have something to sort now."""
        c = webhook_delivery.c
        pending = exists().where(c.shop_id == shop.c.id, _state("pending"))
        parked = exists().where(
            c.shop_id == shop.c.id, _state("parked"), c.next_attempt_at <= transaction.now()
        )
        found = transaction.execute(select(shop.c.id).where(or_(pending, parked)).order_by(shop.c.id))
        return [ShopId(shop_id) for shop_id in found.scalars()]

    def _sort(
        self,
        transaction: Transaction,
        shop_id: ShopId,
        limit: int,
        ids: Sequence[DeliveryId] | None,
        claim: Claim[DeliveryId],
    ) -> Tally:
        now = transaction.now()
        deliveries = _claim(transaction, shop_id, now, limit, ids)
        claim.keys.extend(delivery.id for delivery in deliveries)
        if self.hear is not None:
            self.hear(transaction, shop_id, deliveries)
        unread, folds = self._fold(transaction, shop_id, deliveries)
        answers = unread + [answer for fold in folds for answer in fold.answers]
        with transaction.unanswered():
            for fold in folds:
                fold.store.write(fold.rows, fold.existing)
            _mark(transaction, answers, now)
        tally = Tally(claimed=len(deliveries))
        for answer in answers:
            tally.count(answer.outcome)
            tally.parked += answer.error is not None
        return tally

    def _fold(
        self, transaction: Transaction, shop_id: ShopId, deliveries: Sequence[Pending]
    ) -> tuple[list[Sorted], list[Fold]]:
        """What can not be read or is nobody's, and for each resource what the others come to."""
        unread: list[Sorted] = []
        read: dict[str, list[Arrived]] = {}
        for delivery in deliveries:
            known = self.topics.get(delivery.topic)
            if known is None:
                unread.append(self._note(transaction, shop_id, delivery))
                continue
            resource, action = known
            try:
                head = resource.identify(delivery.topic, delivery.body)
            except Terminal as error:
                unread.append(Sorted(delivery, Outcome.FAILED, resource.name, error=str(error)))
                continue
            read.setdefault(resource.name, []).append(Arrived(delivery, head, action, resource))
        return unread, [
            _fold(CacheStore(transaction, arrived[0].resource.cache, shop_id), arrived)
            for arrived in read.values()
        ]

    def _note(self, transaction: Transaction, shop_id: ShopId, delivery: Pending) -> Sorted:
        """What is about no resource."""
        notice = self.notices.get(delivery.topic)
        if notice is None:
            return Sorted(delivery, Outcome.IGNORED)
        try:
            notice(transaction, shop_id, delivery)
        except Terminal as error:
            return Sorted(delivery, Outcome.FAILED, error=str(error))
        return Sorted(delivery, Outcome.NOTED)


def _fold(store: CacheStore, arrived: Sequence[Arrived]) -> Fold:
    """Several deliveries for one row become one write of it."""
    held = store.load({each.head.key for each in arrived})
    says_the_same = comparing(store, arrived[0].resource)
    touched: dict[ResourceKey, CacheRow] = {}
    answers = []
    for each in arrived:
        key = each.head.key
        row = touched.get(key) or held.get(key) or empty_row(key, each.delivery.received_at)
        touched[key] = row
        outcome = _take(row, each, says_the_same)
        answers.append(Sorted(each.delivery, outcome, each.resource.name, key))
    return Fold(store, list(touched.values()), frozenset(held), answers)


def _take(row: CacheRow, arrived: Arrived, says_the_same: SaysTheSame) -> Outcome:
    delivery, head, action = arrived.delivery, arrived.head, arrived.action
    reconnects = arrived.resource.reconnects
    origin = Origin(
        delivery_id=delivery.id,
        topic=delivery.topic,
        triggered_at=delivery.triggered_at,
        received_at=delivery.received_at,
    )
    if action is Action.DELETE:
        return row.take_deletion(origin, reconnects=reconnects)
    if action is Action.REFETCH:
        return row.take_want("the topic says only that something changed", origin)
    if head.updated_at is None:
        return row.take_want("the body carries no version", origin)
    version = Version(
        updated_at=head.updated_at,
        partial=head.partial,
        triggered_at=delivery.triggered_at,
        sha256=hashlib.sha256(delivery.body).digest(),
        known_at=delivery.received_at,
    )
    body = Body(raw=delivery.body, version=version, lookups=head.lookups)
    return row.take_body(body, origin, says_the_same, reconnects=reconnects)


def _claim(
    transaction: Transaction, shop_id: ShopId, now: datetime, limit: int, ids: Sequence[DeliveryId] | None
) -> list[Pending]:
    """Deliveries that are due, in the order of their ids, as many as fit in memory together."""
    c = webhook_delivery.c
    wanted = _due(transaction, shop_id, now, limit) if ids is None else ids
    statement = select(c.id, c.topic, c.triggered_at, c.received_at, c.attempts, c.body)
    waiting = or_(_state("pending"), _state("parked"))
    found = transaction.execute(statement.where(among(c.id, wanted), waiting).order_by(c.id)).all()
    return [Pending(*row) for row in found]


def _due(transaction: Transaction, shop_id: ShopId, now: datetime, limit: int) -> list[DeliveryId]:
    """Retries first, up to a quarter: a steady stream of new deliveries must not starve them."""
    c = webhook_delivery.c
    sized = select(c.id, func.length(c.body)).where(c.shop_id == bindparam("shop")).limit(bindparam("limit"))
    parked = sized.where(_state("parked"), c.next_attempt_at <= bindparam("now")).order_by(c.next_attempt_at)
    pending = sized.where(_state("pending")).order_by(c.id)
    retries = transaction.execute(parked, {"shop": shop_id, "now": now, "limit": max(1, limit // 4)}).all()
    fresh = transaction.execute(pending, {"shop": shop_id, "limit": max(1, limit - len(retries))}).all()
    return fitting((DeliveryId(row[0]), row[1]) for row in (*retries, *fresh))


def _state(name: str) -> Any:
    """A literal, not a parameter: the planner can use a partial index only where it sees the constant."""
    return webhook_delivery.c.state == literal_column(f"'{name}'")


def _mark(transaction: Transaction, answers: Sequence[Sorted], now: datetime) -> None:
    rows = sorted((_marks(answer, now) for answer in answers), key=lambda row: row[0])
    transaction.update(webhook_delivery, ("id",), _MARKED, rows)


def _marks(answer: Sorted, now: datetime) -> tuple[Any, ...]:
    delivery = answer.delivery
    key = None if answer.key is None else key_text(answer.key)
    if answer.error is None:
        return (delivery.id, "sorted", answer.outcome, None, answer.resource, key, 0, None, now)
    retry = after_failure(delivery.attempts, now)
    state = "dead" if retry.next_attempt_at is None else "parked"
    return (
        delivery.id,
        state,
        answer.outcome,
        answer.error,
        answer.resource,
        key,
        retry.attempts,
        retry.next_attempt_at,
        now,
    )
