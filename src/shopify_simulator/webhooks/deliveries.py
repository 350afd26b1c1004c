"""The record of every delivery, and exact counts. Parcels and attempts enter, JSON-able rows leave.

A delivery is one parcel, however often it is sent: a duplicate is one more trip of the same delivery.
What never happens here: a body or a signature is kept; more than the newest finished deliveries are kept.
"""

import itertools
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from shopify_simulator.webhooks.carriage import Carriage
from shopify_simulator.webhooks.faults import Fate
from shopify_simulator.webhooks.parcel import Parcel

FINISHED_KEPT: Final = 10_000
State = Literal["waiting", "delivered", "dropped", "given_up"]
STATES: Final[tuple[State, ...]] = ("waiting", "delivered", "dropped", "given_up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One HTTP request. Either the receiver's `status`, or the `error` that it ended with."""

    at: datetime
    status: int | None = None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """Only 2xx is success: a redirection is a failure."""
        return self.status is not None and 200 <= self.status < 300

    def row(self) -> dict[str, Any]:
        outcome = {"status": self.status} if self.error is None else {"error": self.error}
        return {"at": self.at.isoformat(), **outcome}


@dataclass(slots=True, kw_only=True)
class _Delivery:
    webhook_id: str
    event_id: str
    topic: str
    resource_id: int
    triggered_at: str
    uri: str
    faults: list[str]
    trips: int
    state: State
    attempts: list[Attempt] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        return {
            "webhook_id": self.webhook_id,
            "event_id": self.event_id,
            "topic": self.topic,
            "resource_id": self.resource_id,
            "triggered_at": self.triggered_at,
            "uri": self.uri,
            "attempts": [attempt.row() for attempt in self.attempts],
            "state": self.state,
            "faults": list(self.faults),
        }


@dataclass(slots=True, kw_only=True)
class Counts:
    """deliveries = waiting + delivered + given_up + dropped. The faults count deliveries that met them.

    `trips`: how many sendings are not ended yet, duplicates of what was accepted included.
    """

    events: int = 0
    deliveries: int = 0
    waiting: int = 0
    delivered: int = 0
    attempts: int = 0
    failed_attempts: int = 0
    given_up: int = 0
    dropped: int = 0
    duplicated: int = 0
    reordered: int = 0
    delayed: int = 0
    id_only: int = 0
    trips: int = 0


class Deliveries:
    """See the module. Fit for several threads; tells the carriage what arrived."""

    def __init__(self, carriage: Carriage, finished_kept: int = FINISHED_KEPT) -> None:
        self._carriage = carriage
        self._lock = threading.Lock()
        self._counts = Counts()
        self._open: dict[str, _Delivery] = {}
        self._finished: deque[_Delivery] = deque(maxlen=finished_kept)

    def fired(self) -> None:
        """An event fired, whether anybody is told of it or not."""
        with self._lock:
            self._counts.events += 1

    def began(self, parcel: Parcel, fate: Fate) -> None:
        """A parcel was made. It makes no trip, one, or one more for each duplicate."""
        self._carriage.sent(parcel.kind, parcel.resource_id, parcel.version, fate.trips)
        with self._lock:
            self._count_new(fate)
            record = _Delivery(
                webhook_id=parcel.webhook_id,
                event_id=parcel.event_id,
                topic=parcel.topic,
                resource_id=parcel.resource_id,
                triggered_at=parcel.triggered_at,
                uri=parcel.uri,
                faults=list(fate.names),
                trips=fate.trips,
                state="dropped" if fate.dropped else "waiting",
            )
            if fate.dropped:
                self._finished.append(record)
            else:
                self._open[parcel.webhook_id] = record

    def _count_new(self, fate: Fate) -> None:
        counts = self._counts
        counts.deliveries += 1
        counts.trips += fate.trips
        counts.waiting += not fate.dropped
        counts.dropped += fate.dropped
        counts.duplicated += bool(fate.copies_after_seconds)
        counts.reordered += fate.passed_by > 0
        counts.delayed += fate.delay_seconds > 0
        counts.id_only += fate.id_only

    def attempted(self, parcel: Parcel, attempt: Attempt) -> None:
        """A request ended."""
        with self._lock:
            self._counts.attempts += 1
            self._counts.failed_attempts += not attempt.accepted
            self._open[parcel.webhook_id].attempts.append(attempt)

    def arrived(self, parcel: Parcel) -> None:
        """A trip ended with the receiver's 2xx."""
        self._carriage.arrived(parcel.kind, parcel.resource_id, parcel.version, whole=parcel.whole)
        with self._lock:
            self._end_trip(self._open[parcel.webhook_id], accepted=True)

    def given_up(self, parcel: Parcel) -> None:
        """A trip ended: it was tried too often, or its subscription is gone."""
        self._carriage.failed(parcel.kind, parcel.resource_id, parcel.version)
        with self._lock:
            self._end_trip(self._open[parcel.webhook_id], accepted=False)

    def _end_trip(self, record: _Delivery, *, accepted: bool) -> None:
        counts = self._counts
        counts.trips -= 1
        record.trips -= 1
        if accepted and record.state == "waiting":
            record.state = "delivered"
            counts.waiting -= 1
            counts.delivered += 1
        if record.trips:
            return
        if record.state == "waiting":
            record.state = "given_up"
            counts.waiting -= 1
            counts.given_up += 1
        self._finished.append(self._open.pop(record.webhook_id))

    def counts(self) -> dict[str, int]:
        """All counts of one moment."""
        with self._lock:
            return asdict(self._counts)

    def rows(self, *, limit: int, state: State | None = None) -> list[dict[str, Any]]:
        """The newest first: those on their way, then the finished ones that are kept."""
        with self._lock:
            wanted = (each for each in self._newest_first() if state is None or each.state == state)
            return [each.row() for each in itertools.islice(wanted, limit)]

    def _newest_first(self) -> Iterator[_Delivery]:
        yield from reversed(self._open.values())
        yield from reversed(self._finished)
