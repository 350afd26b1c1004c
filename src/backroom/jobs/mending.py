"""The repairing part of a reconcile: a few findings at a time are mended, processed, and looked at again.

What differs from Shopify is asked for by its id and put into the cache by the rules of every pull; what
differs in the ERP's rows is applied anew. The stations do the rest, as always. What never happens here: an
ERP row written, or a finding called repaired that was not compared anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from backroom.cache.states import HeldState, any_waits, states_of
from backroom.db.database import Transaction
from backroom.db.fitting import fitting
from backroom.drift.asking import Asked, ask_by_ids
from backroom.drift.ignored import Ignored, Place, ignored_of
from backroom.drift.ledger import CACHE, Ledger, Standing
from backroom.drift.rules import Horizon, Kind, Theirs
from backroom.drift.theirs import state_of
from backroom.flow.planning import Planner, mark_to_apply_anew
from backroom.flow.put import Putter
from backroom.jobs.chunks import Chunk
from backroom.jobs.job import Services
from backroom.jobs.runs import RunView
from backroom.resources.descriptor import Resource
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ResourceKey, RunId, key_text

STILL_DIFFERS: Final = "Shopify was asked for it, and the cache still holds something else"
NOT_APPLIED: Final = "it was applied anew, and the ERP's rows still differ"
RELINKED: Final = "links are for people: link it as it was, or ignore this"
CAME_SINCE: Final = "something came of it after Shopify was asked for it: the next reconcile can tell"
WHOLE: Final = ("", 0, "")
"""The place of a row that can not be applied at all."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be found of one resource. `asked`: Shopify was; `state` null then: it can't be compared."""

    key: tuple[int, ...]
    asked: bool
    absent: bool = False
    state: bytes | None = None
    updated_at: datetime | None = None
    findings: list[int]


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What was mended and has to be looked at. `asked_at`: by our database's clock."""

    asked_at: datetime
    expected: list[Expected]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is to be mended next, what Shopify answered to it, and what has to be found then."""

    findings: list[Standing]
    asked: Asked
    batch: Batch


@dataclass(slots=True)
class Verdict:
    """What became of a batch, and why some still differ. `besides`: ignored findings that are mended, too."""

    repaired: list[Expected] = field(default_factory=list)
    left: list[tuple[Expected, str]] = field(default_factory=list)
    besides: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """One run's."""

    run: RunView
    services: Services
    resource: Resource
    margin: timedelta
    together_bytes: int

    def take(self, after: str, since: datetime | None, rows: int) -> Taken | None:
        """The next ones, asked for and read; None where nothing is left. See `Ledger.to_repair`."""
        ids = self.run.options.get("findings")
        with self.services.database.reading() as transaction:
            findings = self._ledger(transaction).to_repair(after, rows, since=since, ids=ids)
            asked_at = transaction.now()
        if not findings:
            return None
        self.services.heed()
        upstream = {each.key for each in findings if each.leg == CACHE or each.kind == Kind.EXTRA}
        client = self.services.client_of(self.run.shop_id)
        asked = ask_by_ids(client, self.resource, upstream, self.together_bytes)
        findings, asked = _that_fit(findings, upstream, asked, self.together_bytes)
        theirs = asked.theirs(self.resource, with_snapshots=False)
        keys = dict.fromkeys(each.key for each in findings)
        expected = [_expected(key, findings, theirs) for key in keys]
        return Taken(findings=findings, asked=asked, batch=Batch(asked_at=asked_at, expected=expected))

    def put(self, transaction: Transaction, taken: Taken) -> None:
        """Under the shop's lock: nothing is decoded here."""
        asked_at = taken.batch.asked_at
        putter = Putter(
            transaction, self.resource, self.run.shop_id, run_id=RunId(self.run.id), asked_at=asked_at
        )
        of_cache = {each.key for each in taken.findings if each.leg == CACHE}
        bodies = taken.asked.bodies
        putter.corrections([bodies[key] for key in bodies if key in of_cache], asked_at - self.margin)
        putter.pieces([bodies[key] for key in bodies if key not in of_cache])
        putter.corrected_absences(taken.asked.absent)
        # Those of the cache, too: what it says now may be what was applied last, and a hand changed its rows.
        anew = {each.key for each in taken.findings}
        mark_to_apply_anew(transaction, self.resource, self.run.shop_id, sorted(anew))

    def verify(self, batch: Batch) -> Verdict | None:
        """None while one of them waits to be processed."""
        keys = [each.key for each in batch.expected]
        table, shop_id = self.resource.cache, self.run.shop_id
        with self.services.database.reading() as transaction:
            if any_waits(transaction, table, shop_id, keys):
                return None
            held = states_of(transaction, table, shop_id, keys)
            differing = self._still_differing(transaction, list(held.values()))
            ignored = ignored_of(transaction, shop_id, self.run.resource, keys)
            since = Horizon(begins=batch.asked_at, now=transaction.now())
        verdict = Verdict()
        for each in batch.expected:
            row, places = held.get(each.key), differing.get(each.key, {})
            alone = [one for one in ignored if one.key == each.key]
            upstream = self._why_unlike(each, row, since)
            reason = upstream or _why_not_applied(places, alone)
            if reason is None:
                verdict.repaired.append(each)
            else:
                verdict.left.append((each, reason))
            verdict.besides += _mended_besides(alone, each, row, upstream, places)
        return verdict

    def write_down(self, chunk: Chunk, verdict: Verdict) -> None:
        ledger = self._ledger(chunk.transaction)
        mended = [number for each in verdict.repaired for number in each.findings]
        ledger.repaired([*mended, *verdict.besides])
        for each, reason in verdict.left:
            ledger.not_repaired(each.findings, reason)
            chunk.sample(key_text(each.key), reason)
        chunk.count(repaired=len(verdict.repaired))

    def _why_unlike(self, expected: Expected, held: HeldState | None, since: Horizon) -> str | None:
        """Why the cache does not hold what Shopify answered; None where it does."""
        if not expected.asked:
            return None
        return why_unlike(expected, held, None if held is None else _state(self.resource, held), since)

    def _still_differing(
        self, transaction: Transaction, held: Sequence[HeldState]
    ) -> dict[ResourceKey, dict[Place, str]]:
        """Where the ERP's rows do not say what the cache holds, and why."""
        rows = [state.row for state in held if state.holds_something]
        plan = Planner(transaction, self.resource, self.run.shop_id).plan(rows)
        why = {state.row.key: state.processing_error for state in held}
        differing: dict[ResourceKey, dict[Place, str]] = {}
        for row, change in plan.changes:
            place = (change.entity, change.entity_id if change.field is not None else 0, change.field or "")
            differing.setdefault(row.key, {})[place] = why[row.key] or NOT_APPLIED
        for row, link in plan.strayed:
            differing.setdefault(row.key, {})[link.entity, link.entity_id, link.field or ""] = RELINKED
        for row, reason in plan.refused:
            differing.setdefault(row.key, {})[WHOLE] = reason
        return differing

    def _ledger(self, transaction: Transaction) -> Ledger:
        return Ledger(transaction, self.run.shop_id, self.run.resource, self.run.id)


def why_unlike(expected: Expected, held: HeldState | None, state: bytes | None, since: Horizon) -> str | None:
    """Why the cache does not hold what Shopify answered, or what came since the question and is later.

    `state`: of the held snapshot; None: it can't be read.
    """
    if held is None:
        return STILL_DIFFERS
    is_there = held.row.raw_data is not None and held.row.deleted_at is None
    came_since = since.hides(held.received_at, held.deleted_received_at)
    unlike = CAME_SINCE if came_since else STILL_DIFFERS
    if expected.absent:
        return unlike if is_there else None
    if not is_there:
        # A deletion that came since is the later word.
        return None if since.hides(held.deleted_received_at) else STILL_DIFFERS
    if expected.state is None:
        # It can not be compared: that Shopify's answer was taken has to do.
        return None if held.pulled_at is not None and held.pulled_at >= since.begins else STILL_DIFFERS
    if _is_later(held.row.updated_at, expected.updated_at):
        return None if came_since else STILL_DIFFERS
    return None if expected.state == state else unlike


def _is_later(ours: datetime | None, theirs: datetime | None) -> bool:
    return ours is not None and theirs is not None and ours > theirs


def _why_not_applied(places: Mapping[Place, str], ignored: Sequence[Ignored]) -> str | None:
    """Of what people do not leave alone."""
    left_alone = {each.place for each in ignored if each.leg != CACHE}
    return next((reason for place, reason in places.items() if place not in left_alone), None)


def _mended_besides(
    ignored: Sequence[Ignored],
    expected: Expected,
    held: HeldState | None,
    upstream: str | None,
    places: Mapping[Place, str],
) -> list[int]:
    """Ignored findings that differ no longer, so far as this repair looked."""
    alike = {CACHE} if expected.asked and upstream is None else set()
    applied = held is not None and held.holds_something and WHOLE not in places
    return [
        each.id
        for each in ignored
        if each.leg in alike
        or (each.leg != CACHE and each.kind != Kind.EXTRA and applied and each.place not in places)
    ]


def _that_fit(
    findings: list[Standing], upstream: set[ResourceKey], asked: Asked, together_bytes: int
) -> tuple[list[Standing], Asked]:
    """The first ones, as far as they were asked for, and as their answers are put in one go."""
    answered: list[ResourceKey] = []
    for key in dict.fromkeys(each.key for each in findings):
        if key in upstream and key not in asked.keys:
            break
        answered.append(key)
    bodies = asked.bodies
    sizes = ((key, len(bodies[key].raw) if key in bodies else 0) for key in answered)
    fit = set(fitting(sizes, together_bytes))
    return [each for each in findings if each.key in fit], replace(
        asked,
        bodies={key: body for key, body in bodies.items() if key in fit},
        absent=[key for key in asked.absent if key in fit],
    )


def _expected(
    key: ResourceKey, findings: Sequence[Standing], theirs: Mapping[ResourceKey, Theirs | None]
) -> Expected:
    answer = theirs.get(key)
    return Expected(
        key=key,
        asked=key in theirs,
        absent=key in theirs and answer is None,
        state=None if answer is None else answer.state,
        updated_at=None if answer is None else answer.updated_at,
        findings=[each.id for each in findings if each.key == key],
    )


def _state(resource: Resource, held: HeldState) -> bytes | None:
    try:
        return state_of(resource, held.row)[0]
    except Terminal:
        return None
