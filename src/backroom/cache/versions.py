"""Which of two bodies is the newer one: law 3, and law 5's tie, as one pure decision.

Among webhooks the order is total, so that any order of arrival ends with the same body:

| first that differs | wins |
| updated_at (Shopify's) | the larger |
| partial or whole | the whole one; where the partial one was triggered later, a refetch is wanted |
| triggered_at | the larger; a missing one sorts first |
| SHA-256 of the bytes | the larger, and a refetch is wanted: nobody knows which one is true |
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

_FIRST = datetime.min.replace(tzinfo=UTC)


class Outcome(StrEnum):
    """What became of a delivery."""

    CACHED = "cached"
    UNCHANGED = "unchanged"
    STALE = "stale"
    REFETCH = "refetch"
    IGNORED = "ignored"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What is compared of a body."""

    updated_at: datetime
    partial: bool
    triggered_at: datetime | None
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """`replaces`: the incoming body takes the place. `tied`: it can't be told which one is true.

    `overruled`: a partial body gave way to a whole one of the same instant, though it was triggered later.
    """

    replaces: bool
    outcome: Outcome
    tied: bool = False
    overruled: bool = False


def decide(held: Version | None, incoming: Version) -> Decision:
    """Whether a webhook's body replaces the one that is held."""
    if held is None:
        return Decision(True, Outcome.CACHED)
    if held.sha256 == incoming.sha256:
        return Decision(False, Outcome.UNCHANGED)
    held_rank, incoming_rank = _rank(held), _rank(incoming)
    tied = held_rank == incoming_rank
    if (incoming_rank, incoming.sha256) > (held_rank, held.sha256):
        return Decision(True, Outcome.CACHED, tied)
    return Decision(False, Outcome.STALE, tied, _overruled(held, incoming))


def _rank(version: Version) -> tuple[datetime, bool, datetime]:
    return version.updated_at, not version.partial, version.triggered_at or _FIRST


def _overruled(held: Version, incoming: Version) -> bool:
    if held.updated_at != incoming.updated_at or held.partial or not incoming.partial:
        return False
    return (incoming.triggered_at or _FIRST) >= (held.triggered_at or _FIRST)
