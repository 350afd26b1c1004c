"""An export of everything, as a job goes through it: ask Shopify, wait, fetch the file; anew if it breaks.

Enters: where it is (`Export`, a part of the job's cursor). Leaves: where it is next, for the job to commit,
until the whole file is on this machine. What never happens here: a commit of a cursor, a look into the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from backroom.jobs.chunks import Chunks
from backroom.jobs.export import ask_for_export, fetch_export, file_of, running_exports, wait_for_export
from backroom.jobs.job import Services
from backroom.jobs.runs import RunView
from backroom.observe.log import get_log
from backroom.resources.descriptor import Resource
from backroom.shopify.assembled import Assembled
from backroom.shopify.bulk import BulkOperation, cancel_bulk
from backroom.shopify.client import Client
from backroom.shopify.documents import bulk_document
from backroom.shopify.pages import read_nodes
from backroom.vocabulary.clock import to_the_minute
from backroom.vocabulary.errors import (
    BackroomError,
    BulkBusy,
    BulkForgotten,
    ExportBroken,
    ScopeMissing,
    Terminal,
)

AT_ONCE: Final = 25
BUSY_SECONDS: Final = 10.0
PAUSES_SECONDS: Final = (5, 30, 120)
"""After exports that were broken, failed or forgotten; one more, and the run is given up."""


class GivenUp(Terminal):
    """Several exports in a row were not whole."""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """Where an export is. Instants: `asked_at` by our database's clock, `created_at` by Shopify's.

    `others`: operations with our words that ran before we asked. `since`: of only what changed from then on,
    by Shopify's clock; null: of everything. `lines`, `resources`: as Shopify counts them, roots and all.
    """

    stage: Literal["ask", "wait", "fetch", "ready"] = "ask"
    asked_at: datetime
    others: tuple[str, ...] = ()
    tries: int = 0
    since: datetime | None = None
    operation: str | None = None
    created_at: datetime | None = None
    lines: int = 0
    resources: int = 0

    @property
    def is_counted(self) -> bool:
        """Shopify has said how much there is."""
        return self.stage in ("fetch", "ready")

    def number_of(self, resource: Resource) -> int:
        """How many resources it has, where what is pulled may have several in it."""
        return self.resources if resource.split is None else self.lines - self.resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to commit, what to say meanwhile, and how many seconds to wait then."""

    export: Export
    phase: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """One call of a job that has an export to get."""

    run: RunView
    chunks: Chunks
    services: Services
    resource: Resource
    pauses_seconds: Sequence[float] = PAUSES_SECONDS

    def begin(self, since: datetime | None = None) -> Step:
        """What runs already is somebody else's, so it is looked at before we ask. `since`: see `Export`."""
        others = running_exports(self.client, self.document(since))
        export = Export(asked_at=self._now(), others=others, since=since)
        told = "" if since is None else f" of what changed since {to_the_minute(since)}"
        return Step(export=export, phase=f"asking Shopify for an export{told}")

    def go_on(self, export: Export) -> Step:
        """Raises ExportBroken and BulkForgotten (`begin_again`), and ScopeMissing."""
        if export.stage == "ask":
            return self._ask(export)
        if export.stage == "wait":
            return self._wait(export)
        fetch_export(self.client, _operation(export), self.path(export), self.chunks, self.services)
        return Step(export=replace(export, stage="ready"), phase=f"reading {self.resource.plural}")

    def fetch_again(self, export: Export) -> Step:
        """Another machine had the run, and the file."""
        return Step(export=replace(export, stage="fetch"), phase="fetching the export's file")

    def begin_again(self, export: Export, error: ExportBroken | BulkForgotten) -> Step:
        """With a new export, after a while. Raises GivenUp."""
        tries = export.tries + 1
        if export.operation is not None:
            self.path(export).unlink(missing_ok=True)
        if tries > len(self.pauses_seconds):
            raise GivenUp(
                f"{tries} exports of {self.client.shop.domain} in a row were not whole: {error}; run the"
                f" {self.run.kind} again later, and if it stays so, ask Shopify's support"
            ) from error
        get_log("jobs").warning("export.broken", run=self.run.id, reason=str(error), tries=tries)
        begun = replace(self.begin(export.since).export, tries=tries)
        seconds = self.pauses_seconds[tries - 1]
        return Step(export=begun, phase=f"asking Shopify for another export: {error}", seconds=seconds)

    def fetch_apart(self, gids: Sequence[str]) -> Iterator[Assembled]:
        """What lies too far apart in the file, by its ids, some at a time; what is gone is left out."""
        for first in range(0, len(gids), AT_ONCE):
            self.services.heed()
            yield from read_nodes(self.client, self.resource.selection, gids[first : first + AT_ONCE]).found

    def path(self, export: Export) -> Path:
        """Where this machine keeps the file."""
        return file_of(self.services, self.run.id, _operation(export))

    @property
    def client(self) -> Client:
        return self.services.client_of(self.run.shop_id)

    def document(self, since: datetime | None) -> str:
        return bulk_document(self.resource.selection, since)

    def _ask(self, export: Export) -> Step:
        try:
            operation = ask_for_export(self.client, self.document(export.since), export.others)
        except BulkBusy as error:
            return Step(export=export, phase=f"waiting: {error}", seconds=BUSY_SECONDS)
        asked = replace(export, stage="wait", operation=operation.id, created_at=operation.created_at)
        return Step(export=asked, phase="Shopify prepares the export")

    def _wait(self, export: Export) -> Step:
        operation = wait_for_export(
            self.client, _operation(export), export.asked_at, self.run, self.chunks, self.services
        )
        so_far = replace(export, lines=operation.object_count, resources=operation.root_object_count)
        if operation.is_running:
            number = so_far.number_of(self.resource)
            phase = f"Shopify prepares the export: {number:,} {self.resource.plural} so far"
            return Step(export=export, phase=phase)
        self._refuse_failed(operation)
        if operation.is_empty:
            nothing = "there are no" if export.since is None else "there are no changes of"
            return Step(export=replace(so_far, stage="ready"), phase=f"{nothing} {self.resource.plural}")
        return Step(export=replace(so_far, stage="fetch"), phase="fetching the export's file")

    def _refuse_failed(self, operation: BulkOperation) -> None:
        reason = operation.failure()
        if reason is None:
            return
        if operation.error_code == "ACCESS_DENIED":
            scopes = " and ".join(self.resource.scopes)
            raise ScopeMissing(
                f"{self.client.shop.domain}: {reason}; grant the scope {scopes} to the app, then run the"
                f" {self.run.kind} again"
            )
        raise ExportBroken(reason)

    def _now(self) -> datetime:
        with self.services.database.reading() as transaction:
            return transaction.now()


def abandon_export(export: Export, run: RunView, services: Services) -> bool:
    """Ends the operation, which would go on for nobody; whether there was one to end."""
    if export.stage != "wait" or export.operation is None:
        return False
    try:
        cancel_bulk(services.client_of(run.shop_id), export.operation)
    except BackroomError as error:
        get_log("jobs").warning("export.not_cancelled", run=run.id, reason=str(error))
    return True


def refuse_unless_whole(export: Export, *, lines: int, resources: int) -> None:
    """Only a file that was read whole goes on; `resources`: its roots. Raises ExportBroken."""
    if (lines, resources) != (export.lines, export.resources):
        raise ExportBroken(
            f"Shopify counted {export.resources:,} resources in {export.lines:,} lines, and its file had"
            f" {resources:,} in {lines:,}"
        )


def _operation(export: Export) -> str:
    assert export.operation is not None
    return export.operation
