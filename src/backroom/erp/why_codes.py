"""Which SKUs `why` is asked about, and which of them had a code that no SKU has any more.

Enters: a code, or the ERP's id of a SKU. Leaves: ids; or who had the code, until when, and what took it away.
What never happens here: a write, a guess at codes that are alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from backroom.db.database import Transaction
from backroom.erp.changes import skus_with_code
from backroom.erp.tables import field_change, sku
from backroom.vocabulary.errors import Unknown

Sought = str | int
"""A code, which several SKUs may have, or the ERP's id of one SKU."""

MOST_LOST: Final = 20
"""SKUs that are told of a code: whoever asks looks for one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostCode:
    """A SKU that had a code until `at`, and by what it has another one; `code_now` null: it has none."""

    sku_id: int
    at: datetime
    delivery_id: int | None
    topic: str | None
    triggered_at: datetime | None
    run_id: int | None
    code_now: str | None


def sought_skus(transaction: Transaction, sought: Sought) -> Sequence[int]:
    """In the order of their ids. Raises Unknown where there is none."""
    if isinstance(sought, str):
        if ids := skus_with_code(transaction, sought):
            return ids
        raise Unknown(f"no SKU has the code {sought}")
    if transaction.execute(select(sku.c.id).where(sku.c.id == sought)).first() is None:
        raise Unknown(f"no SKU has the id {sought}")
    return [sought]


def lost_codes(transaction: Transaction, code: str) -> tuple[list[LostCode], bool]:
    """The SKUs that had the code before, the latest to lose it first; whether there are more of them."""
    c = field_change.c
    # No index has what a value was: by that of the entities this reads every entry of every SKU, and none of
    # listings, variants or stock. 0.4 s for a million of them; by hand, and only where no SKU has the code.
    losses = select(func.max(c.id)).where(c.entity == sku.name, c.field == "sku_code", c.old == code)
    statement = (
        select(field_change, sku.c.sku_code)
        .join(sku, sku.c.id == c.entity_id)
        .where(c.id.in_(losses.group_by(c.entity_id)))
        .order_by(c.id.desc())
        .limit(MOST_LOST + 1)
    )
    lost = [
        LostCode(
            sku_id=row["entity_id"],
            code_now=row["sku_code"],
            **{name: row[name] for name in ("at", "delivery_id", "topic", "triggered_at", "run_id")},
        )
        for row in transaction.execute(statement).mappings()
    ]
    return lost[:MOST_LOST], len(lost) > MOST_LOST
