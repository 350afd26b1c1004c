"""One stretch of a reconcile: both legs over the same rows, each row decoded once.

Enters: what Shopify has, cache rows, and a snapshot of the database. Leaves: what differs and counts, what
may be of a change under way, and what Shopify has to be asked for by its id before anything is said of it.
The second leg needs no horizon: the cache row and the ERP's rows are written in one commit, and read in one
snapshot. What never happens here: a call to Shopify, a write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from backroom.cache.states import HeldState
from backroom.db.database import Transaction
from backroom.drift.ledger import CACHE, ERP, Found
from backroom.drift.rules import Difference, Horizon, Kind, Theirs, difference
from backroom.drift.theirs import state_of, told_apart
from backroom.drift.waiting import read_waiting
from backroom.erp.drafts import FieldChange
from backroom.erp.standing import Unbacked
from backroom.flow.planning import Planner
from backroom.flow.process import departure_of
from backroom.resources.descriptor import Arrival, Resource
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ResourceKey, ShopId


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What Shopify said, asked by id: what it has (None: nothing), and what was deleted since the horizon."""

    by_key: Mapping[ResourceKey, Theirs | None] = field(default_factory=dict)
    gone_lately: frozenset[ResourceKey] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch: what the export has of it, the cache's rows, and ERP rows that nothing stands behind."""

    theirs: Mapping[ResourceKey, Theirs]
    held: Mapping[ResourceKey, HeldState]
    unbacked: Sequence[Unbacked] = ()

    @property
    def keys(self) -> set[ResourceKey]:
        return self.theirs.keys() | self.held.keys() | {each.key for each in self.unbacked}

    @property
    def resources(self) -> int:
        """How many there are, here or there: a row that holds but a want is none."""
        wanted = {key for key, state in self.held.items() if not state.holds_something}
        return len(self.keys - (wanted - self.theirs.keys()))


@dataclass(slots=True)
class Compared:
    """What came of a stretch. `unsure`: to be asked for by id. `waiting`: look again in a moment."""

    found: list[Found] = field(default_factory=list)
    in_flight: set[ResourceKey] = field(default_factory=set)
    unsure: set[ResourceKey] = field(default_factory=set)
    waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A cache row, decoded. `reason`: why it can't be. `arrival`: of a body that can, and is not deleted."""

    held: HeldState
    state: bytes | None = None
    arrival: Arrival | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparer:
    """Compares stretches of one shop's resource, in one reading transaction each."""

    resource: Resource
    shop_id: ShopId
    horizon: Horizon

    def compare(self, transaction: Transaction, part: Part, answers: Answers) -> Compared:
        """`answers` to what an earlier look at this stretch was unsure of."""
        compared = Compared()
        rows = {key: self._read(held) for key, held in part.held.items()}
        for key in sorted(part.theirs.keys() | part.held.keys()):
            self._first_leg(compared, key, part, answers, rows.get(key))
        if compared.found:
            self._hold_back(transaction, compared)
        self._second_leg(transaction, compared, rows)
        compared.found += [_unbacked(each) for each in part.unbacked]
        return compared

    def _read(self, held: HeldState) -> _Row:
        try:
            state, arrival = state_of(self.resource, held.row)
        except Terminal as error:
            return _Row(held=held, reason=str(error))
        return _Row(held=held, state=state, arrival=arrival)

    def _first_leg(
        self, compared: Compared, key: ResourceKey, part: Part, answers: Answers, row: _Row | None
    ) -> None:
        is_asked = key in answers.by_key
        theirs = answers.by_key[key] if is_asked else part.theirs.get(key)
        held, state = (None, None) if row is None else (row.held, row.state)
        differs = difference(theirs, held, state, self.horizon)
        if theirs is not None and theirs.doubtful and not is_asked:
            compared.unsure.add(key)
        elif differs is None:
            return
        elif not differs.counts or key in answers.gone_lately:
            compared.in_flight.add(key)
        elif differs.kind in (Kind.DELETED, Kind.VALUE) and not is_asked:
            compared.unsure.add(key)
        else:
            compared.found.append(self._of_cache(key, differs, theirs, row))

    def _of_cache(
        self, key: ResourceKey, differs: Difference, theirs: Theirs | None, row: _Row | None
    ) -> Found:
        ours_title = None if row is None else row.held.title
        said, held = differs.theirs, differs.ours
        if differs.kind is Kind.VALUE and theirs is not None and row is not None and row.arrival is not None:
            fields = told_apart(theirs.snapshot, self.resource.shared(row.arrival.snapshot))
            said, held = {**said, **fields[0]}, {**held, **fields[1]}
        return Found(
            leg=CACHE,
            kind=differs.kind,
            key=key,
            title=(theirs.title if theirs is not None else None) or ours_title,
            theirs=said,
            ours=held,
            reason=row.reason if row is not None and differs.kind is Kind.VALUE else None,
        )

    def _hold_back(self, transaction: Transaction, compared: Compared) -> None:
        """What a delivery that waits may explain does not count."""
        waiting = read_waiting(transaction, self.resource, self.shop_id)
        explained = {each.key for each in compared.found if waiting.may_explain(each.key)}
        compared.found = [each for each in compared.found if each.key not in explained]
        compared.in_flight |= explained
        compared.waiting = waiting.soon and bool(explained)

    def _second_leg(
        self, transaction: Transaction, compared: Compared, rows: Mapping[ResourceKey, _Row]
    ) -> None:
        readable = [row for row in rows.values() if row.reason is None and row.held.holds_something]
        plan = Planner(transaction, self.resource, self.shop_id).plan_decoded(
            [(row.held.row, row.arrival or departure_of(row.held.row)) for row in readable]
        )
        refused = [(row.key, reason) for row, reason in plan.refused]
        refused += [(key, row.reason) for key, row in rows.items() if row.reason is not None]
        found = [_of_erp(rows[row.key].held, change) for row, change in plan.changes]
        found += [
            replace(_of_erp(rows[row.key].held, link), kind=Kind.UNLINKED, reason=None)
            for row, link in plan.strayed
        ]
        found += [_refused(rows[key].held, reason) for key, reason in refused]
        for each in found:
            if rows[each.key].held.waits:
                compared.in_flight.add(each.key)
            else:
                compared.found.append(each)


def _of_erp(held: HeldState, change: FieldChange) -> Found:
    is_created = change.field is None
    return Found(
        leg=ERP,
        kind=Kind.MISSING if is_created else Kind.VALUE,
        key=held.row.key,
        title=held.title,
        entity=change.entity,
        entity_id=0 if is_created else change.entity_id,
        field=change.field or "",
        theirs=change.new,
        ours=change.old,
        reason=held.processing_error if held.is_aside else None,
    )


def _refused(held: HeldState, reason: str) -> Found:
    return Found(leg=ERP, kind=Kind.VALUE, key=held.row.key, title=held.title, reason=reason)


def _unbacked(each: Unbacked) -> Found:
    return Found(
        leg=ERP,
        kind=Kind.EXTRA,
        key=each.key,
        title=each.title,
        entity=each.entity,
        entity_id=each.entity_id,
    )
