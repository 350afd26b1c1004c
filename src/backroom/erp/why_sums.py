"""What a SKU's stock adds up to, beside `why`, which tells where each of the numbers came from.

Enters: a SKU's code or id. Leaves: a sum for every SKU with it, as the API says it. What never happens here:
a write, a rule of its own for what is summed.
"""

from dataclasses import dataclass

from backroom.db.database import Transaction
from backroom.erp.changes import Lineage, lineage
from backroom.erp.skus_reader import Sku, skus_by_id
from backroom.erp.tables import sku
from backroom.erp.why_codes import Sought, sought_skus


@dataclass(frozen=True, slots=True, kw_only=True)
class StockSum:
    """`available` null: nobody counts it. `locations` of `shop` hold it, and `counted` of them are active.

    `shop` null: no variant is active, and so the SKU is not, which `ended` it (null: the history does not
    say). `tracked` null: not known.
    """

    sku_id: int
    shop: str | None
    available: int | None
    tracked: bool | None
    counted: int
    locations: int
    is_active: bool
    ended: Lineage | None


def stock_sums(transaction: Transaction, sought: Sought) -> list[StockSum]:
    """In the order of the SKUs' ids. Raises Unknown where there is none."""
    return [_sum(transaction, found) for found in skus_by_id(transaction, sought_skus(transaction, sought))]


def _sum(transaction: Transaction, found: Sku) -> StockSum:
    first = next((each for each in found.listings if each.is_active), None)
    shop = first.shop if first else None
    levels = [level for level in found.levels if level.shop == shop]
    return StockSum(
        sku_id=found.id,
        shop=shop,
        available=found.available,
        tracked=found.tracked,
        counted=len({level.location_id for level in levels if level.counts}),
        locations=len({level.location_id for level in levels}),
        is_active=found.is_active,
        ended=None if found.is_active else lineage(transaction, sku.name, found.id, "is_active"),
    )
