"""Deliveries as people read them: listed without their bodies, shown one by one, replayed.

Enters: filters, ids. Leaves: read models, and deliveries that are pending again. What never happens
here: sorting, or a change to what was received.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, func, literal_column, select

from backroom.db.database import Transaction
from backroom.ingress.tables import webhook_delivery
from backroom.shops.tables import shop
from backroom.vocabulary.errors import Unknown
from backroom.vocabulary.pages import Page, Place, checked_limit, cursor_of
from backroom.vocabulary.shown import ShownBody, show_body

PLACE_WIDTH: Final = 1
"""A place in the list is the delivery's id."""
HISTORY_ROWS: Final = 50
State = Literal["pending", "sorted", "parked", "dead"]
Outcome = Literal["cached", "unchanged", "stale", "refetch", "ignored", "noted", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySummary:
    """A delivery without its body. `resource_key` is Shopify's id of what it was about, once sorted."""

    id: int
    shop: str
    webhook_id: str
    event_id: str | None
    topic: str
    api_version: str | None
    triggered_at: datetime | None
    received_at: datetime
    state: State
    outcome: Outcome | None
    error: str | None
    resource: str | None
    resource_key: str | None
    attempts: int
    next_attempt_at: datetime | None
    sorted_at: datetime | None
    duplicates: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDetail(DeliverySummary):
    """A delivery with what was received."""

    headers: dict[str, str]
    body: ShownBody


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryMention:
    """A delivery in the history of what it was about."""

    id: int
    topic: str
    outcome: Outcome | None
    received_at: datetime
    triggered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """What to list; None does not narrow."""

    topic: str | None = None
    state: State | None = None
    outcome: Outcome | None = None
    shop: str | None = None


def read_deliveries(
    transaction: Transaction, wanted: DeliveryFilter, after: Place | None, limit: int
) -> Page[DeliverySummary]:
    """A page, newest first. Raises Misuse for a limit out of range."""
    c = webhook_delivery.c
    statement = _summaries().where(*_conditions(wanted)).order_by(c.id.desc()).limit(checked_limit(limit) + 1)
    if after is not None:
        statement = statement.where(c.id < after[0])
    rows = transaction.execute(statement).mappings().all()
    items = [DeliverySummary(**row) for row in rows[:limit]]
    return Page(items=items, next=cursor_of((items[-1].id,)) if len(rows) > limit else None)


def read_delivery(transaction: Transaction, delivery_id: int) -> DeliveryDetail:
    """One delivery, whole. Raises Unknown."""
    c = webhook_delivery.c
    statement = _summaries().add_columns(c.headers, c.body).where(c.id == delivery_id)
    row = transaction.execute(statement).mappings().one_or_none()
    if row is None:
        raise Unknown(f"there is no delivery {delivery_id}")
    return DeliveryDetail(**{**row, "body": show_body(row["body"])})


def replay(transaction: Transaction, ids: Sequence[int]) -> int:
    """Makes deliveries pending again, as if they came now; how many. Raises Unknown, and then replays none.

    Whether one changes anything is decided as for any other: an older version than the cache's is stale.
    """
    c = webhook_delivery.c
    wanted = sorted(set(ids))
    held = transaction.execute(select(c.id).where(c.id.in_(wanted))).scalars().all()
    unknown = sorted(set(wanted) - set(held))
    if unknown:
        raise Unknown(f"there is no delivery {', '.join(map(str, unknown))}")
    make_pending(transaction, wanted)
    return len(wanted)


def make_pending(transaction: Transaction, ids: Sequence[int]) -> None:
    """The statement behind a replay and a retry; wakes the workers."""
    columns = ("state", "outcome", "error", "attempts", "next_attempt_at")
    rows = [(delivery_id, "pending", None, None, 0, None) for delivery_id in sorted(ids)]
    transaction.update(webhook_delivery, ("id",), columns, rows)
    transaction.notify()


def history_of(transaction: Transaction, shop_id: int, resource: str, key: str) -> list[DeliveryMention]:
    """The latest deliveries about one resource, newest first; `key` as in `key_text`. At most 50."""
    c = webhook_delivery.c
    statement = (
        select(c.id, c.topic, c.outcome, c.received_at, c.triggered_at)
        .where(c.resource == resource, c.resource_key == key, c.shop_id == shop_id)
        .order_by(c.id.desc())
        .limit(HISTORY_ROWS)
    )
    return [DeliveryMention(**row) for row in transaction.execute(statement).mappings()]


def in_state(name: State) -> ColumnElement[bool]:
    """A literal, not a parameter: the planner can use a partial index only where it sees the constant."""
    return webhook_delivery.c.state == literal_column(f"'{name}'")


def _conditions(wanted: DeliveryFilter) -> list[ColumnElement[bool]]:
    c = webhook_delivery.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.topic is not None:
        conditions.append(c.topic == wanted.topic)
    if wanted.state is not None:
        conditions.append(in_state(wanted.state))
    if wanted.outcome is not None:
        conditions.append(c.outcome == wanted.outcome)
    if wanted.shop is not None:
        conditions.append(
            c.shop_id == select(shop.c.id).where(shop.c.domain == wanted.shop).scalar_subquery()
        )
    return conditions


def _summaries() -> Select[Any]:
    c = webhook_delivery.c
    names = [name for name in DeliverySummary.__slots__ if name not in ("shop", "size_bytes")]
    # The length of a body is known without reading it, on both databases.
    size = func.length(c.body).label("size_bytes")
    columns = [c[name] for name in names]
    return select(*columns, shop.c.domain.label("shop"), size).join(shop, shop.c.id == c.shop_id)


def newest_delivery(transaction: Transaction) -> int:
    """The id of the newest one; 0 where none ever came."""
    return transaction.execute(select(func.max(webhook_delivery.c.id))).scalar() or 0
