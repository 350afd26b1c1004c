"""Runs as people and jobs see them: listed, shown, counted. Reads only.

Enters: filters, ids. Leaves: read models. What never happens here: a change to a run; `requests` holds what
people ask for, `claims` and `chunks` what workers do.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, func, literal_column, select

from backroom.db.database import Transaction
from backroom.jobs.tables import sync_run
from backroom.shops.tables import shop
from backroom.vocabulary.errors import Unknown
from backroom.vocabulary.ids import ShopId
from backroom.vocabulary.pages import Page, Place, checked_limit, cursor_of

PLACE_WIDTH: Final = 1
"""A place in the list is the run's id."""
State = Literal["queued", "running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One resource that could not be taken, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as people see it. Counts are of resources.

    `written`: bodies that were new to the cache. `drifted`, `in_flight` and `repaired` are differences that a
    reconcile found. `started_at`: when it was first begun, however often it was resumed.
    """

    id: int
    kind: str
    resource: str
    mode: str
    shop: str
    state: State
    phase: str | None
    options: dict[str, Any]
    total: int | None
    seen: int
    written: int
    unchanged: int
    parked: int
    failed: int
    drifted: int
    in_flight: int
    repaired: int
    error: str | None
    samples: list[Sample]
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None
    finished_at: datetime | None
    cancel_asked_at: datetime | None
    executor: str | None
    generation: int

    @property
    def is_over(self) -> bool:
        return self.state not in ("queued", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as its job sees it: what to do, and where to go on. `cursor` is null at the start."""

    id: int
    kind: str
    resource: str
    mode: str
    shop_id: ShopId
    options: dict[str, Any]
    cursor: Any
    total: int | None
    seen: int
    written: int
    unchanged: int
    parked: int
    failed: int
    drifted: int
    in_flight: int
    repaired: int
    samples: list[dict[str, str]]
    created_at: datetime
    started_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs to list; None does not filter."""

    shop: str | None = None
    state: State | None = None


def read_runs(transaction: Transaction, wanted: RunFilter, place: Place | None, limit: int) -> Page[Run]:
    """A page of runs, newest first."""
    c = sync_run.c
    query = _runs().where(*_conditions(wanted)).order_by(c.id.desc()).limit(checked_limit(limit) + 1)
    if place is not None:
        query = query.where(c.id < place[0])
    found = [_run(row) for row in transaction.execute(query).mappings()]
    more = len(found) > limit
    items = found[:limit]
    return Page(items=items, next=cursor_of((items[-1].id,)) if more else None)


def read_run(transaction: Transaction, run_id: int) -> Run:
    """One run. Raises Unknown."""
    row = transaction.execute(_runs().where(sync_run.c.id == run_id)).mappings().one_or_none()
    if row is None:
        raise Unknown(f"there is no run {run_id}")
    return _run(row)


def view_of(row: Any) -> RunView:
    """A row of `sync_run` (a mapping) as a job sees it."""
    return RunView(**{name: row[name] for name in RunView.__slots__})


def count_active(transaction: Transaction) -> int:
    """Runs that are queued or running."""
    return int(
        transaction.execute(select(func.count()).select_from(sync_run).where(is_active())).scalar_one()
    )


def is_active() -> ColumnElement[bool]:
    """A literal, not parameters: the planner can use the partial index only where it sees the constants."""
    return literal_column("sync_run.state IN ('queued', 'running')", sync_run.c.state.type).self_group()


def _conditions(wanted: RunFilter) -> list[ColumnElement[bool]]:
    c = sync_run.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.shop is not None:
        conditions.append(
            c.shop_id == select(shop.c.id).where(shop.c.domain == wanted.shop).scalar_subquery()
        )
    if wanted.state is not None:
        conditions.append(c.state == wanted.state)
    return conditions


def _runs() -> Select[Any]:
    columns = [sync_run.c[name] for name in Run.__slots__ if name != "shop"]
    return select(*columns, shop.c.domain.label("shop")).join(shop, shop.c.id == sync_run.c.shop_id)


def _run(row: Any) -> Run:
    samples = [Sample(**sample) for sample in row["samples"]]
    return Run(**{**row, "samples": samples})
