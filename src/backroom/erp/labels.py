"""What people call the rows that the history names by our ids: Shopify's id, and a name.

Enters: entities with ids. Leaves: labels. What never happens here: a write.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Table, select

from backroom.db.database import Transaction
from backroom.erp.skus_reader import id_text
from backroom.erp.tables import listing, listing_variant, product, sku


@dataclass(frozen=True, slots=True)
class Label:
    """`shopify_id` is null for the ERP's own rows."""

    shopify_id: str | None
    name: str | None


_NAMED: Final[Mapping[str, tuple[Table, str | None, str]]] = {
    "listing": (listing, "shopify_product_id", "title"),
    "listing_variant": (listing_variant, "shopify_variant_id", "title"),
    "product": (product, None, "name"),
    "sku": (sku, None, "sku_code"),
}


def read_labels(transaction: Transaction, rows: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Label]:
    """Labels by (entity, id), one statement an entity. A row that is not there has none."""
    by_entity: dict[str, set[int]] = {}
    for entity, entity_id in rows:
        by_entity.setdefault(entity, set()).add(entity_id)
    labels: dict[tuple[str, int], Label] = {}
    for entity, ids in by_entity.items():
        table, shopify_id, name = _NAMED[entity]
        columns: list[Column[object]] = [
            table.c.id,
            table.c[name],
            *([table.c[shopify_id]] if shopify_id else []),
        ]
        for row in transaction.execute(select(*columns).where(table.c.id.in_(sorted(ids)))):
            labels[entity, row[0]] = Label(id_text(row[2]) if shopify_id else None, row[1])
    return labels
