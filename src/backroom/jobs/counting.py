"""What was put becomes a run's counts, in the chunk that put it."""

from collections.abc import Iterable
from typing import Any

from backroom.flow.put import Put
from backroom.jobs.chunks import COUNTS, Chunk, Chunks
from backroom.resources.descriptor import Resource
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ResourceKey


def count(chunk: Chunk, put: Put) -> None:
    """Adds what was put to the run's counts."""
    chunk.count(seen=put.seen, written=put.written, unchanged=put.unchanged, failed=len(put.refused))
    for refused in put.refused:
        chunk.sample(refused.id, refused.reason)


def begin_from_start(chunks: Chunks, phase: str, cursor: Any) -> None:
    """Nothing counted yet, and where the job goes on; in one commit."""
    with chunks.noting() as chunk:
        forget_counts(chunk)
        chunk.say(phase)
        chunk.go_on_at(cursor)


def forget_counts(chunk: Chunk) -> None:
    """The run begins from the start: what it has put stays, and is counted anew."""
    begun_anew = (name for name in COUNTS if name != "parked")
    chunk.count(**{name: -getattr(chunk.run, name) for name in begun_anew})
    chunk.expect(None)


def keys_named(chunk: Chunk, resource: Resource, gids: Iterable[str]) -> list[ResourceKey]:
    """Those that name a resource; the others hold up nobody, and are kept as samples."""
    keys: list[ResourceKey] = []
    for gid in gids:
        try:
            keys.append(resource.key_of(gid))
        except Terminal as error:
            chunk.sample(gid, str(error))
    return keys
