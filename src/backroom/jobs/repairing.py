"""The repairing half of a reconcile, or all of a repair of chosen findings: the next few at a time.

What differs is mended and looked at again (`mending`); then rows that lead nowhere are laid (`ghosts`), and
totals that do not add up are asked for (`totals`). A few's place commits with what became of them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from backroom.flow.batches import FEWEST_USUAL
from backroom.jobs.chunks import Chunks
from backroom.jobs.ghosts import Ghosts
from backroom.jobs.job import Next, Sleep
from backroom.jobs.mending import Mending
from backroom.jobs.reconcile_cursor import Cursor, as_json
from backroom.jobs.reconciling import FINDINGS
from backroom.jobs.runs import RunView
from backroom.jobs.totals import StockTotals
from backroom.resources.descriptor import Resource
from backroom.vocabulary.ids import key_text

LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairing:
    """One call. `since`: from when on this run saw what it found; None: it was told what to repair."""

    run: RunView
    chunks: Chunks
    resource: Resource
    cursor: Cursor
    since: datetime | None
    mending: Mending
    ghosts: Ghosts
    totals: StockTotals

    def go_on(self) -> Next | None:
        """The next few; None where nothing is left."""
        return self.mend() or self.lay_ghosts() or self.ask_for_totals()

    def mend(self) -> Next | None:
        """The next few, by asking Shopify for them."""
        rows = max(FEWEST_USUAL, self.chunks.rows())
        taken = self.mending.take(self.cursor.mended, self.since, rows)
        if taken is None:
            return None
        with self.chunks.open() as chunk:
            self.mending.put(chunk.transaction, taken)
            number = len(taken.batch.expected)
            if self.run.mode == FINDINGS:
                chunk.count(seen=number, drifted=number)
            chunk.say(f"mending {self.resource.plural}: {chunk.run.repaired:,} so far")
            so_far = self.cursor.taken + number
            chunk.go_on_at(as_json(replace(self.cursor, stage="verify", batch=taken.batch, taken=so_far)))
        return Next()

    def verify(self) -> Next | Sleep:
        """Whether those few are right now, once the stations have processed them."""
        assert self.cursor.batch is not None
        verdict = self.mending.verify(self.cursor.batch)
        if verdict is None:
            return Sleep(LOOK_SECONDS)
        with self.chunks.noting() as chunk:
            self.mending.write_down(chunk, verdict)
            last = key_text(self.cursor.batch.expected[-1].key)
            chunk.go_on_at(as_json(replace(self.cursor, stage="mend", mended=last, batch=None)))
        return Next()

    def lay_ghosts(self) -> Next | None:
        """The next few, once all else is mended: what that led to again is none."""
        rows = max(FEWEST_USUAL, self.chunks.rows())
        findings = self.ghosts.to_lay(self.cursor.laid, self.since, rows)
        if not findings:
            return None
        number = len(findings)
        with self.chunks.open() as chunk:
            self.ghosts.lay(chunk, findings)
            if self.run.mode == FINDINGS:
                chunk.count(seen=number, drifted=number)
            laid, taken = key_text(findings[-1].key), self.cursor.taken + number
            chunk.go_on_at(as_json(replace(self.cursor, laid=laid, taken=taken)))
        return Next()

    def ask_for_totals(self) -> Next | None:
        """What can not be mended here, and is fetched anew: see `totals.ASKED`."""
        rows = max(FEWEST_USUAL, self.chunks.rows())
        findings = self.totals.to_ask(self.cursor.asked, self.since, rows)
        if not findings:
            return None
        with self.chunks.open() as chunk:
            self.totals.ask(chunk, findings)
            if self.run.mode == FINDINGS:
                chunk.count(seen=len(findings), drifted=len(findings))
            chunk.go_on_at(as_json(replace(self.cursor, asked=key_text(findings[-1].key))))
        return Next()
