"""Whether a backlog grows: what waits in the inbox and in the cache, counted once a second.

Enters: a database that others fill and work off. Leaves: the largest count, and how it grew.
"""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from backroom.db.database import Database
from backroom.flow.status import read_status
from backroom.resources.registry import RESOURCES
from bench.looking import looking

LOOK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """What waited at an instant, in seconds since 1970."""

    at: float
    waiting: int


@dataclass(frozen=True, slots=True)
class Growth:
    """The most that waited, and deliveries a second from the mean of the first half to that of the second."""

    most: int
    per_second: float


class Backlog:
    """Counts while `watched`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.looks: list[Look] = []

    def look(self) -> int:
        """Deliveries to sort and rows to process, now."""
        with self._database.reading() as transaction:
            status = read_status(transaction, RESOURCES)
        waiting = status.inbox_pending + status.dirty
        self.looks.append(Look(time.time(), waiting))
        return waiting

    def watched(self) -> AbstractContextManager[None]:
        """Looks once a second until the block ends."""
        return looking(self.look, LOOK_SECONDS)


def growth(looks: Sequence[Look], start: float, end: float) -> Growth:
    """Of the looks between two instants. Raises RuntimeError where a half has none."""
    middle = (start + end) / 2
    halves = [
        [look.waiting for look in looks if start <= look.at < middle],
        [look.waiting for look in looks if middle <= look.at <= end],
    ]
    if not all(halves):
        raise RuntimeError("too short to say whether the backlog grows")
    return Growth(max(max(half) for half in halves), (fmean(halves[1]) - fmean(halves[0])) / (end - middle))
