"""Levels of stock that no variant has: of items that no product we know of is made of. Reads only.

They wait for their product, or for nobody. Enters: all shops. Leaves: how many there are of each.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, FromClause, Select, and_, exists, func, select

from backroom.db.database import Transaction
from backroom.erp.tables import inventory_level, listing_variant, location
from backroom.shops.tables import shop
from backroom.vocabulary.ids import ShopId

MANY_LOCATIONS: Final = 20
"""From so many on it is faster to walk from item to item than to read the levels between them: measured."""


def count_lone_levels(transaction: Transaction) -> dict[ShopId, int]:
    """The number of active levels by shop whose item none of its variants names; a shop without is not named.

    A quarter of a second for 250,000 levels; where there are many locations, 15 microseconds an item. So it
    is for people who ask, not for each scrape of the metrics.
    """
    c = location.c
    places = select(shop.c.id, func.count(c.id)).outerjoin(location, c.shop_id == shop.c.id)
    shops = transaction.execute(places.group_by(shop.c.id)).all()
    few = [row[0] for row in shops if row[1] < MANY_LOCATIONS]
    many = [row[0] for row in shops if row[1] >= MANY_LOCATIONS]
    counts: dict[ShopId, int] = {}
    for ids, items in ((few, _items_read(few)), (many, _items_walked(many))):
        if ids:
            counts |= {ShopId(row[0]): row[1] for row in transaction.execute(_counted(items))}
    return counts


def _items_read(shop_ids: Collection[int]) -> FromClause:
    """(shop_id, item_id) of all levels: reads them all."""
    level = inventory_level.c
    items = select(level.shop_id, level.shopify_inventory_item_id.label("item_id"))
    return items.where(level.shop_id.in_(shop_ids)).distinct().subquery("item")


def _items_walked(shop_ids: Collection[int]) -> FromClause:
    """The same, from the first level of one item to the first level of the next; a null ends each shop's."""
    level = inventory_level.c
    item = level.shopify_inventory_item_id
    first = select(func.min(item)).where(level.shop_id == shop.c.id).scalar_subquery()
    begun = select(shop.c.id.label("shop_id"), first.label("item_id")).where(shop.c.id.in_(shop_ids))
    items = begun.cte("item", recursive=True)
    following = select(func.min(item)).where(level.shop_id == items.c.shop_id, item > items.c.item_id)
    return items.union_all(
        select(items.c.shop_id, following.scalar_subquery()).where(items.c.item_id.is_not(None))
    )


def _counted(items: FromClause) -> Select[tuple[int, int]]:
    """Levels are looked at only where their item is found to be lone."""
    level = inventory_level.c
    lone = select(items.c.shop_id, items.c.item_id).where(items.c.item_id.is_not(None), ~_has_variant(items))
    # As a whole and first: PostgreSQL would guess that a walk finds a hundred items, and read all levels.
    found = lone.cte("lone").prefix_with("MATERIALIZED", dialect="postgresql")
    return (
        select(level.shop_id, func.count())
        .join(
            found,
            and_(
                found.c.shop_id == level.shop_id,
                found.c.item_id == level.shopify_inventory_item_id,
            ),
        )
        .where(level.is_active)
        .group_by(level.shop_id)
    )


def _has_variant(items: FromClause) -> ColumnElement[bool]:
    c = listing_variant.c
    return exists().where(c.shopify_inventory_item_id == items.c.item_id, c.shop_id == items.c.shop_id)
