"""What a reconcile writes down: found, found again, gone, repaired. One shop's and resource's part of it.

Enters: what one run found, chunk by chunk. Leaves: rows of `drift_finding`. A finding that was seen before
keeps its first instant; one that people ignore stays so while it differs as it did. What never happens here:
a decision whether something is drift, or a repair.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, and_, insert, select, update

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.drift.findings import is_standing
from backroom.drift.tables import drift_finding
from backroom.vocabulary.ids import OURS, ResourceKey, ShopId, key_text, parse_key
from backroom.vocabulary.shown import storable

CACHE: Final = "cache"
ERP: Final = "erp"
LEVEL_WIDTH: Final = 2
AT_ONCE: Final = 500
ROWS: Final = "rows"
GHOSTS: Final = "ghosts"
TOTAL: Final = "inventory_quantity"
"""What a repair is of: what rows say, rows that lead nowhere, totals (a field of that name)."""
_SAID: Final = ("kind", "title", "theirs", "ours", "reason")
_AGAIN: Final = (*_SAID, "state", "settled_at", "last_seen_at", "last_run_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that differs; see the table's columns. `leg`: CACHE or ERP."""

    leg: str
    kind: str
    key: ResourceKey
    title: str | None = None
    entity: str = ""
    entity_id: int = 0
    field: str = ""
    theirs: Any = None
    ours: Any = None
    reason: str | None = None

    @property
    def location_id(self) -> int | None:
        """Of a level, whose key is its item and its location."""
        return self.key[1] if len(self.key) == LEVEL_WIDTH else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An open finding that is to be repaired."""

    id: int
    key: ResourceKey
    leg: str
    kind: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """One shop's and resource's part, as one run writes it. `resource` is a plural."""

    transaction: Transaction
    shop_id: ShopId
    resource: str
    run_id: int

    def keep(self, found: Sequence[Found]) -> set[ResourceKey]:
        """Writes findings down. The keys of those that count: ignored ones do not."""
        held = {_identity(row): row for row in self._standing_of({each.key for each in found})}
        now = self.transaction.now()
        fresh: dict[tuple[Any, ...], dict[str, Any]] = {}
        again: dict[int, tuple[Any, ...]] = {}
        counting: set[ResourceKey] = set()
        for each in found:
            said = _said(each)
            identity = (each.leg, key_text(each.key), each.entity, each.entity_id, each.field)
            row = held.get(identity)
            if row is None:
                fresh[identity] = self._fresh(identity, each.location_id, said, now)
                counting.add(each.key)
                continue
            ignored = row.state == "ignored" and _differs_as_before(row, said)
            state, settled_at = ("ignored", row.settled_at) if ignored else ("open", None)
            again[row.id] = (row.id, *(said[name] for name in _SAID), state, settled_at, now, self.run_id)
            if not ignored:
                counting.add(each.key)
        if fresh:
            self.transaction.execute(insert(drift_finding), list(fresh.values()))
        self.transaction.update(drift_finding, ("id",), _AGAIN, [again[row_id] for row_id in sorted(again)])
        return counting

    def leave_standing(self, keys: Iterable[ResourceKey]) -> None:
        """What stands about these could neither be found again nor refuted: it is not gone."""
        texts = sorted(map(key_text, keys))
        if texts:
            standing = update(drift_finding).where(*self._mine(), drift_finding.c.key.in_(texts))
            self.transaction.execute(standing.values(last_run_id=self.run_id))

    def told_of(self, entity_ids: Collection[tuple[str, int]]) -> set[tuple[str, int]]:
        """Which of these rows (entity and id) this run has something to say of already."""
        c = drift_finding.c
        rows = select(c.entity, c.entity_id).where(
            *self._mine(),
            c.last_run_id == self.run_id,
            ~_is_ghost(),
            among(c.entity_id, sorted({number for _, number in entity_ids})),
        )
        told = {(row[0], row[1]) for row in self.transaction.execute(rows)}
        return told & set(entity_ids)

    def told_of_keys(self, keys: Iterable[ResourceKey]) -> set[ResourceKey]:
        """Of which of these this run has found that they differ."""
        c = drift_finding.c
        texts = sorted(map(key_text, keys))
        told: set[ResourceKey] = set()
        for first in range(0, len(texts), AT_ONCE):
            some = c.key.in_(texts[first : first + AT_ONCE])
            rows = select(c.key).where(*self._mine(), c.last_run_id == self.run_id, some)
            told |= {parse_key(key) for key in self.transaction.execute(rows).scalars()}
        return told

    def close_unfound(self) -> int:
        """What this run compared and did not find again has healed by itself; how many findings."""
        left = update(drift_finding).where(*self._mine(), drift_finding.c.last_run_id != self.run_id)
        return self.transaction.execute(left.values(**self._settled("gone"))).rowcount

    def to_repair(
        self,
        after: str,
        limit: int,
        *,
        since: datetime | None,
        ids: Collection[int] | None,
        of: str = ROWS,
    ) -> list[Standing]:
        """Open findings of the next keys (texts, in the database's order of them), all of each key.

        `since`: those that this run has seen from then on; `ids`: only these. `of`: ROWS, GHOSTS or TOTAL.
        """
        c = drift_finding.c
        wanted = and_(*self._mine(), c.state == "open", _is_of(of))
        if since is not None:
            wanted = and_(wanted, c.last_run_id == self.run_id, c.last_seen_at >= since)
        if ids is not None:
            wanted = and_(wanted, among(c.id, ids))
        keys = select(c.key).where(wanted, c.key > after).distinct().order_by(c.key).limit(limit)
        found = self.transaction.execute(keys).scalars().all()
        rows = self.transaction.execute(select(drift_finding).where(wanted, c.key.in_(found)).order_by(c.key))
        return [Standing(id=row.id, key=parse_key(row.key), leg=row.leg, kind=row.kind) for row in rows]

    def repaired(self, finding_ids: Sequence[int]) -> None:
        """They differ no longer."""
        self.transaction.execute(
            update(drift_finding)
            .where(among(drift_finding.c.id, finding_ids), is_standing())
            .values(**self._settled("repaired"), reason=None)
        )

    def not_repaired(self, finding_ids: Sequence[int], reason: str) -> None:
        """They stay open."""
        self.transaction.execute(
            update(drift_finding)
            .where(among(drift_finding.c.id, finding_ids), is_standing())
            .values(reason=storable(reason))
        )

    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        c = drift_finding.c
        return is_standing(), c.shop_id == self.shop_id, c.resource == self.resource

    def _standing_of(self, keys: Collection[ResourceKey]) -> Sequence[Row[Any]]:
        if not keys:
            return []
        texts = sorted(map(key_text, keys))
        statement = select(drift_finding).where(*self._mine(), drift_finding.c.key.in_(texts))
        return self.transaction.execute(statement).all()

    def _settled(self, state: str) -> dict[str, Any]:
        return {
            "state": state,
            "settled_at": self.transaction.now(),
            "settled_run_id": self.run_id,
        }

    def _fresh(
        self, identity: tuple[Any, ...], location_id: int | None, said: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        return {
            "shop_id": self.shop_id,
            "resource": self.resource,
            "location_id": location_id,
            **dict(zip(("leg", "key", "entity", "entity_id", "field"), identity, strict=True)),
            **said,
            "state": "open",
            "first_seen_at": now,
            "last_seen_at": now,
            "first_run_id": self.run_id,
            "last_run_id": self.run_id,
        }


def _is_of(of: str) -> ColumnElement[bool]:
    if of == TOTAL:
        return drift_finding.c.field == TOTAL
    return _is_ghost() if of == GHOSTS else and_(~_is_ghost(), drift_finding.c.field != TOTAL)


def _is_ghost() -> ColumnElement[bool]:
    return drift_finding.c.key.startswith(f"{OURS}:")


def _said(found: Found) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "title": storable(found.title),
        "theirs": _plain(found.theirs),
        "ours": _plain(found.ours),
        "reason": storable(found.reason),
    }


def _plain(value: Any) -> Any:
    """As it is when it comes back from the database."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _identity(row: Row[Any]) -> tuple[Any, ...]:
    return row.leg, row.key, row.entity, row.entity_id, row.field


def _differs_as_before(row: Row[Any], said: dict[str, Any]) -> bool:
    return bool((row.kind, row.theirs, row.ours) == (said["kind"], said["theirs"], said["ours"]))
