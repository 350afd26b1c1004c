"""A worker's sign of life: a row each worker writes every 5 seconds, and what others read from it."""

import os
import socket
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select, update

from backroom.db.database import Database, Transaction
from backroom.observe.log import get_log
from backroom.vocabulary.errors import BackroomError
from backroom.worker.tables import worker

HEARTBEAT_SECONDS: Final = 5.0
FRESH_SECONDS: Final = 30.0
"""A sign of life older than this is none: several in a row did not come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One worker as others see it; `age_seconds` by the database's clock."""

    name: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime
    stopped_at: datetime | None
    age_seconds: float

    @property
    def is_alive(self) -> bool:
        return self.stopped_at is None and self.age_seconds <= FRESH_SECONDS


def read_signs(transaction: Transaction) -> list[Sign]:
    """All workers ever seen, by name."""
    now = transaction.now()
    return [
        Sign(
            name=row.name,
            host=row.host,
            pid=row.pid,
            started_at=row.started_at,
            heartbeat_at=row.heartbeat_at,
            stopped_at=row.stopped_at,
            age_seconds=(now - row.heartbeat_at).total_seconds(),
        )
        for row in transaction.execute(select(worker).order_by(worker.c.name))
    ]


def youngest_age(transaction: Transaction) -> float | None:
    """Seconds since the last sign of life of any worker that did not stop; None where there is none."""
    return min(
        (sign.age_seconds for sign in read_signs(transaction) if sign.stopped_at is None), default=None
    )


class Heartbeat:
    """Writes one worker's row from a thread of its own. A database that is away is tried again."""

    def __init__(self, database: Database, name: str, seconds: float = HEARTBEAT_SECONDS) -> None:
        self._database = database
        self._name = name
        self._seconds = seconds
        self._log = get_log("worker.heartbeat").bind(worker=name)
        self._registered = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, and says that the worker stopped."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._try(stopped=False)
            self._stopping.wait(self._seconds)
        self._try(stopped=True)

    def _try(self, *, stopped: bool) -> None:
        try:
            with self._database.writing() as transaction:
                if not self._registered:
                    self._register(transaction)
                self._beat(transaction, stopped=stopped)
            self._registered = True
        except BackroomError as error:
            self._log.warning("heartbeat.missed", reason=str(error))
        except Exception:  # a thread's edge: without a heartbeat a living worker would be called dead
            self._log.exception("heartbeat.broke")

    def _register(self, transaction: Transaction) -> None:
        now = transaction.now()
        transaction.execute(delete(worker).where(worker.c.name == self._name))
        transaction.execute(
            insert(worker).values(
                name=self._name, host=socket.gethostname(), pid=os.getpid(), started_at=now, heartbeat_at=now
            )
        )

    def _beat(self, transaction: Transaction, *, stopped: bool) -> None:
        now = transaction.now()
        beaten = transaction.execute(
            update(worker)
            .where(worker.c.name == self._name, worker.c.pid == os.getpid())
            .values(heartbeat_at=now, stopped_at=now if stopped else None)
        )
        if beaten.rowcount == 0 and not stopped:
            self._take_back(transaction)

    def _take_back(self, transaction: Transaction) -> None:
        """Another process runs under our name: say so while it lives, and have the row again after it."""
        held = transaction.execute(select(worker.c.stopped_at).where(worker.c.name == self._name)).first()
        if held is None or held.stopped_at is not None:
            self._register(transaction)
        else:
            self._log.warning("heartbeat.replaced", reason="another worker runs under this name")
