"""What was found of our subscriptions, and since when it is known to be right: one row a topic.

`right_at` moves only where deliveries are known to come in whole. So it is where an outage began at the
earliest, whoever ends it, and however often a check crashed meanwhile. While deliveries are refused for
their signature it does not move at all.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from backroom.db.database import Transaction
from backroom.registration.plan import TELLING, Line
from backroom.registration.tables import topic_heard, webhook_subscription
from backroom.vocabulary.ids import ShopId

_COLUMNS = ("shop_id", "topic", "state", "subscription_id", "uri", "checked_at", "right_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A topic as it was last found."""

    topic: str
    state: str
    subscription_id: str | None
    right_at: datetime | None

    @property
    def was_told(self) -> bool:
        """Whether deliveries came in when it was last looked at."""
        return self.state in TELLING


def read_recorded(transaction: Transaction, shop_id: ShopId) -> dict[str, Recorded]:
    """By topic."""
    c = webhook_subscription.c
    rows = transaction.execute(
        select(c.topic, c.state, c.subscription_id, c.right_at).where(c.shop_id == shop_id)
    )
    return {row.topic: Recorded(**row._mapping) for row in rows}


def record(
    transaction: Transaction,
    shop_id: ShopId,
    lines: Sequence[Line],
    looked_at: datetime,
    made: Mapping[str, str],
    *,
    taken: bool = True,
) -> None:
    """Keeps the wanted topics as they are now, and forgets those that are wanted no more.

    `looked_at`: our clock, before Shopify was asked. `made`: gids of those that have been mended since.
    `taken`: what is delivered is taken, and not refused for its signature.
    """
    c = webhook_subscription.c
    before = read_recorded(transaction, shop_id)
    right_at = looked_at if taken else None
    rows = [
        _row(shop_id, line, looked_at, right_at, made.get(line.topic), before)
        for line in lines
        if line.wanted
    ]
    transaction.execute(delete(webhook_subscription).where(c.shop_id == shop_id))
    transaction.insert(webhook_subscription, _COLUMNS, rows)


def record_found(
    transaction: Transaction,
    shop_id: ShopId,
    lines: Sequence[Line],
    looked_at: datetime,
    *,
    taken: bool = True,
) -> None:
    """As `record`, before anything is mended: what was wrong keeps being wrong until its gap is seen to."""
    before = read_recorded(transaction, shop_id)
    record(transaction, shop_id, lines, looked_at, {}, taken=taken)
    c = webhook_subscription.c
    for topic, held in before.items():
        if not held.was_told:
            kept = update(webhook_subscription).where(c.shop_id == shop_id, c.topic == topic)
            transaction.execute(kept.values(state=held.state, right_at=held.right_at))


def unnamed_since(transaction: Transaction, shop_id: ShopId, since: datetime) -> dict[str, datetime]:
    """Topics whose deliveries came without our name since then, and when the last one did."""
    c = topic_heard.c
    rows = transaction.execute(
        select(c.topic, c.unnamed_at).where(c.shop_id == shop_id, c.unnamed_at >= since)
    )
    return {row.topic: row.unnamed_at for row in rows}


def seen_of_ours(recorded: Collection[Recorded]) -> frozenset[str]:
    """Topics that a subscription of ours was known for."""
    return frozenset(each.topic for each in recorded if each.subscription_id is not None)


def _row(
    shop_id: ShopId,
    line: Line,
    looked_at: datetime,
    right_at: datetime | None,
    made: str | None,
    before: Mapping[str, Recorded],
) -> tuple[object, ...]:
    held = before.get(line.topic)
    told = made is not None or line.state in TELLING
    state = line.state if made is None else "ok"
    identity = made or line.subscription_id or _remembered(held, line)
    uri = line.wanted.uri if made is not None and line.wanted else line.uri
    return (
        shop_id,
        line.topic,
        state,
        identity,
        uri,
        looked_at,
        right_at if told and right_at is not None else held and held.right_at,
    )


def _remembered(held: Recorded | None, line: Line) -> str | None:
    """That ours was there once tells a lost one from one that the app's configuration has instead."""
    return held.subscription_id if held and line.state != "app" else None
