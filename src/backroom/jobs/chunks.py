"""A job's transactions: rows, cursor and counts in one commit, behind the fence.

Enters: what a job read. Leaves: rows of the caches and the run's progress, both or neither. What never
happens here: a commit for a run that somebody else has, that was moved on meanwhile, or that is to be
cancelled.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from sqlalchemy import update

from backroom.db.database import Database, Transaction
from backroom.flow.batches import BatchSize
from backroom.flow.receipts import Receipts
from backroom.jobs.claims import Claim, Fenced, hold, look
from backroom.jobs.runs import RunView
from backroom.jobs.tables import sync_run
from backroom.vocabulary.ids import ShopId
from backroom.vocabulary.shown import storable

CHUNK_PATIENCE_SECONDS: Final = 5.0
"""How long a chunk waits for the shop's lock: the stations hold it for a fraction of a second at a time."""
MOST_SAMPLES: Final = 10
COUNTS: Final = ("seen", "written", "unchanged", "parked", "failed", "drifted", "in_flight", "repaired")


class Chunk:
    """One open transaction of a job. `run` is the row as it is now, locked."""

    def __init__(self, transaction: Transaction, run: RunView) -> None:
        self.transaction = transaction
        self.run = run
        self._changes: dict[str, Any] = {}
        self._samples = list(run.samples)

    def count(self, **more: int) -> None:
        """Adds to the run's counts, which are named as in COUNTS."""
        for name, number in more.items():
            if name not in COUNTS:
                raise TypeError(f"a run does not count {name}")
            if number:
                self._changes[name] = self._changes.get(name, getattr(self.run, name)) + number

    def go_on_at(self, cursor: Any) -> None:
        """Where the job goes on after this chunk; JSON."""
        self._changes["cursor"] = cursor

    def expect(self, total: int | None) -> None:
        """How many resources there are in all; None: not known."""
        self._changes["total"] = total

    def say(self, phase: str) -> None:
        """What the run does now, for people."""
        self._changes["phase"] = storable(phase)

    def sample(self, id: str, reason: str) -> None:
        """Keeps one resource that could not be taken; the first ten of a run are kept."""
        if len(self._samples) < MOST_SAMPLES:
            self._samples.append({"id": storable(id) or "", "reason": storable(reason) or ""})
            self._changes["samples"] = self._samples

    def save(self, claim: Claim) -> RunView:
        """Writes the progress; the run as it is then."""
        self.transaction.execute(
            update(sync_run)
            .where(sync_run.c.id == claim.run_id)
            .values(**self._changes, heartbeat_at=self.transaction.now())
        )
        return look(self.transaction, claim)


class Chunks:
    """Opens the chunks of one claimed run."""

    def __init__(self, database: Database, claim: Claim) -> None:
        self._database = database
        self._claim = claim
        self._shop_id: ShopId | None = None
        self._known: bytes | None = None
        self.last: RunView | None = None
        self._receipts = Receipts(database)
        self._size = BatchSize(database.seam.batch_seconds)

    def rows(self) -> int:
        """How many resources the next chunk should take, to hold the writer about as long as it may."""
        self._size.aim(self._receipts.batch_seconds())
        return self._size.rows

    @contextmanager
    def open(self) -> Iterator[Chunk]:
        """A write transaction with the shop's lock. Raises Fenced, CancelAsked and ShopBusy."""
        shop_id = self._shop_id or self.look().shop_id
        with self._database.shop_writing(shop_id, CHUNK_PATIENCE_SECONDS) as transaction:
            began = time.perf_counter()
            chunk = Chunk(transaction, self._held(transaction))
            yield chunk
            saved = chunk.save(self._claim)
            seconds = time.perf_counter() - began
        self._size.learn(saved.seen - chunk.run.seen, seconds)
        self._know(saved)

    @contextmanager
    def noting(self) -> Iterator[Chunk]:
        """As `open`, without the shop's lock: for a phase, a total or a cursor alone, never for rows."""
        with self._database.writing() as transaction:
            chunk = Chunk(transaction, self._held(transaction))
            yield chunk
            saved = chunk.save(self._claim)
        self._know(saved)

    def look(self) -> RunView:
        """The run as it is now. Raises Fenced and CancelAsked."""
        with self._database.reading() as transaction:
            run = look(transaction, self._claim)
        self._know(run)
        return run

    def _held(self, transaction: Transaction) -> RunView:
        run = hold(transaction, self._claim)
        # Two processes under one name and one generation (somebody started a worker twice) pass the fence
        # both. Only one of them goes on from where the run really is.
        if self._known is not None and self._known != _place(run):
            raise Fenced
        return run

    def _know(self, run: RunView) -> None:
        self._shop_id = run.shop_id
        self.last = run
        self._known = _place(run)


def _place(run: RunView) -> bytes:
    """What moves with each chunk, comparable whatever the order of keys that the database gives."""
    return msgspec.json.encode([run.cursor, *(getattr(run, name) for name in COUNTS)], order="sorted")
