"""Totals of stock that products' webhooks tell, against the sums of the levels that are held.

A body's total is of the instant at which it was triggered. It can be compared where nothing changed since
that makes another sum: no level came, went or changed, and no location of one was opened, closed or deleted.
Then a sum that differs means that a level's change was lost, or that Shopify counts something else. Enters: a
shop. Leaves: what differs. What never happens here: a level written, or a total of which nobody can say
whether it is older than what it is compared with.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, and_, case, func, or_, select

from backroom.cache.tables import key_columns
from backroom.db.database import Transaction
from backroom.db.fitting import fitting
from backroom.db.idlist import among
from backroom.erp.totals import Total
from backroom.resources.descriptor import Totals
from backroom.resources.location import location
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ShopId


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a product's body says of an inventory item. `at`: Shopify's instant of it."""

    product_id: int
    total: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPart:
    """A stretch of products, in the order of their ids. `until`: the last; None: there are no more."""

    told: Mapping[int, Sequence[Told]]
    until: int | None


def read_told(
    transaction: Transaction, totals: Totals, shop_id: ShopId, after: int, limit: int, before: datetime
) -> ToldPart:
    """What the next products' webhooks say, of those that were received before (our clock)."""
    c = totals.cache.c
    number = c[key_columns(totals.cache)[0]]
    tells = (c.shop_id == shop_id, c.source == "webhook", c.deleted_at.is_(None), c.received_at < before)
    sizes = select(number, func.length(c.raw_data)).where(*tells, number > after, c.raw_data.is_not(None))
    found = fitting((row[0], row[1]) for row in transaction.execute(sizes.order_by(number).limit(limit)))
    if not found:
        return ToldPart(told={}, until=None)
    told: dict[int, list[Told]] = {}
    bodies = select(number, c.raw_data, func.coalesce(c.triggered_at, c.updated_at))
    for product_id, raw, at in transaction.execute(bodies.where(c.shop_id == shop_id, among(number, found))):
        for item, total in _read(totals, raw).items():
            told.setdefault(item, []).append(Told(product_id=product_id, total=total, at=at))
    return ToldPart(told=told, until=found[-1])


def differing(told: Sequence[Told], held: Total) -> Told | None:
    """The latest word on an item, where it differs from the sum of its levels; those summed are all older."""
    latest = max(told, key=lambda each: each.at)
    if held.available is None or held.updated_at is None or held.updated_at >= latest.at:
        return None
    return latest if latest.total != held.available else None


def last_changes(
    transaction: Transaction, levels: Table, shop_id: ShopId, items: Collection[int]
) -> Mapping[int, datetime]:
    """When what the items' sums are made of changed last, by Shopify's clock; one statement for all items.

    `levels`: the cache of levels. Those that are gone count, and those at closed and deleted locations, and
    the locations themselves. An item is left out where a level or a location of it never said when.
    """
    level, place = levels.c, location.cache.c
    item, location_id = (level[name] for name in key_columns(levels))
    never_said = or_(
        and_(level.updated_at.is_(None), level.deleted_at.is_(None)),
        and_(place.shop_id.is_not(None), place.updated_at.is_(None), place.deleted_at.is_(None)),
    )
    at_place = and_(place.shop_id == level.shop_id, place.shopify_location_id == location_id)
    instants = (level.updated_at, level.deleted_at, place.updated_at, place.deleted_at)
    statement = (
        select(
            item,
            func.count(case((never_said, 1))),
            *(func.max(each) for each in instants),
        )
        .outerjoin(location.cache, at_place)
        .where(level.shop_id == shop_id, among(item, sorted(items)))
        .group_by(item)
    )
    changed: dict[int, datetime] = {}
    for number, unsaid, *latest in transaction.execute(statement) if items else ():
        if not unsaid:
            changed[number] = max(each for each in latest if each is not None)
    return changed


def _read(totals: Totals, raw: bytes) -> Mapping[int, int]:
    """A body that can't be read is told of elsewhere."""
    try:
        return totals.read(raw)
    except Terminal:
        return {}
