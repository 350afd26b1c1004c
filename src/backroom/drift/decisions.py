"""What people say to findings: repair these, leave those alone, look at them again after all.

Enters: a write transaction and ids. Leaves: findings that are ignored or open, and which ones a repair is
asked for. What never happens here: a repair; that is a run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Select, func, select, update

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.drift.findings import State, is_standing
from backroom.drift.tables import drift_finding
from backroom.shops.tables import shop
from backroom.vocabulary.errors import BackroomError, Unknown
from backroom.vocabulary.ids import ShopId


class FindingSettled(BackroomError):
    """A finding can not be decided on any more; the message says what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings of one shop and resource: what one run can repair. `finding_ids` None: all that are open."""

    shop_id: ShopId
    domain: str
    resource: str
    number: int
    finding_ids: list[int] | None


def ignore_findings(transaction: Transaction, finding_ids: Sequence[int]) -> int:
    """They are not counted, not listed as open, and no reason to repair, while they differ as now; how many.

    A repair of another one of the same resource applies its rows as a whole. Doing it twice is once. Raises
    Unknown and FindingSettled, and then touches none.
    """
    _held(transaction, finding_ids, ("open", "ignored"))
    return _decide(transaction, finding_ids, "open", state="ignored", settled_at=transaction.now())


def reopen_findings(transaction: Transaction, finding_ids: Sequence[int]) -> int:
    """The opposite: ignored ones are open again; how many. Raises as `ignore_findings`."""
    _held(transaction, finding_ids, ("open", "ignored"))
    return _decide(transaction, finding_ids, "ignored", state="open", settled_at=None)


def chosen(transaction: Transaction, finding_ids: Sequence[int]) -> list[Group]:
    """Open findings, grouped for their runs. Raises Unknown and FindingSettled (an ignored one is, too)."""
    return list(_grouped(_held(transaction, finding_ids, ("open",))))


def all_open(transaction: Transaction, domain: str | None) -> list[Group]:
    """All open findings of a shop, or of all that were not removed, grouped for their runs and counted."""
    c = drift_finding.c
    # An expression, or SQLite takes the index over all rows there ever were.
    parts = (shop.c.id, shop.c.domain, c.resource)
    counted = select(*parts, func.count()).join(shop, shop.c.id == c.shop_id + 0).group_by(*parts)
    counted = counted.where(is_standing(), c.state == "open", shop.c.removed_at.is_(None))
    if domain is not None:
        counted = counted.where(shop.c.domain == domain)
    return [
        Group(shop_id=ShopId(row[0]), domain=row[1], resource=row[2], number=row[3], finding_ids=None)
        for row in transaction.execute(counted.order_by(shop.c.id, c.resource))
    ]


def _held(transaction: Transaction, finding_ids: Sequence[int], states: Sequence[State]) -> list[Any]:
    """Their rows, in the order of their groups; all are there, and in one of the states."""
    rows = transaction.execute(_rows().where(among(drift_finding.c.id, finding_ids))).all()
    unknown = sorted(set(finding_ids) - {row.id for row in rows})
    if unknown:
        raise Unknown(f"there is no finding {', '.join(map(str, unknown))}")
    for row in rows:
        if row.state not in states:
            raise FindingSettled(f"finding {row.id} {_became(row.state, row.id)}")
    return list(rows)


def _became(state: str, finding_id: int) -> str:
    if state == "ignored":
        return f"is ignored: `backroom drift reopen {finding_id}` ends that"
    return "is repaired already" if state == "repaired" else "is gone already: it healed by itself"


def _decide(transaction: Transaction, finding_ids: Sequence[int], held: State, **values: Any) -> int:
    c = drift_finding.c
    decided = update(drift_finding).where(among(c.id, finding_ids), c.state == held)
    return transaction.execute(decided.values(**values)).rowcount


def _rows() -> Select[Any]:
    c = drift_finding.c
    columns = select(c.id, c.state, c.shop_id, shop.c.domain, c.resource)
    return columns.join(shop, shop.c.id == c.shop_id).order_by(c.shop_id, c.resource, c.id)


def _grouped(rows: Sequence[Any]) -> Iterator[Group]:
    for (shop_id, domain, resource), some in groupby(
        rows, key=lambda row: (row.shop_id, row.domain, row.resource)
    ):
        ids = [row.id for row in some]
        yield Group(
            shop_id=ShopId(shop_id), domain=domain, resource=resource, number=len(ids), finding_ids=ids
        )
