"""`sync RESOURCE --full`: everything of one kind, by a bulk operation, and what is gone.

Or what changed since an instant, where Shopify has it in no other way (`Changes`).

Stages: ask for the export, wait for it, fetch its file, read it chunk by chunk into the cache, want what the
cache has and an export of everything does not mention (a fetch by id decides, never the export), settle.
The place in the file commits with the rows that were read before it, so a run that is killed reads one chunk
again at most.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from backroom.cache.store import has_due
from backroom.cache.wants import unmentioned_since
from backroom.flow.batches import FEWEST_USUAL
from backroom.flow.put import Putter
from backroom.jobs.chunks import Chunk, Chunks
from backroom.jobs.counting import begin_from_start, count, keys_named
from backroom.jobs.exporting import (
    PAUSES_SECONDS,
    Export,
    Exporting,
    GivenUp,
    Step,
    abandon_export,
    refuse_unless_whole,
)
from backroom.jobs.greeting import greet
from backroom.jobs.job import Done, Next, Services, Sleep
from backroom.jobs.runs import RunView
from backroom.jobs.settling import settle
from backroom.jobs.since import INCREMENTAL, Asked, asked_since
from backroom.resources.descriptor import Resource
from backroom.shopify.assembled import Assembled
from backroom.shopify.jsonl import Place, Stretch, read_stretches
from backroom.shopify.straying import doubted_resources
from backroom.vocabulary.errors import BulkForgotten, ExportBroken, ScopeMissing, Terminal
from backroom.vocabulary.ids import RunId
from backroom.vocabulary.selection import Changes

READING_SECONDS: Final = 5.0
"""One call reads for about so long: to begin again costs what was open in the file."""
LOOKED_AT_ONCE: Final = 5_000
"""Rows of the cache."""
MISSING_AT_ONCE: Final = 500
MOST_WAITING: Final = 500
"""Resources that wait to be processed: the stations work them off within about half a second. Where they are
small, two chunks of them."""
AHEAD_SECONDS: Final = 0.02
Doubts = dict[Path, Collection[str]]
"""By file: which resources in it are not to be taken for whole."""
Stage = Literal["export", "read", "missing", "settle", "anew"]


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is. `newest`: by Shopify's clock. `anew`: begin from the start, when resumed.

    `saves`: nothing before what was asked for is left out, so that `newest` becomes the watermark. `roots`:
    of the file, read so far.
    """

    stage: Stage
    export: Export
    saves: bool = True
    place: tuple[int, int, int] = (0, 0, 0)
    roots: int = 0
    newest: datetime | None = None
    after: tuple[int, ...] | None = None


class ExportSync:
    """See the module."""

    kind = "sync"
    mode = "full"

    def __init__(
        self, pauses_seconds: Sequence[float] = PAUSES_SECONDS, rows_at_once: int = LOOKED_AT_ONCE
    ) -> None:
        self._pauses_seconds = pauses_seconds
        self._rows_at_once = rows_at_once
        self._doubts: Doubts = {}

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
        exporting = Exporting(
            run=run,
            chunks=chunks,
            services=services,
            resource=services.resources[run.resource],
            pauses_seconds=self._pauses_seconds,
        )
        if run.cursor is None or run.cursor["stage"] == "anew":
            greet(run, services, exporting.resource)
            return _begin(exporting)
        work = _Work(exporting, msgspec.convert(run.cursor, Cursor), self._doubts, self._rows_at_once)
        try:
            return work.go_on()
        except (ExportBroken, BulkForgotten) as error:
            return work.begin_again(error)

    def abandon(self, run: RunView, services: Services) -> Any:
        """Or the export would go on for nobody, in one of the few places that Shopify has for them."""
        cursor = None if run.cursor is None else msgspec.convert(run.cursor, Cursor)
        if cursor is None or cursor.stage != "export" or not abandon_export(cursor.export, run, services):
            return run.cursor
        return _json(replace(cursor, stage="anew"))


@dataclass(frozen=True, slots=True)
class _Work:
    """One call: the run, and where it is."""

    exporting: Exporting
    cursor: Cursor
    doubts: Doubts
    rows_at_once: int

    def go_on(self) -> Next | Done | Sleep:
        """Raises ExportBroken and BulkForgotten."""
        match self.cursor.stage:
            case "export":
                return self.get_export()
            case "read":
                return self.read()
            case "missing":
                return self.want_missing()
            case "settle":
                return self.settle()
            case "anew":
                raise AssertionError("begun anew before it came here")

    def get_export(self) -> Next | Sleep:
        try:
            step = self.exporting.go_on(self.export)
        except ScopeMissing:
            self.begin_anew_when_resumed()
            raise
        return self.follow(step)

    def follow(self, step: Step) -> Next | Sleep:
        """Where the export is next; once its file is there, to its first line. One of nothing has no file."""
        after_it: Stage = "read" if step.export.lines else self.after_reading
        stage: Stage = after_it if step.export.stage == "ready" else "export"
        with self.chunks.noting() as chunk:
            if step.export.is_counted:
                chunk.expect(step.export.number_of(self.resource))
            chunk.say(step.phase)
            chunk.go_on_at(_json(replace(self.cursor, stage=stage, export=step.export)))
        return Sleep(step.seconds) if step.seconds else Next()

    def read(self) -> Next | Sleep:
        """For some seconds, in chunks of about the time that one may hold the writer."""
        cursor = self.cursor
        if not self.path.exists():
            # Another machine had the run, and the file.
            return self.follow(self.exporting.fetch_again(self.export))
        offset, read_until, lines = cursor.place
        start = Place(offset=offset, read_until=read_until, lines=lines)
        deadline = time.monotonic() + READING_SECONDS
        for stretch in read_stretches(
            self.path,
            self.resource.selection,
            start=start,
            resources=self.room,
            doubted=self.doubted(),
        ):
            self.wait_for_stations()
            apart = self.fetch_apart(stretch)
            with self.chunks.open() as chunk:
                cursor = self.take(chunk, cursor, stretch, apart)
            if time.monotonic() >= deadline:
                return Next()
        return self.finish_reading(cursor)

    def room(self) -> int:
        """How many resources the next chunk takes.

        On a busy machine most of its time is what it costs whatever it holds: fewer rows make it no shorter.
        """
        return max(FEWEST_USUAL, self.chunks.rows())

    def wait_for_stations(self) -> None:
        """What webhooks bring meanwhile would wait behind all that this run has put: so it waits instead."""
        most = max(MOST_WAITING, 2 * self.room())
        while True:
            self.services.heed()
            with self.services.database.reading() as transaction:
                if not has_due(transaction, self.resource.cache, self.run.shop_id, most):
                    return
            self.chunks.look()
            self.services.sleep(AHEAD_SECONDS)

    def fetch_apart(self, stretch: Stretch) -> Sequence[Assembled]:
        """What lies too far apart in the file, where its parts are resources: their keys are not known."""
        gids = [each.gid for each in stretch.items if not each.whole]
        if self.resource.split is None or not gids:
            return ()
        return list(self.exporting.fetch_apart(gids))

    def take(self, chunk: Chunk, cursor: Cursor, stretch: Stretch, apart: Sequence[Assembled]) -> Cursor:
        putter = self.putter(chunk)
        together = [each for each in stretch.items if each.whole or self.resource.split is None]
        put = putter.bodies([*together, *apart])
        if stretch.scattered and self.resource.split is None:
            scattered = keys_named(chunk, self.resource, stretch.scattered)
            putter.want(scattered, "its parts lay too far apart in the export")
        count(chunk, put)
        place = stretch.place
        cursor = replace(
            cursor,
            place=(place.offset, place.read_until, place.lines),
            roots=cursor.roots + len(stretch.items),
            newest=max((at for at in (cursor.newest, put.newest) if at), default=None),
        )
        chunk.go_on_at(_json(cursor))
        chunk.transaction.notify()
        return cursor

    def doubted(self) -> Collection[str]:
        """Known anew in each process: the file may be another machine's."""
        if self.path not in self.doubts:
            self.doubts[self.path] = doubted_resources(self.path, self.resource.selection)
        return self.doubts[self.path]

    def finish_reading(self, cursor: Cursor) -> Next:
        """Only a file that was read whole goes on."""
        refuse_unless_whole(self.export, lines=cursor.place[2], resources=cursor.roots)
        return self.go_to(replace(cursor, stage=self.after_reading), "looking for what is gone")

    def want_missing(self) -> Next:
        """What the export did not mention may be gone, or newer than it: a fetch by id decides.

        A stretch of the cache at a time, before the shop is locked. What a fetch mentions in between is asked
        for once too often.
        """
        with self.services.database.reading() as transaction:
            missing = unmentioned_since(
                transaction,
                self.resource.cache,
                self.run.shop_id,
                self.export.asked_at,
                self.cursor.after,
                rows=self.rows_at_once,
                most=MISSING_AT_ONCE,
            )
        stage: Stage = "settle" if missing.until is None else "missing"
        with self.chunks.open() if missing.keys else self.chunks.noting() as chunk:
            if missing.keys:
                self.putter(chunk).want(missing.keys, "the export of everything did not mention it")
                chunk.transaction.notify()
            chunk.go_on_at(_json(replace(self.cursor, stage=stage, after=missing.until)))
        return Next()

    def settle(self) -> Done | Sleep:
        # The export is no snapshot: what changed after it was begun may be missing from it.
        begun, newest = self.export.created_at, self.cursor.newest
        if self.export.since is None and newest is None:
            # There is nothing; what comes will be newer than the question.
            newest = begun
        watermark = min(newest, begun) if newest and begun and self.cursor.saves else None
        try:
            outcome = settle(self.run, self.chunks, self.services, self.resource, watermark=watermark)
        except Terminal:
            self.begin_anew_when_resumed()
            raise
        if isinstance(outcome, Done) and self.export.lines:
            self.path.unlink(missing_ok=True)
            self.doubts.pop(self.path, None)
        return outcome

    def begin_again(self, error: ExportBroken | BulkForgotten) -> Next | Sleep:
        """With a new export, after a while. What was put from the broken one stays; its counts do not."""
        try:
            step = self.exporting.begin_again(self.export, error)
        except GivenUp:
            self.begin_anew_when_resumed()
            raise
        begun = Cursor(stage="export", export=step.export, saves=self.cursor.saves)
        begin_from_start(self.chunks, step.phase, _json(begun))
        return Sleep(step.seconds)

    def begin_anew_when_resumed(self) -> None:
        """Where it stands leads nowhere; the counts stay for people to see."""
        with self.chunks.noting() as chunk:
            chunk.go_on_at(_json(replace(self.cursor, stage="anew")))

    def go_to(self, cursor: Cursor, phase: str) -> Next:
        with self.chunks.noting() as chunk:
            chunk.say(phase)
            chunk.go_on_at(_json(cursor))
        return Next()

    def putter(self, chunk: Chunk) -> Putter:
        return Putter(
            chunk.transaction,
            self.resource,
            self.run.shop_id,
            run_id=RunId(self.run.id),
            asked_at=self.export.asked_at,
        )

    @property
    def after_reading(self) -> Stage:
        """What did not change is in no export of changes, and not gone for that."""
        return "missing" if self.export.since is None else "settle"

    @property
    def run(self) -> RunView:
        return self.exporting.run

    @property
    def chunks(self) -> Chunks:
        return self.exporting.chunks

    @property
    def services(self) -> Services:
        return self.exporting.services

    @property
    def resource(self) -> Resource:
        return self.exporting.resource

    @property
    def export(self) -> Export:
        return self.cursor.export

    @property
    def path(self) -> Path:
        return self.exporting.path(self.export)


def _begin(exporting: Exporting) -> Next:
    run, changes = exporting.run, exporting.resource.selection.changes
    asked = Asked(since=None, saves=True)
    if run.mode == INCREMENTAL and changes is not Changes.EVERYTHING:
        with exporting.services.database.reading() as transaction:
            asked = asked_since(transaction, run)
    step = exporting.begin(asked.since)
    cursor = Cursor(stage="export", export=step.export, saves=asked.saves)
    begin_from_start(exporting.chunks, step.phase, _json(cursor))
    return Next()


def _json(cursor: Cursor) -> Any:
    return msgspec.to_builtins(cursor)
