"""Levels of stock by the SKUs that they are of: joined by the variants that name their inventory item.

Enters: which SKUs. Leaves: the levels of their variants' items, disconnected ones too, each once for a SKU,
in one statement however many. What never happens here: a write, a sum.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, RowMapping, Subquery, and_, case, func, or_, select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.erp.available import HeldLevel, location_counts
from backroom.erp.tables import inventory_item, inventory_level, listing_variant, location, sku
from backroom.shops.tables import shop
from backroom.vocabulary.errors import Ambiguous, Unknown
from backroom.vocabulary.ids import ResourceKey, ShopId, key_text


def levels_of_skus(transaction: Transaction, which: ColumnElement[bool]) -> dict[int, list[HeldLevel]]:
    """{SKU's id: levels by shop, location and item}. `which`: a condition on SKUs.

    `available` is null where the item is known to be untracked.
    """
    variant, level, item = listing_variant.c, inventory_level.c, inventory_item.c
    of_item = (level.shop_id, level.shopify_inventory_item_id)
    statement = (
        # Two variants of a SKU may share an item.
        select(
            sku.c.id,
            *of_item,
            level.shopify_location_id,
            location.c.name,
            location_counts().label("counts"),
            level.available,
            level.updated_at,
            item.tracked,
            level.on_hand,
            level.committed,
            level.incoming,
            level.quantities_at,
            level.is_active,
        )
        .distinct()
        .select_from(sku)
        .join(listing_variant, and_(variant.sku_id == sku.c.id, variant.is_active))
        .join(
            inventory_level,
            and_(
                level.shop_id == variant.shop_id,
                level.shopify_inventory_item_id == variant.shopify_inventory_item_id,
            ),
        )
        .outerjoin(location, _at_location())
        .outerjoin(inventory_item, _of_item())
        .where(which)
        .order_by(sku.c.id, level.shop_id, level.shopify_location_id, level.shopify_inventory_item_id)
    )
    grouped: dict[int, list[HeldLevel]] = {}
    for row in transaction.execute(statement):
        held = HeldLevel(
            shop_id=ShopId(row[1]),
            item_id=row[2],
            location_id=row[3],
            location=row[4],
            is_active=row[13],
            counts=bool(row[5]) and row[13],
            available=None if row[8] is False else row[6],
            updated_at=row[7],
            on_hand=row[9],
            committed=row[10],
            incoming=row[11],
            quantities_at=row[12],
        )
        grouped.setdefault(row[0], []).append(held)
    return grouped


def level_rows(transaction: Transaction, sku_ids: Collection[int]) -> Sequence[RowMapping]:
    """The rows of all levels of the SKUs' variants' items, by shop, item and location, each once.

    Of the active variants; of a SKU that has none, of all. Disconnected ones, too. With the shop's `domain`,
    the `location` by its name, whether it `counts`, whether the item is `tracked` (null: not known), and
    the `variant_id` of a variant that has the item, and whether one that has it is active.
    """
    level, item = inventory_level.c, inventory_item.c
    wanted = _items_of(sku_ids)
    statement = (
        select(
            inventory_level,
            shop.c.domain,
            location.c.name.label("location"),
            location_counts().label("counts"),
            item.tracked,
            wanted.c.variant_id,
            wanted.c.variant_is_active,
        )
        .join(
            wanted,
            and_(
                wanted.c.shop_id == level.shop_id,
                wanted.c.shopify_inventory_item_id == level.shopify_inventory_item_id,
            ),
        )
        .join(shop, shop.c.id == level.shop_id)
        .outerjoin(location, _at_location())
        .outerjoin(inventory_item, _of_item())
        .order_by(level.shop_id, level.shopify_inventory_item_id, level.shopify_location_id)
    )
    return transaction.execute(statement).mappings().all()


def item_rows(transaction: Transaction, sku_ids: Collection[int]) -> Sequence[RowMapping]:
    """The rows of the inventory items of the SKUs' variants, by shop and item, each once.

    Of the same variants as `level_rows`. With the shop's `domain`.
    """
    item = inventory_item.c
    wanted = _items_of(sku_ids)
    of_wanted = and_(
        wanted.c.shop_id == item.shop_id,
        wanted.c.shopify_inventory_item_id == item.shopify_inventory_item_id,
    )
    statement = (
        select(inventory_item, shop.c.domain, item.shopify_inventory_item_id.label("shopify_id"))
        .join(wanted, of_wanted)
        .join(shop, shop.c.id == item.shop_id)
        .order_by(item.shop_id, item.shopify_inventory_item_id)
    )
    return transaction.execute(statement).mappings().all()


def level_number(transaction: Transaction, key: ResourceKey, domain: str | None) -> int:
    """Our id of a level, active or not, by its item's and location's. Raises Unknown, and Ambiguous."""
    level = inventory_level.c
    statement = (
        select(level.id, shop.c.domain)
        .join(shop, shop.c.id == level.shop_id)
        .where(level.shopify_inventory_item_id == key[0], level.shopify_location_id == key[1])
        .order_by(shop.c.domain)
    )
    if domain is not None:
        statement = statement.where(shop.c.domain == domain)
    rows = transaction.execute(statement).all()
    if not rows:
        raise Unknown(f"there is no level {key_text(key)}" + (f" of {domain}" if domain else ""))
    if len(rows) > 1:
        raise Ambiguous(f"several shops have a level {key_text(key)}: {', '.join(row[1] for row in rows)}")
    return int(rows[0][0])


def _items_of(sku_ids: Collection[int]) -> Subquery:
    """Of the SKUs' active variants, each once; of a SKU that is inactive, so that none is, of all of them."""
    c = listing_variant.c
    item = (c.shop_id, c.shopify_inventory_item_id)
    return (
        select(
            *item,
            func.max(c.id).label("variant_id"),
            func.max(case((c.is_active, 1), else_=0)).label("variant_is_active"),
        )
        .join(sku, sku.c.id == c.sku_id)
        .where(among(c.sku_id, sku_ids), or_(c.is_active, sku.c.is_active.is_(False)))
        .group_by(*item)
        .subquery()
    )


def _of_item() -> ColumnElement[bool]:
    c, item = inventory_level.c, inventory_item.c
    return and_(item.shop_id == c.shop_id, item.shopify_inventory_item_id == c.shopify_inventory_item_id)


def _at_location() -> ColumnElement[bool]:
    c = inventory_level.c
    return and_(location.c.shop_id == c.shop_id, location.c.shopify_location_id == c.shopify_location_id)
