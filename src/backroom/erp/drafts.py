"""Rows being written: what was read, what is new, what changed, and by which cause.

Enters: rows as they are, and field values as they should be. Leaves: two bulk statements per table
(new rows, changed rows) and one history entry per changed field. A creation is one entry: a listing that
comes with its product, or a variant with its SKU, has none of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Table

from backroom.db.database import Transaction
from backroom.vocabulary.ids import DeliveryId, RunId, ShopId
from backroom.vocabulary.money import Amount, format_amount

_AMOUNTS = frozenset({"price", "compare_at_price", "cost"})


class Cause(Struct, frozen=True, kw_only=True):
    """The delivery or the run whose body was applied, as plain values."""

    delivery_id: DeliveryId | None
    topic: str | None
    triggered_at: datetime | None
    run_id: RunId | None = None


class FieldChange(Struct, frozen=True, kw_only=True):
    """One entry of the history. `field` None is a creation. Amounts are decimal texts."""

    entity: str
    entity_id: int
    field: str | None
    old: Any
    new: Any
    cause: Cause


class Draft(Struct, eq=False):
    """One row. `before` holds the old values of what was changed.

    `cause`: of the change, where there is one; `said_by`: of what was said of it, whether it was news or not.
    """

    values: dict[str, Any]
    cause: Cause | None = None
    is_new: bool = False
    has_entry: bool = True
    before: dict[str, Any] = msgspec.field(default_factory=dict)
    said_by: Cause | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def change(self, fields: Mapping[str, Any], cause: Cause) -> bool:
        """Sets what differs. True where anything did."""
        differing = False
        self.said_by = cause
        for name, value in fields.items():
            held = self.values[name]
            if held != value:
                differing = True
                if not self.is_new:
                    self.before.setdefault(name, held)
                self.values[name] = value
        if differing:
            self.cause = cause
        return differing


class Drafts:
    """The rows of one table that this batch may touch, by id once they have one.

    `untold`: fields whose changes are written, and have no entries in the history.
    """

    def __init__(
        self, table: Table, shop_id: ShopId | None = None, *, untold: frozenset[str] = frozenset()
    ) -> None:
        self._table = table
        # A plain text: SQLite's driver asks what is none for a way to adapt it, value by value.
        self._entity = str(table.name)
        self._untold = untold
        self._columns = tuple(table.c.keys())
        self._blank = dict.fromkeys(self._columns)
        self._rows: list[Draft] = []
        self.shop_id = shop_id

    def __iter__(self) -> Iterator[Draft]:
        return iter(self._rows)

    def load(self, rows: Iterable[Sequence[Any]]) -> list[Draft]:
        """Takes rows as they are; each has all columns of the table, in its order."""
        loaded = [Draft(dict(zip(self._columns, row, strict=True))) for row in rows]
        self._rows += loaded
        return loaded

    def create(self, fields: Mapping[str, Any], cause: Cause, *, has_entry: bool = True) -> Draft:
        """A row to insert. It gets its id in `allocate`; a column that is not named is null.

        `has_entry` False: it comes together with another row, whose entry in the history stands for both.
        """
        draft = Draft({**self._blank, **fields}, cause, True, has_entry)
        self._rows.append(draft)
        return draft

    def allocate(self, transaction: Transaction) -> None:
        """Gives ids to the new rows that have none, in their order."""
        fresh = [draft for draft in self._rows if draft.is_new and draft["id"] is None]
        for draft, row_id in zip(fresh, transaction.allocate_ids(self._table, len(fresh)), strict=True):
            draft.values["id"] = row_id

    def flush(self, transaction: Transaction) -> None:
        """Writes what is new and what changed."""
        fresh = [tuple(draft.values.values()) for draft in self._rows if draft.is_new]
        transaction.insert(self._table, self._columns, fresh)
        # Only the columns that changed: SQLite rewrites the index of every column that a statement sets.
        changed: dict[tuple[str, ...], list[Draft]] = {}
        for draft in self._rows:
            if draft.before and not draft.is_new:
                changed.setdefault(tuple(sorted(draft.before)), []).append(draft)
        for names, drafts in sorted(changed.items()):
            rows = [(draft["id"], *(draft[name] for name in names)) for draft in sorted(drafts, key=_by_id)]
            transaction.update(self._table, ("id",), names, rows)

    def history(self) -> Iterator[FieldChange]:
        """What `flush` wrote, field by field."""
        for draft in self._rows:
            if draft.cause is None:
                continue
            if draft.is_new:
                if draft.has_entry:
                    yield self._entry(draft, None, None, None)
                continue
            for name, old in draft.before.items():
                if name not in self._untold and old != draft[name]:
                    yield self._entry(draft, name, old, draft[name])

    def _entry(self, draft: Draft, name: str | None, old: Any, new: Any) -> FieldChange:
        assert draft.cause is not None
        return FieldChange(
            entity=self._entity,
            entity_id=draft["id"],
            field=name,
            old=shown(name, old),
            new=shown(name, new),
            cause=draft.cause,
        )


def shown(name: str | None, value: Any) -> Any:
    """A value as people and the API read it."""
    return format_amount(Amount(value)) if name in _AMOUNTS and value is not None else value


def _by_id(draft: Draft) -> int:
    return int(draft["id"])
