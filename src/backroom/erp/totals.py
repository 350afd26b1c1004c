"""What is available of inventory items, to compare with the totals that products' bodies carry. Reads only.

Enters: items of one shop. Leaves: their sums over active locations, in two statements however many. What
never happens here: a level written from a total.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, case, func, select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.erp.available import location_counts
from backroom.erp.tables import inventory_item, inventory_level, location
from backroom.vocabulary.ids import ShopId


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """`available` null: not tracked, or not known. `updated_at`: the newest of the summed levels."""

    available: int | None
    updated_at: datetime | None


UNKNOWN: Final = Total(available=None, updated_at=None)
"""No level of the item is held."""


def read_totals(transaction: Transaction, shop_id: ShopId, wanted: Collection[int]) -> dict[int, Total]:
    """The total of each of the inventory items, by the rule of `available`."""
    items = sorted(wanted)
    if not items:
        return {}
    untracked = _untracked(transaction, shop_id, items)
    c = inventory_level.c
    counts = location_counts()
    statement = (
        select(
            c.shopify_inventory_item_id,
            func.coalesce(func.sum(case((counts, c.available))), 0),
            func.count(case((and_(counts, c.available.is_(None)), 1))),
            func.max(case((counts, c.updated_at))),
        )
        .outerjoin(
            location,
            and_(
                location.c.shop_id == c.shop_id,
                location.c.shopify_location_id == c.shopify_location_id,
            ),
        )
        .where(c.shop_id == shop_id, among(c.shopify_inventory_item_id, items), c.is_active)
        .group_by(c.shopify_inventory_item_id)
    )
    totals = dict.fromkeys(items, UNKNOWN)
    for item, total, unknown, updated_at in transaction.execute(statement):
        is_known = not unknown and item not in untracked
        totals[item] = Total(available=int(total) if is_known else None, updated_at=updated_at)
    return totals


def _untracked(transaction: Transaction, shop_id: ShopId, items: Collection[int]) -> set[int]:
    c = inventory_item.c
    found = select(c.shopify_inventory_item_id).where(
        c.shop_id == shop_id, among(c.shopify_inventory_item_id, items), c.tracked.is_(False)
    )
    return set(transaction.execute(found).scalars())
