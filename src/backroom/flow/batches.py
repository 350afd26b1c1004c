"""How a batch runs: one transaction, and if one row makes it fail, halves until that row is alone.

Law 11: one bad row never blocks its neighbours. Only a Terminal error bisects; a Transient one leaves
at once and blames nobody, and so does one of the machine (disk, memory, descriptors). A bug is Terminal
for the row that provokes it: it is logged with its traceback, and the row says so. Where every row of a
batch provokes the same bug, it is not the rows: none is parked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

from backroom.vocabulary.errors import BackroomError, Terminal, Transient

K = TypeVar("K")
log = structlog.get_logger(__name__)


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
