"""What waits, what is parked, what was given up: the `status` document, from one snapshot.

Enters: a reading transaction. Leaves: counts by shop and their sums. Each count reads a partial index as
large as the backlog, or columns of a handful of rows; nothing here reads the history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, or_, select

from backroom.db.database import Transaction
from backroom.erp.conflicts import count_code_conflicts
from backroom.ingress.deliveries import State, in_state
from backroom.ingress.tables import webhook_delivery
from backroom.resources.descriptor import Resource
from backroom.shops.tables import shop, webhook_secret
from backroom.vocabulary.ids import ShopId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopStatus:
    """One shop's numbers. `last_received_at`: when one of its secrets last signed a delivery, to a second."""

    domain: str
    inbox_pending: int
    dirty: int
    parked: int
    wanted: int
    dead: int
    last_received_at: datetime | None
    code_conflicts: int
    drifting: int
    levels_without_variant: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The sums over all shops. `running` counts runs that are queued or running, `drifting` open findings.

    `levels_without_variant`: active levels of stock whose item no variant names; 0 where nobody counted them.
    A shop that was removed is left out once nothing of it is unfinished.

    `lag_seconds`: the age of the oldest delivery that is pending, and of the webhook's body that is due and
    came the longest ago; 0.0 where none waits. What a run has pulled counts in `dirty`, and the run says how
    far it is: it would show the age of its question here.
    """

    inbox_pending: int
    dirty: int
    parked: int
    wanted: int
    dead: int
    running: int
    lag_seconds: float
    code_conflicts: int
    drifting: int
    levels_without_variant: int
    shops: list[ShopStatus]


@dataclass(slots=True)
class _Tally:
    """A shop's counts while they are gathered."""

    domain: str
    last_received_at: datetime | None
    removed: bool
    inbox_pending: int = 0
    dirty: int = 0
    parked: int = 0
    wanted: int = 0
    dead: int = 0
    code_conflicts: int = 0
    drifting: int = 0
    levels_without_variant: int = 0
    oldest: list[datetime] = field(default_factory=list)

    @property
    def is_shown(self) -> bool:
        """A removed shop's rows stay, and so does its line while anything of it is unfinished."""
        return not self.removed or any((self.inbox_pending, self.dirty, self.parked, self.wanted, self.dead))


def read_status(
    transaction: Transaction,
    resources: Sequence[Resource],
    running: int = 0,
    drifting: Mapping[ShopId, int] | None = None,
    lone_levels: Mapping[ShopId, int] | None = None,
) -> Status:
    """The document. Call within `database.reading()`, so that all numbers are of one instant.

    `running` and `drifting` (open findings by shop) are handed in: runs and the ledger of drift live above
    the stations, which know nothing of them. So are `lone_levels` (levels without a variant by shop), because
    to count them reads more than a backlog.
    """
    now = transaction.now()
    tallies = _shops(transaction)
    _count_deliveries(transaction, tallies)
    for resource in resources:
        _count_cache(transaction, resource.cache, now, tallies)
    for shop_id, number in count_code_conflicts(transaction).items():
        tallies[shop_id].code_conflicts = number
    for shop_id, number in (drifting or {}).items():
        tallies[shop_id].drifting = number
    for shop_id, number in (lone_levels or {}).items():
        tallies[shop_id].levels_without_variant = number
    return _summed([tally for tally in tallies.values() if tally.is_shown], now, running)


def _shops(transaction: Transaction) -> dict[ShopId, _Tally]:
    """Every shop, also a removed one, of whose rows some may still wait."""
    c = webhook_secret.c
    used = select(func.max(c.last_used_at)).where(c.shop_id == shop.c.id).scalar_subquery()
    rows = transaction.execute(
        select(shop.c.id, shop.c.domain, used, shop.c.removed_at).order_by(shop.c.domain)
    )
    return {ShopId(row[0]): _Tally(row[1], row[2], row[3] is not None) for row in rows}


def _count_deliveries(transaction: Transaction, tallies: dict[ShopId, _Tally]) -> None:
    c = webhook_delivery.c
    # The oldest by id, which the index holds: bodies lie between the columns of the rows themselves.
    first_ids = []
    for row in transaction.execute(_of_state("pending").add_columns(func.min(c.id))):
        tallies[row[0]].inbox_pending = row[1]
        first_ids.append(row[2])
    for row in transaction.execute(select(c.shop_id, c.received_at).where(c.id.in_(first_ids))):
        tallies[row[0]].oldest.append(row[1])
    for row in transaction.execute(_of_state("parked")):
        tallies[row[0]].parked += row[1]
    for row in transaction.execute(_of_state("dead")):
        tallies[row[0]].dead += row[1]


def _of_state(state: State) -> Select[Any]:
    return _counted(webhook_delivery, in_state(state))


def _counted(table: Table, condition: ColumnElement[bool]) -> Select[Any]:
    # By an expression, or SQLite may group in the order of an index over all rows there ever were.
    shop_id = table.c.shop_id + 0
    return select(shop_id, func.count()).where(condition).group_by(shop_id)


def _count_cache(
    transaction: Transaction, table: Table, now: datetime, tallies: dict[ShopId, _Tally]
) -> None:
    c = table.c
    due = or_(c.next_attempt_at.is_(None), c.next_attempt_at <= now)
    waiting = _counted(table, and_(c.processed_at.is_(None), c.dead_at.is_(None))).add_columns(
        func.count(case((due, 1))), func.min(case((and_(due, c.source == "webhook"), c.last_synced_at)))
    )
    for row in transaction.execute(waiting):
        tally = tallies[row[0]]
        tally.dirty += row[2]
        tally.parked += row[1] - row[2]
        if row[3] is not None:
            tally.oldest.append(row[3])
    for row in transaction.execute(_counted(table, c.wanted_at.is_not(None))):
        tallies[row[0]].wanted += row[1]
    for row in transaction.execute(_counted(table, c.dead_at.is_not(None))):
        tallies[row[0]].dead += row[1]


def _summed(tallies: Sequence[_Tally], now: datetime, running: int) -> Status:
    oldest = [instant for tally in tallies for instant in tally.oldest]
    return Status(
        inbox_pending=sum(tally.inbox_pending for tally in tallies),
        dirty=sum(tally.dirty for tally in tallies),
        parked=sum(tally.parked for tally in tallies),
        wanted=sum(tally.wanted for tally in tallies),
        dead=sum(tally.dead for tally in tallies),
        running=running,
        lag_seconds=max(0.0, (now - min(oldest)).total_seconds()) if oldest else 0.0,
        code_conflicts=sum(tally.code_conflicts for tally in tallies),
        drifting=sum(tally.drifting for tally in tallies),
        levels_without_variant=sum(tally.levels_without_variant for tally in tallies),
        shops=[
            ShopStatus(
                domain=tally.domain,
                inbox_pending=tally.inbox_pending,
                dirty=tally.dirty,
                parked=tally.parked,
                wanted=tally.wanted,
                dead=tally.dead,
                last_received_at=tally.last_received_at,
                code_conflicts=tally.code_conflicts,
                drifting=tally.drifting,
                levels_without_variant=tally.levels_without_variant,
            )
            for tally in tallies
        ],
    )
