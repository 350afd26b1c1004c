"""What people call a level of stock: the code of what is stocked, and the place where.

Enters: levels by their keys. Leaves: texts, in three statements however many. What never happens here: a
write. A level has no title of its own, and may be there before its item, its variant or its location.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import Column, Table, select

from backroom.db.database import Transaction
from backroom.db.idlist import among_keys
from backroom.erp.tables import inventory_item, listing_variant, location

LevelKey = tuple[int, int, int]
"""Our id of the shop, and Shopify's of the inventory item and of the location."""


def read_level_names(transaction: Transaction, levels: Collection[LevelKey]) -> Mapping[LevelKey, str]:
    """`TSHIRT-S at Berlin`, or what of it is known; a level of which nothing is has no name."""
    if not levels:
        return {}
    items = {(shop_id, item_id) for shop_id, item_id, _ in levels}
    places = {(shop_id, location_id) for shop_id, _, location_id in levels}
    codes = {
        **_named(transaction, inventory_item, "shopify_inventory_item_id", "sku_code", items),
        **_named(transaction, listing_variant, "shopify_inventory_item_id", "sku_code", items),
    }
    locations = _named(transaction, location, "shopify_location_id", "name", places)
    found = {key: (codes.get((key[0], key[1])), locations.get((key[0], key[2]))) for key in levels}
    return {key: " at ".join(name for name in names if name) for key, names in found.items() if any(names)}


def _named(
    transaction: Transaction, table: Table, key: str, name: str, wanted: Collection[tuple[int, int]]
) -> dict[tuple[int, int], str]:
    """Of several rows of one key the first that has a name; an active one before all others."""
    ids: list[Column[int]] = [table.c.shop_id, table.c[key]]
    rows = select(*ids, table.c[name]).where(among_keys(ids, sorted(wanted)), table.c[name].is_not(None))
    return {
        (row[0], row[1]): row[2]
        for row in transaction.execute(rows.order_by(table.c.is_active, table.c.id.desc()))
    }
