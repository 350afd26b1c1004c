"""Which topics speak, since when and when last, and how long they were silent at most: one row a topic.

Enters: a batch of deliveries that is being sorted. Leaves: rows of `topic_heard`, by one statement a topic.
What never happens here: a look at each delivery's headers. Of each topic only the newest one's are read, and
not more often than once a second: whether deliveries come without our subscription's name is asked for the
last week, not for each. Nor is a replay heard: it was when it came.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import select, update

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.flow.sort import Pending
from backroom.ingress.tables import webhook_delivery
from backroom.registration.desired import name_of
from backroom.registration.tables import topic_heard
from backroom.vocabulary.ids import DeliveryId, ShopId

LOOK_SECONDS: Final = 1.0
JITTER: Final = timedelta(minutes=1)
"""So far apart may those be that were received at the same time. What comes for the first time, and is
further behind the last one than this, was received by a clock that has been set back since."""
_COLUMNS: Final = (
    "shop_id",
    "topic",
    "first_at",
    "last_at",
    "deliveries",
    "longest_pause_seconds",
    "unnamed_at",
)
_NAMES: Final = ("x-shopify-name", "shopify-name")


class Hearing:
    """For one thread. `look_seconds`: how often a topic's headers are read at most."""

    def __init__(
        self, look_seconds: float = LOOK_SECONDS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._look_seconds = look_seconds
        self._monotonic = monotonic
        self._looked: dict[tuple[ShopId, str], float] = {}

    def __call__(self, transaction: Transaction, shop_id: ShopId, deliveries: Sequence[Pending]) -> None:
        """Counts what is sorted for the first time."""
        came: dict[str, list[Pending]] = {}
        for each in deliveries:
            if each.attempts == 0:
                came.setdefault(each.topic, []).append(each)
        if not came:
            return
        held = _held(transaction, shop_id, came)
        replayed = _replayed(transaction, held, came)
        fresh = {topic: [each for each in told if each.id not in replayed] for topic, told in came.items()}
        heard = {topic: told for topic, told in fresh.items() if told}
        unnamed = self._unnamed(transaction, shop_id, {topic: each[-1] for topic, each in heard.items()})
        for topic, told in heard.items():
            _count(transaction, shop_id, topic, held.get(topic), told, unnamed.get(topic))

    def _unnamed(
        self, transaction: Transaction, shop_id: ShopId, newest: Mapping[str, Pending]
    ) -> dict[str, datetime]:
        """Topics whose newest delivery did not come by our subscription, and when it was received."""
        now = self._monotonic()
        looks = [
            (topic, each)
            for topic, each in newest.items()
            if now - self._looked.get((shop_id, topic), -self._look_seconds) >= self._look_seconds
        ]
        if not looks:
            return {}
        self._looked.update({(shop_id, topic): now for topic, _ in looks})
        c = webhook_delivery.c
        headers = select(c.topic, c.received_at, c.headers).where(c.id.in_([each.id for _, each in looks]))
        return {
            row.topic: row.received_at
            for row in transaction.execute(headers)
            if not _is_ours(row.topic, row.headers)
        }


def _is_ours(topic: str, headers: Mapping[str, str]) -> bool:
    return name_of(topic) in (headers.get(name) for name in _NAMES)


def _held(transaction: Transaction, shop_id: ShopId, topics: Collection[str]) -> dict[str, Any]:
    c = topic_heard.c
    rows = transaction.execute(select(topic_heard).where(c.shop_id == shop_id, c.topic.in_(sorted(topics))))
    return {row.topic: row for row in rows}


def _replayed(
    transaction: Transaction, held: Mapping[str, Any], came: Mapping[str, Sequence[Pending]]
) -> frozenset[DeliveryId]:
    """Those that were sorted before. Asked only of what is not newer than the last one: a few, or none."""
    doubtful = [
        each.id
        for topic, told in came.items()
        if topic in held
        for each in told
        if each.received_at <= held[topic].last_at
    ]
    if not doubtful:
        return frozenset()
    c = webhook_delivery.c
    known = select(c.id).where(among(c.id, doubtful), c.sorted_at.is_not(None))
    return frozenset(DeliveryId(delivery_id) for delivery_id in transaction.execute(known).scalars())


def _count(
    transaction: Transaction,
    shop_id: ShopId,
    topic: str,
    held: Any | None,
    told: Sequence[Pending],
    unnamed: datetime | None,
) -> None:
    came = sorted(each.received_at for each in told)
    if held is None:
        row = (shop_id, topic, came[0], came[-1], len(told), _longest_pause(came), unnamed)
        transaction.insert(topic_heard, _COLUMNS, [row])
        return
    more = {
        "last_at": _later(held.last_at, came[-1]),
        "deliveries": held.deliveries + len(told),
        "longest_pause_seconds": max(held.longest_pause_seconds, _longest_pause([held.last_at, *came])),
    }
    if unnamed is not None:
        more["unnamed_at"] = _later(held.unnamed_at or unnamed, unnamed)
    c = topic_heard.c
    transaction.execute(update(topic_heard).where(c.shop_id == shop_id, c.topic == topic).values(more))


def _later(held: datetime, came: datetime) -> datetime:
    return came if held > came + JITTER else max(held, came)


def _longest_pause(came: Sequence[datetime]) -> int:
    """Seconds. Between one and the next, in the order that is given; what is behind was no pause."""
    pauses = [int((later - earlier).total_seconds()) for earlier, later in pairwise(came)]
    return max([0, *pauses])
