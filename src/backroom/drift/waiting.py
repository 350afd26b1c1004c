"""Deliveries that wait to be sorted: what they are about may explain what differs. Reads only.

Enters: a snapshot of the inbox. Leaves: the keys that they are about. Only heads are read, as sorting does.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from backroom.db.database import Transaction
from backroom.db.fitting import fitting
from backroom.db.idlist import among
from backroom.ingress.deliveries import State, in_state
from backroom.ingress.tables import webhook_delivery
from backroom.resources.descriptor import Resource
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ResourceKey, ShopId

MOST: Final = 500
"""With more that are about to be sorted, any may be about anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """`any_key`: they can not all be told. `soon`: some are about to be sorted; others wait for a retry."""

    keys: frozenset[ResourceKey] = frozenset()
    any_key: bool = False
    soon: bool = False

    def may_explain(self, key: ResourceKey) -> bool:
        return self.any_key or key in self.keys


def read_waiting(transaction: Transaction, resource: Resource, shop_id: ShopId) -> Waiting:
    """What waits of a resource's topics.

    One that is parked is tried for hours: where it can not be told what it is about it explains nothing, or
    a single bad body would hide all drift for so long.
    """
    pending, all_told = _read(transaction, resource, shop_id, "pending")
    parked, _ = _read(transaction, resource, shop_id, "parked")
    return Waiting(keys=frozenset(pending | parked), any_key=not all_told, soon=bool(pending) or not all_told)


def _read(
    transaction: Transaction, resource: Resource, shop_id: ShopId, state: State
) -> tuple[set[ResourceKey], bool]:
    """What those in one state are about, and whether that is all of it."""
    c = webhook_delivery.c
    mine = (c.shop_id == shop_id, in_state(state), c.topic.in_(sorted(resource.topics)))
    sizes = select(c.id, func.length(c.body)).where(*mine).order_by(c.id).limit(MOST + 1)
    found = transaction.execute(sizes).all()
    fit = fitting((row[0], row[1]) for row in found[:MOST])
    if not fit:
        return set(), True
    bodies = transaction.execute(select(c.topic, c.body).where(among(c.id, fit)))
    keys = {_key(resource, topic, body) for topic, body in bodies}
    return {key for key in keys if key is not None}, len(fit) == len(found) and None not in keys


def _key(resource: Resource, topic: str, body: bytes) -> ResourceKey | None:
    try:
        return resource.identify(topic, body).key
    except Terminal:
        return None
