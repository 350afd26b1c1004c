"""What is available: one rule over the levels of inventory items of one shop.

Enters: items, the levels that are held of them, and what is known of the items and locations. Leaves: a sum,
or null where nobody knows it. What never happens here: a statement, a sum over shops: two shops may sell the
same stock.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from backroom.erp.tables import location
from backroom.vocabulary.ids import ShopId


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLevel:
    """A level. `is_active`: it is connected. `counts`: so is it, and its location is active.

    `available` null: not tracked, or not known.
    """

    shop_id: ShopId
    item_id: int
    location_id: int
    location: str | None
    is_active: bool
    counts: bool
    available: int | None
    updated_at: datetime | None
    on_hand: int | None
    committed: int | None
    incoming: int | None
    quantities_at: datetime | None


def available_of(
    items: Collection[int], levels: Iterable[HeldLevel], untracked: Collection[int]
) -> int | None:
    """The sum over the items' levels that count: 0 where all are at closed locations, or disconnected.

    Null where one of the items is not tracked, where one of the summed levels is null, and where no level was
    ever heard of. `levels`: of one shop, each once.
    """
    held = [level for level in levels if level.item_id in items]
    if not held or any(item in untracked for item in items):
        return None
    total = 0
    for level in held:
        if level.counts:
            if level.available is None:
                return None
            total += level.available
    return total


def location_counts() -> ColumnElement[bool]:
    """In an outer join: a location counts that is not known yet, and none that is deactivated or deleted."""
    c = location.c
    return or_(c.id.is_(None), and_(c.is_active, or_(c.active.is_(None), c.active)))
