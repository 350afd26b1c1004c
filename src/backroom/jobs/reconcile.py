"""`reconcile RESOURCE`: compares everything Shopify has with the cache, and the cache with the ERP's rows.

Stages: get an export, sort its heads into a file, compare stretch by stretch in the order of keys, and (where
it repairs) mend what was found. A stretch's place commits with its findings and counts, so a run that is
killed compares one stretch again at most. What never happens here: a resource that is taken for gone, or for
other than it was, because of the export alone: Shopify is asked for it by its id first.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from backroom.db.database import Transaction
from backroom.db.fitting import TOGETHER_BYTES
from backroom.drift.ledger import Ledger
from backroom.jobs.chunks import Chunk, Chunks
from backroom.jobs.counting import begin_from_start
from backroom.jobs.exporting import (
    PAUSES_SECONDS,
    Export,
    Exporting,
    GivenUp,
    Step,
    abandon_export,
)
from backroom.jobs.ghosts import Ghosts
from backroom.jobs.greeting import greet
from backroom.jobs.heads import Heads, heads_beside, make_heads, open_heads
from backroom.jobs.job import Done, Next, Services, Sleep
from backroom.jobs.mending import Mending
from backroom.jobs.reconcile_cursor import Cursor, as_json
from backroom.jobs.reconciling import COMPARE, FINDINGS, RECONCILE
from backroom.jobs.repairing import Repairing
from backroom.jobs.runs import RunView
from backroom.jobs.stretches import Stretch, Stretches
from backroom.jobs.totals import StockTotals
from backroom.resources.descriptor import Resource
from backroom.vocabulary.errors import BulkForgotten, ExportBroken, ScopeMissing, Terminal

MARGIN: Final = timedelta(minutes=5)
"""What changed since so long before the export was asked for does not count: it may be under way."""
PATIENCE_SECONDS: Final = 5.0
"""How long a stretch is looked at again where a delivery that waits may explain what differs."""
COMPARING_SECONDS: Final = 5.0
TELL_SECONDS: Final = 1.0


class Reconcile:
    """One of the three modes; see `reconciling`."""

    kind = RECONCILE

    def __init__(
        self,
        mode: str,
        *,
        margin: timedelta = MARGIN,
        patience_seconds: float = PATIENCE_SECONDS,
        pauses_seconds: Sequence[float] = PAUSES_SECONDS,
        comparing_seconds: float = COMPARING_SECONDS,
        rows: int = 200,
        together_bytes: int = TOGETHER_BYTES,
    ) -> None:
        self.mode = mode
        self.margin = margin
        self.patience_seconds = patience_seconds
        self.pauses_seconds = pauses_seconds
        self.comparing_seconds = comparing_seconds
        self.rows = rows
        self.together_bytes = together_bytes

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
        resource = services.resources[run.resource]
        exporting = Exporting(
            run=run,
            chunks=chunks,
            services=services,
            resource=resource,
            pauses_seconds=self.pauses_seconds,
        )
        if run.cursor is None or run.cursor["stage"] == "anew":
            greet(run, services, resource)
            return _begin(self.mode, exporting)
        cursor = msgspec.convert(run.cursor, Cursor)
        return _Work(self, run, chunks, services, resource, cursor, exporting).go_on()

    def abandon(self, run: RunView, services: Services) -> Any:
        """Or the export would go on for nobody."""
        cursor = None if run.cursor is None else msgspec.convert(run.cursor, Cursor)
        if cursor is None or cursor.stage != "export" or cursor.export is None:
            return run.cursor
        ended = abandon_export(cursor.export, run, services)
        return as_json(replace(cursor, stage="anew")) if ended else run.cursor


@dataclass(frozen=True, slots=True)
class _Work:
    """One call: the run, and where it is."""

    job: Reconcile
    run: RunView
    chunks: Chunks
    services: Services
    resource: Resource
    cursor: Cursor
    exporting: Exporting

    def go_on(self) -> Next | Done | Sleep:
        match self.cursor.stage:
            case "export" | "heads":
                return self.get_heads()
            case "compare":
                return self.compare()
            case "ghosts":
                return self.find_ghosts()
            case "totals":
                return self.find_totals()
            case "mend":
                return self.finish() if self.run.mode == COMPARE else self.repairing.go_on() or self.finish()
            case "verify":
                return self.repairing.verify()
            case "anew":
                raise AssertionError("begun anew before it came here")

    def get_heads(self) -> Next | Sleep:
        try:
            if self.cursor.stage == "heads":
                return self.sort_heads()
            return self.go_to(self.exporting.go_on(self.export))
        except (ExportBroken, BulkForgotten) as error:
            return self.begin_again(error)
        except ScopeMissing:
            self.begin_anew_when_resumed()
            raise

    def begin_again(self, error: ExportBroken | BulkForgotten) -> Next | Sleep:
        """With a new export, after a while. What was compared with the old one is compared again."""
        try:
            step = self.exporting.begin_again(self.export, error)
        except GivenUp:
            self.begin_anew_when_resumed()
            raise
        begin_from_start(self.chunks, step.phase, as_json(Cursor(stage="export", export=step.export)))
        return Sleep(step.seconds)

    def go_to(self, step: Step) -> Next | Sleep:
        """Where the export is next; once its file is there, its heads."""
        ready = step.export.stage == "ready"
        cursor = replace(self.cursor, stage="heads" if ready else "export", export=step.export)
        with self.chunks.noting() as chunk:
            if step.export.is_counted:
                chunk.expect(step.export.number_of(self.resource))
            chunk.say(step.phase)
            chunk.go_on_at(as_json(cursor))
        return Sleep(step.seconds) if step.seconds else Next()

    def sort_heads(self) -> Next | Sleep:
        """Raises ExportBroken."""
        if self.export.lines and not self.path.exists():
            return self.go_to(self.exporting.fetch_again(self.export))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fetch = self.exporting.fetch_apart
        unnamed = make_heads(self.path, self.export, self.resource, fetch, self.progress())
        with self.chunks.noting() as chunk:
            # Another machine may have counted them already.
            if chunk.run.failed != unnamed.number:
                chunk.count(failed=unnamed.number - chunk.run.failed)
                for gid, reason in unnamed.samples:
                    chunk.sample(gid, reason)
            chunk.say(f"comparing {self.resource.plural}")
            chunk.go_on_at(as_json(replace(self.cursor, stage="compare")))
        return Next()

    def compare(self) -> Next | Done:
        """For some seconds, stretch by stretch."""
        if not heads_beside(self.path).exists():
            with self.chunks.noting() as chunk:
                chunk.go_on_at(as_json(replace(self.cursor, stage="heads")))
            return Next()
        cursor = self.cursor
        deadline = time.monotonic() + self.job.comparing_seconds
        with open_heads(self.path, self.resource) as heads:
            stretches = self.stretches(heads)
            is_first = True
            while cursor.stage == "compare" and (is_first or time.monotonic() < deadline):
                is_first = False
                stretch = stretches.compare(cursor.after)
                cursor = replace(cursor, after=stretch.until, stage="compare" if stretch.until else "ghosts")
                with self.chunks.noting() as chunk:
                    self.keep(chunk, stretch)
                    chunk.go_on_at(as_json(cursor))
        return Next()

    def keep(self, chunk: Chunk, stretch: Stretch) -> None:
        """Findings, and counts of resources: each differs, may be under way, or does not differ."""
        ledger = self.ledger(chunk.transaction)
        drifted = ledger.keep(stretch.compared.found)
        in_flight = stretch.compared.in_flight - drifted
        ledger.leave_standing(stretch.compared.in_flight)
        seen = chunk.run.seen + stretch.resources
        chunk.count(
            seen=stretch.resources,
            drifted=len(drifted),
            in_flight=len(in_flight),
            unchanged=stretch.resources - len(drifted) - len(in_flight),
        )
        chunk.expect(max(seen, chunk.run.total or 0))
        chunk.say(f"comparing {self.resource.plural}: {seen:,} so far")

    def find_ghosts(self) -> Next:
        """Rows that no key leads to."""
        found = self.ghosts.find(self.cursor.after, self.job.rows)
        with self.chunks.noting() as chunk:
            self.ghosts.keep(chunk, found)
            cursor = replace(self.cursor, after=found[-1].key if found else None)
            if len(found) < self.job.rows:
                cursor = replace(cursor, stage="totals", after=None)
            chunk.go_on_at(as_json(cursor))
        return Next()

    def find_totals(self) -> Next:
        """Sums that another resource tells. Then all was compared."""
        counted = self.totals.find(self.cursor.after, self.job.rows, self.export.asked_at - self.job.margin)
        with self.chunks.noting() as chunk:
            self.totals.keep(chunk, counted.found)
            cursor = replace(self.cursor, after=None if counted.until is None else (counted.until,))
            if counted.until is None:
                self.ledger(chunk.transaction).close_unfound()
                cursor = replace(cursor, stage="mend")
            chunk.go_on_at(as_json(cursor))
        return Next()

    def finish(self) -> Done:
        """Green only where all was compared, and all is repaired that was to be."""
        if self.cursor.export is not None and self.cursor.export.operation is not None:
            for path in (self.path, heads_beside(self.path)):
                path.unlink(missing_ok=True)
        reason = self.why_red()
        if reason is not None:
            self.begin_anew_when_resumed()
            raise Terminal(reason)
        return Done()

    def why_red(self) -> str | None:
        run, taken = self.run, self.cursor.taken
        if run.seen != run.unchanged + run.drifted + run.in_flight:
            return f"the run's counts do not add up: {run.seen:,} compared, and not all of them told"
        if run.repaired != taken:
            return (
                f"{taken - run.repaired:,} of {taken:,} {self.resource.plural} could not be repaired:"
                " `backroom drift list` names them and says why"
            )
        if run.failed:
            return (
                f"the export has {run.failed:,} {self.resource.plural} whose ids can not be read, so they"
                f" were not compared; `backroom runs show {run.id}` names some of them"
            )
        return None

    def begin_anew_when_resumed(self) -> None:
        """Where it stands leads nowhere; the counts stay for people to see."""
        with self.chunks.noting() as chunk:
            chunk.go_on_at(as_json(replace(self.cursor, stage="anew")))

    def progress(self) -> Callable[[int], None]:
        """Within one long pass: is the run still ours, and wanted? Then says how far it is."""
        told = time.monotonic()

        def tell(resources: int) -> None:
            nonlocal told
            self.services.heed()
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                with self.chunks.noting() as chunk:
                    chunk.say(f"reading the export: {resources:,} {self.resource.plural} so far")

        return tell

    def stretches(self, heads: Heads) -> Stretches:
        return Stretches(
            services=self.services,
            shop_id=self.run.shop_id,
            resource=self.resource,
            heads=heads,
            begins=self.export.asked_at - self.job.margin,
            patience_seconds=self.job.patience_seconds,
            rows=self.job.rows,
            together_bytes=self.job.together_bytes,
        )

    def ledger(self, transaction: Transaction) -> Ledger:
        return Ledger(transaction, self.run.shop_id, self.run.resource, self.run.id)

    @property
    def repairing(self) -> Repairing:
        mending = Mending(
            run=self.run,
            services=self.services,
            resource=self.resource,
            margin=self.job.margin,
            together_bytes=self.job.together_bytes,
        )
        return Repairing(
            run=self.run,
            chunks=self.chunks,
            resource=self.resource,
            cursor=self.cursor,
            since=None if self.run.mode == FINDINGS else self.export.asked_at,
            mending=mending,
            ghosts=self.ghosts,
            totals=self.totals,
        )

    @property
    def ghosts(self) -> Ghosts:
        return Ghosts(run=self.run, services=self.services, resource=self.resource)

    @property
    def totals(self) -> StockTotals:
        return StockTotals(run=self.run, services=self.services, resource=self.resource)

    @property
    def export(self) -> Export:
        assert self.cursor.export is not None
        return self.cursor.export

    @property
    def path(self) -> Path:
        return self.exporting.path(self.export)


def _begin(mode: str, exporting: Exporting) -> Next:
    if mode == FINDINGS:
        cursor, phase = Cursor(stage="mend"), "looking for what is to be mended"
    else:
        step = exporting.begin()
        cursor, phase = Cursor(stage="export", export=step.export), step.phase
    begin_from_start(exporting.chunks, phase, as_json(cursor))
    return Next()
