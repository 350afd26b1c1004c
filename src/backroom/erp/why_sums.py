"""What a SKU's stock adds up to, beside `why`, which tells where each of the numbers came from.

Enters: a SKU code. Leaves: a sum for every SKU with it, as the API says it. What never happens here: a write,
a rule of its own for what is summed.
"""

from dataclasses import dataclass

from backroom.db.database import Transaction
from backroom.erp.changes import skus_with_code
from backroom.erp.skus_reader import Sku, skus_by_id


@dataclass(frozen=True, slots=True, kw_only=True)
class StockSum:
    """`available` null: nobody counts it. `locations` of `shop` hold it, and `counted` of them are active.

    `shop` null: no variant is active. `tracked` null: not known.
    """

    sku_id: int
    shop: str | None
    available: int | None
    tracked: bool | None
    counted: int
    locations: int


def stock_sums(transaction: Transaction, code: str) -> list[StockSum]:
    """In the order of the SKUs' ids; empty where no SKU has the code."""
    return [_sum(found) for found in skus_by_id(transaction, skus_with_code(transaction, code))]


def _sum(found: Sku) -> StockSum:
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
    )
