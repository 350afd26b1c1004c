"""Whether what Shopify has and what the cache holds is drift: the first leg's rules, as one pure decision.

A difference counts only if neither side changed since the horizon: some minutes before Shopify was asked.

| Shopify | the cache | is |
| has it | no body, no mark | missing |
| has it | a deletion's mark | missing |
| has it not, asked by id | a body | deleted |
| has a newer updated_at | has an older one, or none | stale |
| has the same or an older one | says something else, or can not be read | value |
| has an older one | says the same: it would outdo what comes | value |

What only one of two instants' clocks can tell is left to the horizon, which allows for both.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from backroom.cache.states import HeldState
from backroom.vocabulary.clock import format_instant
from backroom.vocabulary.ids import ResourceKey


class Kind(StrEnum):
    """What differs."""

    MISSING = "missing"
    EXTRA = "extra"
    DELETED = "deleted"
    STALE = "stale"
    VALUE = "value"
    UNLINKED = "unlinked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """What Shopify has of a resource. `state`: of its snapshot; None: not known, so it can not differ by it.

    `doubtful`: the export does not have it whole. `snapshot`: where it was asked for by its id.
    """

    key: ResourceKey
    updated_at: datetime | None
    state: bytes | None
    title: str | None = None
    doubtful: bool = False
    snapshot: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """`begins`: what changed since then, and until `now`, may be under way. Later: a clock set back since."""

    begins: datetime
    now: datetime

    def hides(self, *instants: datetime | None) -> bool:
        return any(at is not None and self.begins < at <= self.now for at in instants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`counts` False: one side changed a moment ago, or a delivery waits."""

    kind: Kind
    counts: bool
    theirs: Any = None
    ours: Any = None


def difference(
    theirs: Theirs | None, held: HeldState | None, held_state: bytes | None, horizon: Horizon
) -> Difference | None:
    """`theirs` None: Shopify has it not. `held_state`: of the held snapshot; None: it can't be read."""
    kind = _kind(theirs, held, held_state)
    if kind is None:
        return None
    ours = () if held is None else (held.received_at, held.deleted_received_at, held.wanted_at)
    if held is not None and held.row.deleted_at is not None and held.deleted_received_at is None:
        ours = (*ours, held.row.deleted_at)
    # Shopify's clock is not ours: what lies ahead of ours may be of just now.
    lately = theirs is not None and theirs.updated_at is not None and theirs.updated_at > horizon.begins
    return Difference(
        kind=kind,
        counts=not lately and not horizon.hides(*ours),
        theirs=None if theirs is None else _told(theirs.updated_at),
        ours=None if held is None or held.row.raw_data is None else _held(held),
    )


def _kind(theirs: Theirs | None, held: HeldState | None, held_state: bytes | None) -> Kind | None:
    if held is None or held.row.raw_data is None or held.row.deleted_at is not None:
        return None if theirs is None else Kind.MISSING
    if theirs is None:
        return Kind.DELETED
    at, held_at = theirs.updated_at, held.row.updated_at
    if at is not None and (held_at is None or at > held_at):
        return Kind.STALE
    if at is not None and held_at is not None and held_at > at:
        return Kind.VALUE
    # What can't be read on either side is no news: the second leg says so.
    return None if theirs.state is None or theirs.state == held_state else Kind.VALUE


def _held(held: HeldState) -> dict[str, str]:
    told = _told(held.row.updated_at)
    if held.row.deleted_at is not None:
        told["deleted_at"] = format_instant(held.row.deleted_at)
    return told


def _told(updated_at: datetime | None) -> dict[str, str]:
    return {} if updated_at is None else {"updated_at": format_instant(updated_at)}
