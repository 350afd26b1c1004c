"""What the ERP writer would do with cache rows, whatever was applied before. Nothing is written.

Enters: rows of one shop and one resource, in a transaction that may only read. Leaves: each change that the
writer would make, with the row that it comes from, and the rows that can not be applied, with the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from backroom.cache.states import holding
from backroom.cache.store import DirtyRow
from backroom.cache.tables import key_columns
from backroom.db.database import Transaction
from backroom.erp.drafts import Cause, FieldChange
from backroom.erp.writer import ErpWriter
from backroom.flow.claims import claims_of
from backroom.flow.process import departure_of, read_row
from backroom.resources.descriptor import Arrival, Departure, Resource
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ResourceKey, ShopId

_DIRTY: Final = {
    "processed_at": None,
    "processing_error": None,
    "attempts": 0,
    "next_attempt_at": None,
    "dead_at": None,
    "applied_hash": None,
}


@dataclass(slots=True)
class Plan:
    """What was planned. A row that would be created has no id yet: its change has none either.

    `strayed`: links that are not as they were made. No change is planned for them, nor for what they lead to.
    """

    changes: list[tuple[DirtyRow, FieldChange]] = field(default_factory=list)
    strayed: list[tuple[DirtyRow, FieldChange]] = field(default_factory=list)
    refused: list[tuple[DirtyRow, str]] = field(default_factory=list)

    def add(self, other: "Plan") -> None:
        self.changes += other.changes
        self.strayed += other.strayed
        self.refused += other.refused


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans rows together; one by one where a row among them can not be applied."""

    transaction: Transaction
    resource: Resource
    shop_id: ShopId

    def plan(self, rows: Sequence[DirtyRow]) -> Plan:
        """Rows that hold a body or a deletion; each is decoded here."""
        plan = Plan()
        entries: list[tuple[DirtyRow, Arrival | Departure]] = []
        for row in rows:
            try:
                entries.append((row, read_row(self.resource, row)[1] or departure_of(row)))
            except Terminal as error:
                plan.refused.append((row, str(error)))
        plan.add(self.plan_decoded(entries))
        return plan

    def plan_decoded(self, entries: Sequence[tuple[DirtyRow, Arrival | Departure]]) -> Plan:
        """The same for rows that whoever asks has decoded already."""
        try:
            return self._planned(entries) if entries else Plan()
        except Terminal as error:
            if len(entries) == 1:
                return Plan(refused=[(entries[0][0], str(error))])
        middle = len(entries) // 2
        plan = self.plan_decoded(entries[:middle])
        plan.add(self.plan_decoded(entries[middle:]))
        return plan

    def _planned(self, entries: Sequence[tuple[DirtyRow, Arrival | Departure]]) -> Plan:
        now = self.transaction.now()
        claims = claims_of(self.transaction, self.resource, self.shop_id)
        writer = ErpWriter(self.transaction, self.shop_id, now, locking=False, anew=True, claims=claims)
        # Two rows may have equal causes (the delivery's row may be gone): told apart by identity.
        owners = {_identity(entry.cause): row for row, entry in entries}
        self.resource.write(writer, [entry for _, entry in entries if isinstance(entry, Arrival)])
        self.resource.remove(writer, [entry for _, entry in entries if isinstance(entry, Departure)])
        changes = [(owners[_identity(change.cause)], change) for change in writer.plan()]
        strayed = [(owners[_identity(link.cause)], link) for link in writer.strayed_links()]
        return Plan(changes=changes, strayed=strayed)


def mark_to_apply_anew(
    transaction: Transaction, resource: Resource, shop_id: ShopId, keys: Sequence[ResourceKey]
) -> None:
    """The stations apply these rows again, whatever was applied before. Under the shop's lock.

    Not those that hold neither a body nor a deletion: they say nothing.
    """
    held = holding(transaction, resource.cache, shop_id, keys) if keys else []
    rows = [(shop_id, *key, *_DIRTY.values()) for key in held]
    columns = ("shop_id", *key_columns(resource.cache))
    transaction.update(resource.cache, columns, tuple(_DIRTY), rows)
    transaction.notify()


def _identity(cause: Cause) -> int:
    return id(cause)
