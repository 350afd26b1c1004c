"""Which of two bodies is the newer one: law 3, and law 5's tie, as one pure decision.

The larger updated_at (Shopify's) wins. Between two bodies of one instant:

| held and incoming | which stays |
| both by webhook | the first that differs decides: whole before partial (a refetch is wanted where the |
| | partial one was triggered later), the later triggered_at (a missing one sorts first), the larger |
| | SHA-256 (and a refetch is wanted: nobody knows which is true). Any order ends with the same body |
| both pulled | whole before partial, then the one that was asked later |
| a webhook received before the pull was asked | the pull, unless it alone is partial |
| a webhook received later | the held one, unless it alone is partial. Where they differ in what they say, |
| | a refetch is wanted: the change may have come within the same second, before the pull or after it |
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
    NOTED = "noted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What is compared of a body. `known_at`: when a webhook was received, or a pull asked; our clock."""

    updated_at: datetime
    partial: bool
    triggered_at: datetime | None
    sha256: bytes
    known_at: datetime
    pulled: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """`replaces`: the incoming body takes the place. `tied`: it can't be told which one is true.

    `overruled`: a partial body gave way to a whole one of the same instant, though it was triggered later.
    `doubtful`: a pull and a later webhook of one instant; where they differ, a refetch is wanted.
    """

    replaces: bool
    outcome: Outcome
    tied: bool = False
    overruled: bool = False
    doubtful: bool = False


def decide(held: Version | None, incoming: Version) -> Decision:
    """Whether a body replaces the one that is held."""
    if held is None:
        return Decision(True, Outcome.CACHED)
    if held.sha256 == incoming.sha256:
        # The same bytes, now known to be the whole of it: what they do not name is gone.
        return _kept(True) if held.partial and not incoming.partial else Decision(False, Outcome.UNCHANGED)
    if held.updated_at != incoming.updated_at:
        return _kept(incoming.updated_at > held.updated_at)
    if held.pulled or incoming.pulled:
        return _with_a_pull(held, incoming)
    held_rank, incoming_rank = _rank(held), _rank(incoming)
    tied = held_rank == incoming_rank
    if (incoming_rank, incoming.sha256) > (held_rank, held.sha256):
        return Decision(True, Outcome.CACHED, tied)
    return Decision(False, Outcome.STALE, tied, _overruled(held, incoming))


def _kept(replaces: bool, *, doubtful: bool = False) -> Decision:
    return Decision(replaces, Outcome.CACHED if replaces else Outcome.STALE, doubtful=doubtful)


def _with_a_pull(held: Version, incoming: Version) -> Decision:
    """Of one instant, at least one of them pulled."""
    if held.pulled and incoming.pulled:
        ranks = [(not each.partial, each.known_at) for each in (held, incoming)]
        if ranks[0] == ranks[1]:
            # Twice in one answer, and not the same.
            return Decision(False, Outcome.STALE, tied=True)
        return _kept(ranks[1] > ranks[0])
    pull, webhook = (held, incoming) if held.pulled else (incoming, held)
    if webhook.known_at < pull.known_at:
        stays = webhook if pull.partial and not webhook.partial else pull
        return _kept(stays is incoming)
    return _kept(held.partial and not incoming.partial, doubtful=True)


def _rank(version: Version) -> tuple[bool, datetime]:
    return not version.partial, version.triggered_at or _FIRST


def _overruled(held: Version, incoming: Version) -> bool:
    if held.partial or not incoming.partial:
        return False
    return (incoming.triggered_at or _FIRST) >= (held.triggered_at or _FIRST)
