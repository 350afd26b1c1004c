"""Findings as a reconcile would have put them into the ledger."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from backroom.db.database import Database
from backroom.drift.tables import drift_finding

_ORDINARY = {
    "resource": "products",
    "leg": "erp",
    "kind": "value",
    "key": "7",
    "title": "Shirt",
    "entity": "listing",
    "entity_id": 12,
    "field": "title",
    "ours": "Shirts",
    "theirs": "Shirt",
    "state": "open",
}


def put_finding(
    database: Database, shop_id: int, *, age: timedelta = timedelta(hours=3), run: int = 1, **changed: Any
) -> int:
    """One row of the ledger, first seen so long ago; its id. `changed` are columns."""
    with database.writing() as transaction:
        now = transaction.now()
        values = {
            **_ORDINARY,
            "shop_id": shop_id,
            "first_seen_at": now - age,
            "last_seen_at": now,
            "first_run_id": run,
            "last_run_id": run,
            **changed,
        }
        put = insert(drift_finding).values(**values).returning(drift_finding.c.id)
        return int(transaction.execute(put).scalar_one())


def put_whole(database: Database, shop_id: int, kind: str, key: str, **changed: Any) -> int:
    """One of the first leg: a resource as a whole."""
    nothing = {"entity": "", "entity_id": 0, "field": "", "ours": None, "theirs": None}
    return put_finding(database, shop_id, **{"leg": "cache", "kind": kind, "key": key, **nothing, **changed})
