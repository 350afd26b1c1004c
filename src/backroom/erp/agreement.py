"""Levels brought in line with their items and locations, whichever of them is heard of first. One shop's.

What is deleted takes its levels along: nobody is told of those. A level that has a number though its item is
not tracked, or has none though it is, has to be asked for again. Neither goes for a level that was pulled
after the other one was heard of: Shopify has said so itself. Enters: keys that a batch has written. Leaves:
marks and wants on rows of the levels' cache. What never happens here: a statement for each row.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
    update,
)

from backroom.cache.tables import key_columns
from backroom.db.database import Transaction
from backroom.db.idlist import among_bound, among_keys_of, bound
from backroom.erp.tables import inventory_item, inventory_level
from backroom.vocabulary.ids import ResourceKey, ShopId

Agree = Callable[[Transaction, ShopId, Collection[ResourceKey], Collection[ResourceKey]], None]
"""(transaction with the shop's lock, shop, keys that were written, keys that are gone)."""

CONTRADICTS: Final = "its item is tracked now, or no longer, and the level does not say so"
_MARK: Final = ("deleted_at", "deleted_received_at", "deleted_delivery_id", "deleted_topic", "deleted_run_id")
_DIRTY: Final = {
    "processed_at": None,
    "processing_error": None,
    "attempts": 0,
    "next_attempt_at": None,
    "dead_at": None,
}
_NOT_WANTED: Final = {
    "wanted_at": None,
    "wanted_reason": None,
    "wanted_updated_at": None,
    "want_attempts": 0,
    "want_next_at": None,
}


def items_agree(levels: Table, items: Table) -> Agree:
    """For inventory items: their levels."""
    item = levels.c[key_columns(levels)[0]]
    these = and_(levels.c.shop_id == bindparam("shop"), among_bound([item], "these"))
    gone_query = _look(levels, these, _above_is_gone(levels, items, item))
    written_query = _look(levels, these, _contradicts(levels, items))

    def agree(
        transaction: Transaction,
        shop_id: ShopId,
        written: Collection[ResourceKey],
        gone: Collection[ResourceKey],
    ) -> None:
        if gone and (found := _found(transaction, gone_query, shop_id, gone)):
            _take_along(transaction, levels, items, item, shop_id, found)
        if written and (found := _found(transaction, written_query, shop_id, written)):
            _want(transaction, levels, shop_id, found)

    return agree


def locations_agree(levels: Table, locations: Table) -> Agree:
    """For locations: the levels at those that are gone, which are seldom."""
    location = levels.c[key_columns(levels)[1]]
    these = and_(levels.c.shop_id == bindparam("shop"), among_bound([location], "these"))
    query = _look(levels, these, _above_is_gone(levels, locations, location))

    def agree(
        transaction: Transaction,
        shop_id: ShopId,
        _written: Collection[ResourceKey],
        gone: Collection[ResourceKey],
    ) -> None:
        if gone and (found := _found(transaction, query, shop_id, gone)):
            _take_along(transaction, levels, locations, location, shop_id, found)

    return agree


def levels_agree(levels: Table, items: Table, locations: Table) -> Agree:
    """For levels: with what is known of their items and locations."""
    item, location = (levels.c[name] for name in key_columns(levels))
    these = among_bound([levels.c.shop_id, item, location], "these")
    above = ((items, item), (locations, location))
    disagrees = or_(
        *(_above_is_gone(levels, table, part) for table, part in above), _contradicts(levels, items)
    )
    query = _look(levels, these, disagrees)

    def agree(
        transaction: Transaction,
        shop_id: ShopId,
        written: Collection[ResourceKey],
        _gone: Collection[ResourceKey],
    ) -> None:
        keys = [(shop_id, *key) for key in written]
        if keys and (found := _found(transaction, query, shop_id, keys)):
            for table, part in above:
                _take_along(transaction, levels, table, part, shop_id, found)
            _want(transaction, levels, shop_id, found)

    return agree


def _look(levels: Table, these: ColumnElement[bool], disagrees: ColumnElement[bool]) -> Select[Any]:
    """Made once: it is asked after every batch, and finds something after few."""
    keys = [levels.c[name] for name in key_columns(levels)]
    return select(*keys).where(these, _is_held(levels), disagrees)


def _found(
    transaction: Transaction, query: Select[Any], shop_id: ShopId, keys: Collection[ResourceKey]
) -> list[ResourceKey]:
    rows = transaction.execute(query, {"shop": shop_id, **bound("these", sorted(keys))})
    return [tuple(row) for row in rows]


def _above_is_gone(levels: Table, above: Table, part: ColumnElement[int]) -> ColumnElement[bool]:
    a = above.c
    own = and_(a.shop_id == levels.c.shop_id, a[key_columns(above)[0]] == part)
    heard_at = func.coalesce(a.deleted_received_at, a.deleted_at)
    gone = (own, a.deleted_at.is_not(None), _not_said_since(levels, heard_at))
    return select(literal(1)).where(*gone).exists()


def _contradicts(levels: Table, items: Table) -> ColumnElement[bool]:
    """What waits for an answer already is not asked for sooner."""
    c, i = levels.c, items.c
    item, location = (c[name] for name in key_columns(levels))
    row, traits = inventory_level.c, inventory_item.c
    of_item = and_(
        traits.shop_id == row.shop_id, traits.shopify_inventory_item_id == row.shopify_inventory_item_id
    )
    cached = and_(i.shop_id == row.shop_id, i[key_columns(items)[0]] == row.shopify_inventory_item_id)
    found = (
        select(literal(1))
        .select_from(inventory_level)
        .join(inventory_item, of_item)
        .join(items, cached)
        .where(
            row.shop_id == c.shop_id,
            row.shopify_inventory_item_id == item,
            row.shopify_location_id == location,
            row.is_active,
            traits.is_active,
            or_(
                and_(traits.tracked, row.available.is_(None)),
                and_(~traits.tracked, row.available.is_not(None)),
            ),
            _not_said_since(levels, i.received_at),
        )
    )
    return and_(c.wanted_at.is_(None), found.exists())


def _take_along(
    transaction: Transaction,
    levels: Table,
    above: Table,
    part: ColumnElement[int],
    shop_id: ShopId,
    found: Sequence[ResourceKey],
) -> None:
    """Marks those of the levels that are of what is gone, as that is marked."""
    c, a = levels.c, above.c
    own = and_(a.shop_id == shop_id, a[key_columns(above)[0]] == part)
    marks = {name: select(a[name]).where(own).scalar_subquery() for name in _MARK}
    statement = update(levels).where(_these(levels, shop_id, found), _above_is_gone(levels, above, part))
    transaction.execute(statement.values(**marks, **_DIRTY, **_NOT_WANTED, revision=c.revision + 1))
    transaction.notify()


def _want(transaction: Transaction, levels: Table, shop_id: ShopId, found: Sequence[ResourceKey]) -> None:
    """Those that are still there are asked for again."""
    statement = update(levels).where(_these(levels, shop_id, found), _is_held(levels))
    now = transaction.now()
    transaction.execute(statement.values(wanted_at=now, wanted_reason=CONTRADICTS, want_next_at=None))
    transaction.notify()


def _these(levels: Table, shop_id: ShopId, found: Sequence[ResourceKey]) -> ColumnElement[bool]:
    keys = [levels.c[name] for name in key_columns(levels)]
    return among_keys_of(levels.c.shop_id, shop_id, keys, found)


def _not_said_since(levels: Table, heard_at: Any) -> ColumnElement[bool]:
    """It was not pulled since: then Shopify knew of both. A webhook may be a late one, whenever it came."""
    return or_(levels.c.source != "pull", func.coalesce(levels.c.received_at <= heard_at, true()))


def _is_held(levels: Table) -> ColumnElement[bool]:
    return and_(levels.c.raw_data.is_not(None), levels.c.deleted_at.is_(None))
