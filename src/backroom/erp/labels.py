"""What people call the rows that the history names by our ids: Shopify's id, and a name.

Enters: entities with ids. Leaves: labels. What never happens here: a write.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Table, null, select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.erp.tables import (
    inventory_item,
    inventory_level,
    listing,
    listing_variant,
    location,
    product,
    sku,
)
from backroom.vocabulary.ids import key_text


@dataclass(frozen=True, slots=True)
class Label:
    """`shopify_id`: `12`, or `12:7` for a level; null for the ERP's own rows."""

    shopify_id: str | None
    name: str | None


_NAMED: Final[Mapping[str, tuple[Table, tuple[str, ...], str | None]]] = {
    "listing": (listing, ("shopify_product_id",), "title"),
    "listing_variant": (listing_variant, ("shopify_variant_id",), "title"),
    "product": (product, (), "name"),
    "sku": (sku, (), "sku_code"),
    "location": (location, ("shopify_location_id",), "name"),
    "inventory_item": (inventory_item, ("shopify_inventory_item_id",), "sku_code"),
    "inventory_level": (inventory_level, ("shopify_inventory_item_id", "shopify_location_id"), None),
}


def read_labels(transaction: Transaction, rows: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Label]:
    """Labels by (entity, id), one statement an entity. A row that is not there has none."""
    by_entity: dict[str, set[int]] = {}
    for entity, entity_id in rows:
        by_entity.setdefault(entity, set()).add(entity_id)
    labels: dict[tuple[str, int], Label] = {}
    for entity, ids in by_entity.items():
        table, key, name = _NAMED[entity]
        title = null() if name is None else table.c[name]
        statement = select(table.c.id, title, *(table.c[part] for part in key))
        for row in transaction.execute(statement.where(among(table.c.id, sorted(ids)))):
            labels[entity, row[0]] = Label(key_text(tuple(row[2:])) if key else None, row[1])
    return labels
