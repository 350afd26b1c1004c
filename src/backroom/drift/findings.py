"""The ledger of drift as people read it: listed, shown, counted. Reads only.

Enters: filters, ids. Leaves: read models. What never happens here: a change to a finding; `ledger` keeps
what a reconcile found, `decisions` does what people say to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, RowMapping, Select, and_, false, func, literal_column, or_, select

from backroom.db.database import Transaction
from backroom.drift.tables import drift_finding
from backroom.drift.words import in_words
from backroom.erp.level_names import LevelKey, read_level_names
from backroom.shops.tables import shop
from backroom.vocabulary.errors import Unknown
from backroom.vocabulary.ids import ShopId, parse_key
from backroom.vocabulary.pages import Page, Place, checked_limit, cursor_of

PLACE_WIDTH: Final = 1
"""A place in the list is the finding's id."""
State = Literal["open", "ignored", "repaired", "gone"]
Kind = Literal["missing", "extra", "deleted", "stale", "value", "unlinked"]
Leg = Literal["cache", "erp"]
_STANDING: Final = ("open", "ignored")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that differs. `key` is Shopify's, as everywhere: 12 or 12:7. `title` is for people; a level's
    is what its SKU and its location are called now.

    Leg `cache`: `ours` is the cache's and `theirs` Shopify's; leg `erp`: the row's and the cache's. `entity`
    is the ERP's table; `field` null: the whole of it. `age_seconds`: for how long it has stood, or stood
    until it was repaired or gone. `differs` says what differs in a line.
    """

    id: int
    shop: str
    resource: str
    leg: Leg
    kind: Kind
    key: str
    location_id: str | None
    title: str | None
    entity: str | None
    entity_id: int | None
    field: str | None
    ours: Any
    theirs: Any
    differs: str
    reason: str | None
    state: State
    first_seen_at: datetime
    last_seen_at: datetime
    age_seconds: float
    first_run_id: int
    last_run_id: int
    settled_at: datetime | None
    settled_run_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFilter:
    """Which findings to list; None does not filter."""

    shop: str | None = None
    state: State | None = None
    kind: Kind | None = None
    leg: Leg | None = None
    resource: str | None = None


def read_findings(
    transaction: Transaction, wanted: FindingFilter, place: Place | None, limit: int
) -> Page[Finding]:
    """A page of findings, newest first. Raises Misuse for a limit out of range."""
    c = drift_finding.c
    # By an expression where few can match, or SQLite walks all rows there ever were, to spare itself a sort.
    order = c.id + 0 if wanted.state in _STANDING else c.id
    query = _findings().where(*_conditions(wanted)).order_by(order.desc()).limit(checked_limit(limit) + 1)
    if place is not None:
        query = query.where(order < place[0])
    rows = transaction.execute(query).mappings().all()
    items = _read(transaction, rows[:limit])
    return Page(items=items, next=cursor_of((items[-1].id,)) if len(rows) > limit else None)


def read_finding(transaction: Transaction, finding_id: int) -> Finding:
    """One finding. Raises Unknown."""
    row = transaction.execute(_findings().where(drift_finding.c.id == finding_id)).mappings().one_or_none()
    if row is None:
        raise Unknown(f"there is no finding {finding_id}")
    (found,) = _read(transaction, [row])
    return found


def count_open(transaction: Transaction) -> dict[ShopId, int]:
    """Open findings by shop; a shop without any is not named, nor is one that was removed."""
    c = drift_finding.c
    # An expression, or SQLite takes the index over all rows there ever were.
    shop_id = c.shop_id + 0
    there = shop_id.in_(select(shop.c.id).where(shop.c.removed_at.is_(None)))
    counted = select(shop_id, func.count()).where(is_standing(), c.state == "open", there).group_by(shop_id)
    return {ShopId(row[0]): int(row[1]) for row in transaction.execute(counted)}


def count_left(transaction: Transaction, began_at: Mapping[int, datetime]) -> dict[int, int]:
    """How many of what these runs found is open now, by run; a run that left nothing is not named.

    `began_at`: by run. What stands and a run could not look at, as it is in flight, was last seen before.
    """
    c = drift_finding.c
    seen = or_(false(), *(and_(c.last_run_id == run, c.last_seen_at >= at) for run, at in began_at.items()))
    left = select(c.last_run_id, func.count()).where(is_standing(), c.state == "open", seen)
    return {row[0]: int(row[1]) for row in transaction.execute(left.group_by(c.last_run_id))}


def is_standing() -> ColumnElement[bool]:
    """Open or ignored. A literal, not parameters: the planner can use the partial index only where it sees
    the constants."""
    text = "drift_finding.state IN ('open', 'ignored')"
    return literal_column(text, drift_finding.c.state.type).self_group()


def _conditions(wanted: FindingFilter) -> list[ColumnElement[bool]]:
    c = drift_finding.c
    conditions = [
        c[name] == value
        for name in ("state", "kind", "leg", "resource")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.state in _STANDING:
        conditions.append(is_standing())
    if wanted.shop is not None:
        conditions.append(
            c.shop_id == select(shop.c.id).where(shop.c.domain == wanted.shop).scalar_subquery()
        )
    return conditions


def _findings() -> Select[Any]:
    c = drift_finding.c
    return select(drift_finding, shop.c.domain.label("shop")).join(shop, shop.c.id == c.shop_id)


def _read(transaction: Transaction, rows: Sequence[RowMapping]) -> list[Finding]:
    levels = {row["id"]: key for row in rows if (key := _level_of(row)) is not None}
    names = read_level_names(transaction, set(levels.values()))
    now = transaction.now()
    return [_finding(row, names.get(levels[row["id"]]) if row["id"] in levels else None, now) for row in rows]


def _level_of(row: RowMapping) -> LevelKey | None:
    """Null where it is of something else."""
    if row["location_id"] is None:
        return None
    return row["shop_id"], parse_key(row["key"])[0], row["location_id"]


def _finding(row: RowMapping, level: str | None, now: datetime) -> Finding:
    """The parts of the identity that do not apply are empty and 0 in the table, and null here."""
    found = dict(row)
    del found["shop_id"]
    found["title"] = level or found["title"]
    for name in ("entity", "entity_id", "field"):
        found[name] = found[name] or None
    if found["location_id"] is not None:
        found["location_id"] = str(found["location_id"])
    ended = found["settled_at"] if found["state"] in ("repaired", "gone") else None
    age = ((ended or now) - found["first_seen_at"]).total_seconds()
    parts = {name: found[name] for name in ("leg", "kind", "entity", "entity_id", "field", "ours", "theirs")}
    return Finding(**found, age_seconds=max(0.0, age), differs=in_words(**parts))
