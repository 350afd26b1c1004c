"""What `reconcile` and a repair mean: which run is queued for them, by whomever it is asked."""

from collections.abc import Sequence
from typing import Final

from backroom.db.database import Transaction
from backroom.jobs.requests import NewRun
from backroom.shops.shops import Shop
from backroom.vocabulary.ids import ShopId

RECONCILE: Final = "reconcile"
COMPARE: Final = "compare"
"""Compares all of one resource, and changes nothing."""
REPAIR: Final = "repair"
"""Compares all of it, and mends what it found."""
FINDINGS: Final = "findings"
"""Compares nothing, and mends findings that stand in the ledger."""


def new_reconcile(
    _transaction: Transaction, shop: Shop, plural: str, *, repair: bool, requested_by: str
) -> NewRun:
    """A reconcile of one resource of a shop; with `repair` it mends what it finds."""
    return NewRun(
        kind=RECONCILE,
        resource=plural,
        mode=REPAIR if repair else COMPARE,
        shop_id=shop.id,
        requested_by=requested_by,
    )


def new_repair(
    _transaction: Transaction,
    shop_id: ShopId,
    plural: str,
    finding_ids: Sequence[int] | None,
    requested_by: str,
) -> NewRun:
    """A repair of some open findings of one shop and resource; None: of all that are open once it runs."""
    # Never all ids: the options are read at every look at the run.
    options = {"all": True} if finding_ids is None else {"findings": sorted(set(finding_ids))}
    return NewRun(
        kind=RECONCILE,
        resource=plural,
        mode=FINDINGS,
        shop_id=shop_id,
        requested_by=requested_by,
        options=options,
    )
