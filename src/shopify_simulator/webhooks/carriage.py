"""How far the newest version of each resource came: events and their parcels' ends enter, a state leaves.

It knows what Shopify knows, no more: with two receivers, that one of them accepted; and of an answer that
came too late, that none came, though the receiver may have kept the delivery. What never happens here: an
older version's fate told as the newest one's.
"""

import threading
from dataclasses import dataclass
from typing import Literal

Carried = Literal["carried", "pending", "lost"]


@dataclass(slots=True)
class _Newest:
    version: int
    trips: int = 0
    """How many times it is still to arrive."""
    accepted: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What became of a resource's newest version. `whole`: a body that covers all of it was accepted.

    carried: a receiver (any one of several) accepted it, perhaps cut short; pending: it is on its way; lost:
    it comes no more, for it was dropped, given up (no 2xx came in time), or nobody had asked for it.
    """

    state: Carried
    whole: bool


NEVER_TOLD = Standing(state="lost", whole=False)


class Carriage:
    """The newest version of every resource. Fit for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[tuple[str, int], _Newest] = {}

    def fired(self, kind: str, resource_id: int) -> int:
        """A new version came to be; returns its number: 1 for the resource's first, then one more each."""
        with self._lock:
            before = self._newest.get((kind, resource_id))
            version = 1 if before is None else before.version + 1
            self._newest[kind, resource_id] = _Newest(version)
            return version

    def sent(self, kind: str, resource_id: int, version: int, trips: int) -> None:
        """It is on its way, so many times."""
        with self._lock:
            if (newest := self._of(kind, resource_id, version)) is not None:
                newest.trips += trips

    def arrived(self, kind: str, resource_id: int, version: int, *, whole: bool) -> None:
        """One of them was accepted."""
        with self._lock:
            if (newest := self._of(kind, resource_id, version)) is not None:
                newest.trips -= 1
                newest.accepted = True
                newest.whole = newest.whole or whole

    def failed(self, kind: str, resource_id: int, version: int) -> None:
        """One of them comes no more."""
        with self._lock:
            if (newest := self._of(kind, resource_id, version)) is not None:
                newest.trips -= 1

    def standing(self, kind: str, resource_id: int) -> Standing:
        """What became of the newest version. To be asked while no event can fire: under the shop's lock."""
        with self._lock:
            newest = self._newest.get((kind, resource_id))
            if newest is None:
                return NEVER_TOLD
            state: Carried = "carried" if newest.accepted else "pending" if newest.trips else "lost"
            return Standing(state=state, whole=newest.whole)

    def _of(self, kind: str, resource_id: int, version: int) -> _Newest | None:
        newest = self._newest.get((kind, resource_id))
        return newest if newest is not None and newest.version == version else None
