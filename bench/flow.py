"""The whole way, over HTTP and with the worker beside it: from the 200 to the ERP rows that others can see.

Half of the deliveries are new products, half change the prices of earlier ones. A watcher reads the history
of changes every 5 ms, as a reader of the rows would: that is the figures' grain. What waits is counted once a
second.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from backroom.db.database import Database, open_database
from backroom.erp.tables import field_change
from backroom.ingress.tables import webhook_delivery
from backroom.worker.heartbeat import read_signs
from bench.backlog import Backlog, growth
from bench.load import Order, Outcome, send
from bench.looking import looking
from bench.places import Place, Places
from bench.programs import START_SECONDS, open_shop, serving
from bench.report import Report, Row, percentile

CONNECTIONS: Final = 32
LOOK_SECONDS: Final = 0.005
REST_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many deliveries a second, and how long."""

    rates: tuple[int, ...]
    seconds: int


FULL: Final = Size(rates=(300, 700), seconds=20)
QUICK: Final = Size(rates=(300,), seconds=4)


class Watcher:
    """Notes when each delivery's first change could be seen."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last = 0
        self.seen: dict[int, float] = {}

    def look(self) -> None:
        c = field_change.c
        changes = select(c.delivery_id, func.max(c.id)).where(c.id > self._last).group_by(c.delivery_id)
        with self._database.reading() as transaction:
            rows = transaction.execute(changes).all()
        now = time.time()
        for delivery_id, last in rows:
            self.seen.setdefault(delivery_id, now)
            self._last = max(self._last, last)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Looks while the block runs, and once after it."""
        with looking(self.look, LOOK_SECONDS):
            yield
        self.look()


def run(report: Report, places: Places, size: Size) -> None:
    """Each rate on each database, on an empty one each time."""
    rows = []
    for rate in size.rates:
        for kind in places.kinds:
            report.doing(f"{kind}, {rate}/s for {size.seconds} s")
            rows.append(flow(places.place(kind), rate, size.seconds))
    report.table("from the 200 to the row, ms", rows)


def flow(place: Place, rate: int, seconds: int) -> Row:
    """One rate on one empty database. Raises RuntimeError where anything is refused, lost or never done.

    `waiting`: the most deliveries and rows that did, `growing/s` from the first half to the second; `left`:
    at the end of the sending, and after `rest s` none.
    """
    open_shop(place)
    database = open_database(place.url, place.schema)
    try:
        with serving(place) as program:
            _wait_for_the_worker(database)
            watcher, backlog = Watcher(database), Backlog(database)
            with watcher.looking():
                order = Order(
                    address=program.address,
                    count=rate * seconds,
                    connections=CONNECTIONS,
                    rate=rate,
                    behind=rate * 2,
                )
                with backlog.watched():
                    outcome = send(order)
                left = backlog.look()
                rested = _wait_for_rest(backlog)
        lags, folded = _lags(database, outcome, watcher)
    finally:
        database.dispose()
    grown = growth(backlog.looks, min(outcome.answered.values()), max(outcome.answered.values()))
    return {
        "database": place.kind,
        "sent/s": rate,
        "answered/s": outcome.per_second,
        "receipt p50": percentile(outcome.latencies, 50),
        "receipt p99": percentile(outcome.latencies, 99),
        "to row p50": percentile(lags, 50),
        "p95": percentile(lags, 95),
        "p99": percentile(lags, 99),
        "most": max(lags),
        "folded": folded,
        "waiting": grown.most,
        "growing/s": grown.per_second,
        "left": left,
        "rest s": rested,
    }


def _lags(database: Database, outcome: Outcome, watcher: Watcher) -> tuple[list[float], int]:
    """Milliseconds from each 200 to the first look that saw its rows, and how many were folded.

    Raises RuntimeError where an acknowledged one is not there, or never became rows.
    """
    c = webhook_delivery.c
    with database.reading() as transaction:
        found = transaction.execute(select(c.webhook_id, c.id, c.resource_key)).tuples().all()
    ids = {webhook_id: delivery_id for webhook_id, delivery_id, _ in found}
    if outcome.refused or not outcome.answered.keys() <= ids.keys():
        raise RuntimeError(f"{outcome.refused} were refused, or an acknowledged one is not there")
    seen = seen_with_folded({delivery_id: key for _, delivery_id, key in found}, watcher.seen)
    lags = [(seen[ids[name]] - at) * 1000 for name, at in outcome.answered.items()]
    return lags, sum(ids[name] not in watcher.seen for name in outcome.answered)


def seen_with_folded(resources: Mapping[int, str], seen: Mapping[int, float]) -> dict[int, float]:
    """When each delivery's rows were seen, those of folded ones with their successor's.

    Where the worker is behind, a creation and the change that followed it are sorted together, and the rows
    name the change only: without them the slowest would have no lag. `resources`: by delivery, all of them.
    Raises RuntimeError where neither a delivery's rows nor a successor's were seen.
    """
    whole: dict[int, float] = {}
    later: dict[str, float] = {}
    for delivery_id in sorted(resources, reverse=True):
        key = resources[delivery_id]
        if delivery_id in seen:
            later[key] = seen[delivery_id]
        elif key not in later:
            raise RuntimeError(f"delivery {delivery_id} never became rows")
        whole[delivery_id] = later[key]
    return whole


def _wait_for_the_worker(database: Database) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with database.reading() as transaction:
            if any(sign.is_alive for sign in read_signs(transaction)):
                return
        time.sleep(0.05)
    raise RuntimeError("the worker never showed a sign of life")


def _wait_for_rest(backlog: Backlog) -> float:
    started = time.monotonic()
    while time.monotonic() - started < REST_SECONDS:
        if backlog.look() == 0:
            return time.monotonic() - started
        time.sleep(0.05)
    raise RuntimeError(f"it never came to rest: {backlog.look()} wait")
