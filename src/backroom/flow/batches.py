"""How a batch runs: one transaction, and if one row makes it fail, halves until that row is alone.

Law 11: one bad row never blocks its neighbours. Only a Terminal error bisects; a Transient one leaves
at once and blames nobody, and so does one of the machine (disk, memory, descriptors). A bug is Terminal
for the row that provokes it: it is logged with its traceback, and the row says so. Where every row of a
batch provokes the same bug, it is not the rows: none is parked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Final, Generic, TypeVar

import structlog

from backroom.vocabulary.errors import BackroomError, Terminal, Transient

K = TypeVar("K")
log = structlog.get_logger(__name__)
LARGEST_BATCH: Final = 1_000
FEWEST_USUAL: Final = 16
PATIENT_TARGETS: Final = 3


@dataclass(slots=True)
class Tally:
    """What one batch did, in rows, and how long it held the writer before its commit."""

    claimed: int = 0
    parked: int = 0
    held_seconds: float = 0.0
    outcomes: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str, number: int = 1) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + number

    def add(self, other: "Tally") -> None:
        self.claimed += other.claimed
        self.parked += other.parked
        self.held_seconds += other.held_seconds
        for outcome, number in other.outcomes.items():
            self.count(outcome, number)


class Claim(Generic[K]):
    """What a running batch has claimed: needed to go on in halves once its transaction is rolled back."""

    def __init__(self) -> None:
        self.keys: list[K] = []


Attempt = Callable[[Sequence[K] | None, Claim[K]], Tally]
"""Runs one transaction over what is due (None), or over the given keys: then something in them is guilty,
and the attempt may look closer than it would at full speed, for a better reason."""
Park = Callable[[K, Terminal], None]
"""Parks one row, in a transaction of its own."""


class Bug(Terminal):
    """An error that nobody foresaw."""


def run_batch(attempt: Attempt[K], park: Park[K]) -> Tally:
    """Runs what is due. Raises Transient errors as they come, and a Bug that every row provokes."""
    claim: Claim[K] = Claim()
    try:
        return _guarded(attempt, None, claim)
    except Terminal:
        if not claim.keys:
            raise
    guilty: list[tuple[K, Terminal]] = []
    tally = _narrowed(attempt, claim.keys, guilty)
    bugs = {str(error) for _, error in guilty if isinstance(error, Bug)}
    if (
        len(guilty) == len(claim.keys) > 1
        and len(bugs) == 1
        and all(isinstance(each, Bug) for _, each in guilty)
    ):
        raise guilty[0][1]
    for key, error in guilty:
        if isinstance(error, Bug):
            log.error("row.provoked_a_bug", reason=str(error), exc_info=error.__cause__)
        park(key, error)
    tally.claimed += len(guilty)
    tally.parked += len(guilty)
    return tally


def _narrowed(attempt: Attempt[K], keys: Sequence[K], guilty: list[tuple[K, Terminal]]) -> Tally:
    try:
        return _guarded(attempt, keys, Claim())
    except Terminal as error:
        if len(keys) == 1:
            guilty.append((keys[0], error))
            return Tally()
    middle = len(keys) // 2
    tally = _narrowed(attempt, keys[:middle], guilty)
    tally.add(_narrowed(attempt, keys[middle:], guilty))
    return tally


def _guarded(attempt: Attempt[K], keys: Sequence[K] | None, claim: Claim[K]) -> Tally:
    try:
        return attempt(keys, claim)
    except BackroomError:
        raise
    except (OSError, MemoryError) as error:
        raise Transient(f"the machine refused: {type(error).__name__}") from error
    except Exception as error:  # the edge that keeps a bug in one row's way from stopping a shop
        raise Bug(f"internal error: {type(error).__name__}; the log has its traceback") from error


class BatchSize:
    """How many rows a batch takes, to hold the writer about as long as it should. Never under one.

    It learns from the time up to the commit: what the disk takes for a commit does not depend on the rows.
    Counted in, a slow disk would shrink batches until each row pays for a commit of its own. A busy machine
    would, too: most of a small batch's time is the same for one row as for ten. So there are a few rows in a
    batch, unless they are so large that they take several times the target.
    """

    def __init__(self, target_seconds: float) -> None:
        self._target_seconds = target_seconds
        self.rows = 16

    def aim(self, target_seconds: float) -> None:
        """Another target from now on: the size that is known goes along in proportion."""
        if target_seconds != self._target_seconds:
            rows = round(self.rows * target_seconds / self._target_seconds)
            self.rows = max(1, min(LARGEST_BATCH, rows))
            self._target_seconds = target_seconds

    def learn(self, rows: int, seconds: float) -> None:
        """Half-way towards what would have taken the target time; rounded so that it never sticks."""
        if rows <= 0:
            return
        fitting = rows * self._target_seconds / max(seconds, 1e-4)
        if fitting < self.rows:
            fewest = FEWEST_USUAL if seconds < PATIENT_TARGETS * self._target_seconds else 1
            self.rows = max(min(fewest, self.rows), floor((self.rows + fitting) / 2))
        elif rows >= self.rows:
            self.rows = min(LARGEST_BATCH, ceil((self.rows + fitting) / 2))
