"""What goes wrong with a delivery, decided from a seed. A parcel's lot enters, its fate leaves.

What never happens here: a clock, or a memory. The same seed and lot meet the same fate, in any order, however
the threads of a shop took turns.
"""

import random
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

FaultName = Literal["drop", "duplicate", "reorder", "delay", "id_only"]
CHANCES: Final[tuple[FaultName, ...]] = ("drop", "duplicate", "reorder", "delay", "id_only")
REACHES: Final = ("delay_seconds", "reorder_window", "reorder_seconds")
MOST_REACH: Final = 86_400
_SECOND_COPY_CHANCE: Final = 0.25


class Lot(NamedTuple):
    """What a parcel's fate is drawn from, and what is the same in a second run."""

    kind: str
    """Of the resource: `products`."""
    resource_id: int
    event: int
    """The n-th of this resource, from 1."""
    subscription: int
    """The n-th of the topic, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What happens to one parcel. Seconds are real ones, never scaled."""

    dropped: bool = False
    """It is never sent."""
    id_only: bool = False
    """Its body is cut down to the id."""
    delay_seconds: float = 0.0
    """It leaves so much later."""
    passed_by: int = 0
    """It leaves when so many later parcels were at the receiver's door; more may come before it is there."""
    passed_within_seconds: float = 0.0
    """Or after this time, when fewer come."""
    copies_after_seconds: tuple[float, ...] = ()
    """It is sent again, under the same webhook id, at each of these times."""

    @property
    def trips(self) -> int:
        """How many times it is sent."""
        return 0 if self.dropped else 1 + len(self.copies_after_seconds)

    @property
    def names(self) -> tuple[FaultName, ...]:
        happens: dict[FaultName, bool] = {
            "drop": self.dropped,
            "duplicate": bool(self.copies_after_seconds),
            "reorder": self.passed_by > 0,
            "delay": self.delay_seconds > 0,
            "id_only": self.id_only,
        }
        return tuple(name for name in CHANCES if happens[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How likely each fault is (0 to 1), and how far it reaches."""

    seed: int = 1
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    id_only: float = 0.0
    delay_seconds: float = 2.0
    """A delay, and the time until a duplicate, is at most this."""
    reorder_window: int = 5
    """A reordered parcel waits for at most so many later ones to pass it."""
    reorder_seconds: float = 1.0
    """And it waits for them no longer than this: there may be none."""

    def __post_init__(self) -> None:
        for name in CHANCES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a probability: 0 to 1")
        for reach in REACHES:
            if not 0 < getattr(self, reach) <= MOST_REACH:
                raise ValueError(f"{reach} is more than 0 and at most {MOST_REACH}")

    def fate(self, lot: Lot, *, has_short_form: bool = True) -> Fate:
        """What happens to the parcel of this lot: a function of it and the seed alone.

        Without a short form (a deletion's body is but the id) `id_only` does not happen.
        """
        if not any(getattr(self, name) for name in CHANCES):
            return _NOTHING
        drawn = random.Random(":".join(map(str, ("fate", self.seed, *lot))))
        # All chances are drawn whatever the others say: changing one changes nothing about the rest.
        happens = {name: drawn.random() < getattr(self, name) for name in CHANCES}
        delay = self.delay_seconds * (1 - drawn.random())
        passed_by = drawn.randint(1, self.reorder_window)
        copies = tuple(self.delay_seconds * (1 - drawn.random()) for _ in range(2))
        if drawn.random() >= _SECOND_COPY_CHANCE:
            copies = copies[:1]
        if happens["drop"]:
            return Fate(dropped=True)
        # A delayed one comes out of order as it is.
        reordered = happens["reorder"] and not happens["delay"]
        return Fate(
            id_only=happens["id_only"] and has_short_form,
            delay_seconds=delay if happens["delay"] else 0.0,
            passed_by=passed_by if reordered else 0,
            passed_within_seconds=self.reorder_seconds if reordered else 0.0,
            copies_after_seconds=copies if happens["duplicate"] else (),
        )


_NOTHING: Final = Fate()
