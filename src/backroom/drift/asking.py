"""Asks Shopify for a few resources by their ids: what an export can not decide, and what a repair puts right.

Enters: keys. Leaves: bodies, and which keys Shopify has nothing under. The only place of this room that talks
to Shopify.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from backroom.db.fitting import TOGETHER_BYTES
from backroom.drift.rules import Theirs
from backroom.drift.theirs import theirs_of
from backroom.flow.fetch import fetch_by_keys
from backroom.flow.pieces import Piece
from backroom.observe.log import get_log
from backroom.resources.descriptor import Resource
from backroom.shopify.client import Client
from backroom.shopify.deletions import read_deletions
from backroom.vocabulary.errors import QueryRefused, ScopeMissing, Terminal
from backroom.vocabulary.ids import ResourceKey

AT_ONCE: Final = 25


@dataclass(slots=True)
class Asked:
    """What Shopify answered."""

    bodies: dict[ResourceKey, Piece] = field(default_factory=dict)
    absent: list[ResourceKey] = field(default_factory=list)

    @property
    def keys(self) -> set[ResourceKey]:
        """What was asked for."""
        return {*self.bodies, *self.absent}

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(body.raw) for body in self.bodies.values())

    def theirs(self, resource: Resource, *, with_snapshots: bool) -> dict[ResourceKey, Theirs | None]:
        """As it is compared. Snapshots are many times as large as the bodies."""
        read = {key: _read(resource, key, body, with_snapshots) for key, body in self.bodies.items()}
        return {**read, **dict.fromkeys(self.absent)}


def gone_since(client: Client, resource: Resource, since: datetime) -> frozenset[ResourceKey]:
    """What Shopify deleted since then, so far as it tells: what is absent does not say since when it is."""
    gone: set[ResourceKey] = set()
    after, has_next = None, resource.deletion_subject is not None
    while has_next:
        assert resource.deletion_subject is not None
        try:
            page = read_deletions(client, resource.deletion_subject, since=since, after=after)
        except (ScopeMissing, QueryRefused) as error:
            get_log("drift").warning("deletions.untold", shop=client.shop.domain, reason=str(error))
            break
        for gid in page.gids:
            with suppress(Terminal):
                gone.add(resource.key_of(gid))
        after, has_next = page.end_cursor, page.has_next
    return frozenset(gone)


def _read(resource: Resource, key: ResourceKey, body: Piece, with_snapshot: bool) -> Theirs:
    try:
        return theirs_of(resource, body, with_snapshot=with_snapshot)
    except Terminal:
        # It is there, and that is all that can be said of it.
        return Theirs(key=key, updated_at=None, state=None, doubtful=True)


def ask_by_ids(
    client: Client, resource: Resource, keys: Iterable[ResourceKey], together_bytes: int = TOGETHER_BYTES
) -> Asked:
    """In the order of the keys, as far as the answers fit in memory. Raises what `read_nodes` raises."""
    asked = Asked()
    ordered = sorted(keys)
    for first in range(0, len(ordered), AT_ONCE):
        if asked.size > together_bytes:
            break
        answer = fetch_by_keys(client, resource, ordered[first : first + AT_ONCE])
        asked.bodies |= answer.bodies
        asked.absent += answer.absent
    return asked
