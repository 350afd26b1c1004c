"""Growth: what a webhook costs when the history holds few deliveries, and when it holds very many.

The stored ones are loaded in bulk, with bodies of 300 bytes; then the same 6 KB deliveries are received,
sorted and processed in both databases, in turn.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any, Final

from backroom.db.database import Database
from backroom.ingress.tables import webhook_delivery
from bench.household import Household, open_household
from bench.places import Kind, Places
from bench.report import Report, Row, median_of
from bench.requests import FIRST_PRODUCT, body_of

FEW: Final = 10_000
STORED_BYTES: Final = 300
ROWS_AT_ONCE: Final = 10_000
PRODUCTS: Final = 100_000
"""That the stored deliveries are about."""
RECEIVED: Final = 1000
"""Deliveries a run."""
_COLUMNS: Final = (
    "shop_id",
    "webhook_id",
    "topic",
    "received_at",
    "state",
    "outcome",
    "resource",
    "resource_key",
    "attempts",
    "sorted_at",
    "headers",
    "body",
)
_FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many deliveries the history holds where it holds many, and how many runs there are."""

    many: int
    runs: int


FULL: Final = Size(many=1_000_000, runs=5)
WHOLE: Final = Size(many=10_000_000, runs=5)
QUICK: Final = Size(many=50_000, runs=2)


def run(report: Report, places: Places, size: Size) -> None:
    """Both databases."""
    rows: list[Row] = []
    for kind in places.kinds:
        rows += _growth(report, places, kind, size)
    report.table(f"µs a webhook (medians of {size.runs} runs)", rows)


def _growth(report: Report, places: Places, kind: Kind, size: Size) -> list[Row]:
    taken: dict[int, list[dict[str, float]]] = {FEW: [], size.many: []}
    with ExitStack() as stack:
        households: dict[int, Household] = {}
        for stored in taken:
            report.doing(f"{kind}, loading {stored:,} deliveries")
            households[stored] = stack.enter_context(open_household(places.place(kind)))
            _load(households[stored], stored)
        # The first run warms caches and learns the size of a batch.
        for number in range(size.runs + 1):
            bodies = [body_of(number * RECEIVED + each, at=0, price="19.99") for each in range(RECEIVED)]
            for stored, household in households.items():
                figures = _costs(household, bodies)
                if number:
                    taken[stored].append(figures)
    few, many = (median_of(each) for each in taken.values())
    ratio = {name: many[name] / few[name] for name in few}
    return [
        {"database": kind, "stored": f"{FEW:,}", **few},
        {"database": kind, "stored": f"{size.many:,}", **many},
        {"database": kind, "stored": "ratio", **ratio},
    ]


def _costs(household: Household, bodies: Sequence[bytes]) -> dict[str, float]:
    received = household.fill(bodies)
    worked = household.work()
    each = {
        "receipt": received,
        "sort": worked.busy["sort"],
        "process": worked.busy["process.product"],
        "in all": received + worked.seconds,
    }
    return {name: seconds / len(bodies) * 1e6 for name, seconds in each.items()}


def _load(household: Household, stored: int) -> None:
    """Sorted deliveries about as many products as a large shop has.

    Their keys are as far apart as if they had come at random, so what is received later falls anywhere.
    They are loaded in the order of their keys, which takes minutes less; and in two passes, because the pages
    of an index that grew in order are full, and each later key would split one.
    """
    numbers = chain((number for number in range(stored) if number % 3), range(0, stored, 3))
    while some := list(islice(numbers, ROWS_AT_ONCE)):
        rows = list(_stored(household.shop_id, some, stored))
        with household.database.writing() as transaction:
            transaction.insert(webhook_delivery, _COLUMNS, rows)
    _look_over(household.database)


def _stored(shop_id: int, numbers: Iterable[int], stored: int) -> Iterator[tuple[Any, ...]]:
    for number in numbers:
        at = _FIRST + timedelta(seconds=number)
        body = (b'{"id": %d, "words": "' % number).ljust(STORED_BYTES - 2, b"w") + b'"}'
        yield (
            shop_id,
            f"{number * 2**32 // stored:08x}{str(uuid.uuid4())[8:]}",
            "products/update",
            at,
            "sorted",
            "cached",
            "product",
            str(FIRST_PRODUCT + number * PRODUCTS // stored),
            0,
            at,
            {"user-agent": "Shopify-Captain-Hook"},
            body,
        )


def _look_over(database: Database) -> None:
    """What time does by itself: the planner's statistics, and on PostgreSQL the map of what all may see."""
    with database.engine.connect() as connection:
        if database.schema is None:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("VACUUM (ANALYZE) webhook_delivery")
