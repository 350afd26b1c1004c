"""What people said to leave alone of some resources, for a repair that mends what else differs of them.

Enters: keys. Leaves: the ignored findings. A row is applied as a whole, so what is ignored of it may be
mended on the way; and where it is not, that is not held against the repair. Reads only.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from backroom.db.database import Transaction
from backroom.drift.findings import is_standing
from backroom.drift.tables import drift_finding
from backroom.vocabulary.ids import ResourceKey, ShopId, key_text, parse_key

Place = tuple[str, int, str]
"""Where in the ERP's rows: the table, the row's id (0: it is to be made), the field (empty: the whole)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """An ignored finding."""

    id: int
    key: ResourceKey
    leg: str
    kind: str
    place: Place


def ignored_of(
    transaction: Transaction, shop_id: ShopId, plural: str, keys: Collection[ResourceKey]
) -> list[Ignored]:
    """Those of a few resources."""
    c = drift_finding.c
    mine = (is_standing(), c.shop_id == shop_id, c.resource == plural, c.state == "ignored")
    rows = transaction.execute(select(drift_finding).where(*mine, c.key.in_(sorted(map(key_text, keys)))))
    return [
        Ignored(
            id=row.id,
            key=parse_key(row.key),
            leg=row.leg,
            kind=row.kind,
            place=(row.entity, row.entity_id, row.field),
        )
        for row in rows
    ]
