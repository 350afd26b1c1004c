"""The inbox's writer: one thread that commits everything that is waiting in one transaction.

Enters: verified deliveries. Leaves: an answer for each, after the commit and never before. What never
happens here: looking into a body, or an error that ends the thread: nobody would be answered any more.

Group commit: while one commit waits for the disk, the next deliveries gather. Two to three times
the rate of one transaction per request on a fast disk, and eight to fourteen times on slow ones.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from sqlalchemy import update

from backroom.db.database import Database, Transaction
from backroom.ingress.refused import Refusals
from backroom.ingress.tables import webhook_delivery
from backroom.observe.log import get_log
from backroom.vocabulary.errors import BackroomError, StoreUnavailable, Terminal, Transient
from backroom.vocabulary.ids import ShopId

BATCH_ROWS: Final = 256
BATCH_BYTES: Final = 8 * 1024 * 1024
WAITING_BYTES: Final = 192 * 1024 * 1024
"""Verified bytes that may wait for the disk; beyond that the answer is 503."""
TALLY_SECONDS: Final = 1.0

_COLUMNS: Final = (
    "shop_id",
    "webhook_id",
    "event_id",
    "topic",
    "api_version",
    "triggered_at",
    "received_at",
    "state",
    "headers",
    "body",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A verified delivery on its way into the inbox. `answer` is called once, from the writer's thread.

    It gets True (stored), False (stored before) or the error.
    """

    shop_id: ShopId
    webhook_id: str
    event_id: str | None
    topic: str
    api_version: str | None
    triggered_at: datetime | None
    headers: dict[str, str]
    body: bytes
    secret_id: int
    answer: Callable[[bool | BackroomError], None]

    @property
    def size(self) -> int:
        """Bytes this delivery holds while it waits (its body, and a little for the rest)."""
        return len(self.body) + 2048


class BatchObserver(Protocol):
    """Told once per batch: the log line and the metrics."""

    def stored(self, *, rows: int, duplicates: int, size_bytes: int, seconds: float) -> None: ...

    def failed(self, *, rows: int, error: BackroomError) -> None: ...


class SecretTally(Protocol):
    """Writes down how often each webhook secret was used, in the batch's own transaction."""

    def __call__(self, transaction: Transaction, uses: dict[int, int]) -> None: ...


class Inbox:
    """Owns the committer thread. `start` before the first `append`; `stop` commits what waits."""

    def __init__(self, database: Database, observer: BatchObserver, tally: SecretTally) -> None:
        self._database = database
        self._observer = observer
        self._tally = tally
        self._log = get_log("ingress.inbox")
        self._waiting: deque[Delivery] = deque()
        self._waiting_bytes = 0
        self._uses: dict[int, int] = {}
        self._refusals = Refusals()
        self._tallied = time.monotonic()
        self._condition = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="inbox-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Commits what waits, then ends the thread."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        self._thread.join()

    @property
    def is_running(self) -> bool:
        """Whether anybody would answer."""
        return self._thread.is_alive()

    @property
    def waiting_bytes(self) -> int:
        """Verified bytes that wait for the disk."""
        return self._waiting_bytes

    def append(self, delivery: Delivery) -> None:
        """Queues a delivery. Raises StoreUnavailable where too many bytes wait, or while stopping."""
        with self._condition:
            if self._stopping:
                raise StoreUnavailable("shutting down")
            if self._waiting_bytes + delivery.size > WAITING_BYTES:
                raise StoreUnavailable("too much is waiting for the disk")
            self._waiting.append(delivery)
            self._waiting_bytes += delivery.size
            self._condition.notify()

    def note_refused(self, shop_id: ShopId) -> None:
        """One that nobody's secret signed; written down by the writer, within a second or two."""
        was_idle = not self._refusals
        self._refusals.note(shop_id)
        if was_idle:
            with self._condition:
                self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._stopping:
                    if not self._condition.wait(TALLY_SECONDS if self._uses or self._refusals else None):
                        break
                if self._stopping and not self._waiting:
                    break
                batch = self._take()
            if batch:
                self._store(batch)
            elif self._uses:
                self._flush_tally()
            self._write_refusals()
        self._flush_tally()
        self._write_refusals(at_once=True)

    def _take(self) -> list[Delivery]:
        batch: list[Delivery] = []
        size = 0
        while self._waiting and len(batch) < BATCH_ROWS:
            size += self._waiting[0].size
            if batch and size > BATCH_BYTES:
                break
            batch.append(self._waiting.popleft())
        return batch

    def _store(self, batch: Sequence[Delivery]) -> None:
        started = time.perf_counter()
        answers: Sequence[bool | BackroomError]
        try:
            answers = self._commit(batch)
        except Terminal as error:
            # A value that does not fit. Whose it is shows when each goes alone.
            answers = [self._commit_one(delivery) for delivery in batch] if len(batch) > 1 else [error]
        except BackroomError as error:
            answers = [error] * len(batch)
        # Before the answers: whoever was answered may send the next one at once.
        with self._condition:
            self._waiting_bytes -= sum(delivery.size for delivery in batch)
        for delivery, answer in zip(batch, answers, strict=True):
            self._tell(partial(delivery.answer, answer))
        self._tell(partial(self._observe, batch, answers, time.perf_counter() - started))

    def _tell(self, told: Callable[[], None]) -> None:
        try:
            told()
        except Exception:  # theirs: the others' answers do not wait for it
            self._log.exception("inbox.not_told")

    def _commit_one(self, delivery: Delivery) -> bool | BackroomError:
        try:
            return self._commit([delivery])[0]
        except BackroomError as error:
            return error

    def _commit(self, batch: Sequence[Delivery]) -> list[bool]:
        """Raises BackroomError only."""
        try:
            return self._commit_patiently(batch)
        except BackroomError:
            raise
        except Exception as error:  # unknown, so not stored; the writer goes on
            self._log.exception("inbox.broke", rows=len(batch))
            raise StoreUnavailable("the inbox met an error that it does not know") from error

    def _commit_patiently(self, batch: Sequence[Delivery]) -> list[bool]:
        try:
            return self._commit_once(batch)
        except StoreUnavailable:
            raise
        except Transient:
            # The server took this one out of a deadlock.
            return self._commit_once(batch)

    def _commit_once(self, batch: Sequence[Delivery]) -> list[bool]:
        uses = self._uses
        with self._database.writing() as transaction:
            fresh = _insert(transaction, batch)
            transaction.notify()
            if uses and time.monotonic() - self._tallied > TALLY_SECONDS:
                self._tally(transaction, uses)
                uses = {}
        if not uses and self._uses:
            self._tallied = time.monotonic()
        for delivery in batch:
            uses[delivery.secret_id] = uses.get(delivery.secret_id, 0) + 1
        self._uses = uses
        return fresh

    def _flush_tally(self) -> None:
        if not self._uses:
            return
        with self._in_passing(), self._database.writing() as transaction:
            self._tally(transaction, self._uses)
        self._uses = {}
        self._tallied = time.monotonic()

    def _write_refusals(self, *, at_once: bool = False) -> None:
        with self._in_passing():
            self._refusals.write(self._database, at_once=at_once)

    @contextmanager
    def _in_passing(self) -> Iterator[None]:
        """A statistic: it must not stop the writer, and what it lost is seen as a failed batch of no rows."""
        try:
            yield
        except BackroomError as error:
            self._tell(partial(self._observer.failed, rows=0, error=error))
        except Exception:
            self._log.exception("inbox.broke", rows=0)

    def _observe(
        self, batch: Sequence[Delivery], answers: Sequence[bool | BackroomError], seconds: float
    ) -> None:
        failed = [answer for answer in answers if isinstance(answer, BackroomError)]
        if failed:
            self._observer.failed(rows=len(failed), error=failed[0])
        if len(failed) < len(batch):
            self._observer.stored(
                rows=sum(answer is True for answer in answers),
                duplicates=sum(answer is False for answer in answers),
                size_bytes=sum(len(delivery.body) for delivery in batch),
                seconds=seconds,
            )


def _insert(transaction: Transaction, batch: Sequence[Delivery]) -> list[bool]:
    """Which are new, in the batch's own order.

    Law 2 is the unique key and ON CONFLICT: there is no look before the insert that could race.
    """
    # In the key's order: two processes that were sent the same ids may wait, but never for each other.
    positions = sorted(range(len(batch)), key=lambda at: (batch[at].shop_id, batch[at].webhook_id))
    ordered = [batch[at] for at in positions]
    received_at = transaction.now()
    rows = [
        (
            delivery.shop_id,
            delivery.webhook_id,
            delivery.event_id,
            delivery.topic,
            delivery.api_version,
            delivery.triggered_at,
            received_at,
            "pending",
            delivery.headers,
            delivery.body,
        )
        for delivery in ordered
    ]
    fresh = transaction.insert_new(webhook_delivery, _COLUMNS, rows, unique=("shop_id", "webhook_id"))
    again = ((row[0], row[1]) for row, new in zip(rows, fresh, strict=True) if not new)
    for shop_id, webhook_id in again:
        transaction.execute(
            update(webhook_delivery)
            .where(webhook_delivery.c.shop_id == shop_id, webhook_delivery.c.webhook_id == webhook_id)
            .values(duplicates=webhook_delivery.c.duplicates + 1)
        )
    by_position = dict(zip(positions, fresh, strict=True))
    return [by_position[at] for at in range(len(batch))]
