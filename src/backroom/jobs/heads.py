"""An export's file -> a sorted file of heads: what a comparison needs of each resource, in the order of keys.

Enters: a whole file of the export. Leaves: a scratch file beside it, a tenth as large; memory stays flat. A
truncated file is never taken for a whole one; a body that can't be read holds up no other. What never
happens here: the database; a question to Shopify but by what is handed in for it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from backroom.cache.tables import key_columns
from backroom.db.scratch import Scratch, write_scratch
from backroom.db.types import microseconds
from backroom.drift.rules import Theirs
from backroom.drift.theirs import theirs_of
from backroom.flow.pieces import Piece, pieces_of
from backroom.jobs.chunks import MOST_SAMPLES
from backroom.jobs.exporting import Export, refuse_unless_whole
from backroom.resources.descriptor import Resource
from backroom.shopify.assembled import Assembled
from backroom.shopify.jsonl import read_stretches
from backroom.shopify.straying import doubted_resources
from backroom.vocabulary.errors import Terminal

Fetch = Callable[[Sequence[str]], Iterable[Assembled]]
"""Bodies by their gids; what is gone is left out."""
_COLUMNS: Final = 4
"""updated_at, state, whether it is doubtful, title."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def heads_beside(export_file: Path) -> Path:
    """Where the heads of an export's file are kept."""
    return export_file.with_suffix(".heads.db")


@dataclass(slots=True)
class Unnamed:
    """What an export has under ids that are none: it can be neither compared nor asked for."""

    number: int = 0
    samples: list[tuple[str, str]] = field(default_factory=list)

    def add(self, gid: str, reason: str) -> None:
        self.number += 1
        if len(self.samples) < MOST_SAMPLES:
            self.samples.append((gid, reason))


def make_heads(
    file: Path,
    export: Export,
    resource: Resource,
    fetch: Fetch,
    on_progress: Callable[[int], None],
) -> Unnamed:
    """Makes the heads of the file; what it had to leave out. Raises ExportBroken where it is not whole.

    `fetch`: what has many resources, and is not whole in the file, is asked for by its id.
    """
    width = len(key_columns(resource.cache))
    unnamed = Unnamed()
    rows = _rows(file, export, resource, fetch, unnamed)
    write_scratch(heads_beside(file), width, _COLUMNS, rows, on_progress)
    return unnamed


class Heads:
    """The heads of one export's file, for one thread."""

    def __init__(self, file: Path, resource: Resource) -> None:
        self._width = len(key_columns(resource.cache))
        self._scratch = Scratch(heads_beside(file), self._width, _COLUMNS)

    def following(self, after: tuple[int, ...] | None, limit: int) -> list[Theirs]:
        """The next ones behind a key."""
        return [self._theirs(row) for row in self._scratch.following(after, limit)]

    def close(self) -> None:
        self._scratch.close()

    def _theirs(self, row: tuple[Any, ...]) -> Theirs:
        updated_at, state, doubtful, title = row[self._width :]
        return Theirs(
            key=row[: self._width],
            updated_at=None if updated_at is None else _EPOCH + timedelta(microseconds=updated_at),
            state=state,
            doubtful=bool(doubtful),
            title=title,
        )


def open_heads(file: Path, resource: Resource) -> closing[Heads]:
    """For a `with` block."""
    return closing(Heads(file, resource))


def _rows(
    file: Path, export: Export, resource: Resource, fetch: Fetch, unnamed: Unnamed
) -> Iterator[tuple[Any, ...]]:
    lines = resources = 0
    if export.lines:
        doubted = doubted_resources(file, resource.selection)
        for stretch in read_stretches(file, resource.selection, doubted=doubted):
            for body in _whole(resource, stretch.items, fetch):
                for piece in pieces_of(resource, body):
                    yield from _of_piece(resource, piece, unnamed)
            # Later than the body that came without its parts. One that has many was fetched instead.
            for gid in stretch.scattered if resource.split is None else ():
                yield from _doubtful(resource, gid, unnamed)
            lines, resources = stretch.place.lines, resources + len(stretch.items)
    refuse_unless_whole(export, lines=lines, resources=resources)


def _whole(resource: Resource, items: Sequence[Assembled], fetch: Fetch) -> Iterator[Assembled]:
    """Of what has many resources: the ones that are missing in its body have keys that nobody knows."""
    if resource.split is None:
        yield from items
        return
    yield from (item for item in items if item.whole)
    yield from fetch([item.gid for item in items if not item.whole])


def _of_piece(resource: Resource, piece: Piece, unnamed: Unnamed) -> list[tuple[Any, ...]]:
    try:
        return [_row(theirs_of(resource, piece))]
    except Terminal as error:
        if piece.key is not None:
            return [(*piece.key, None, None, 1, None)]
        unnamed.add(piece.name, str(error))
        return []


def _doubtful(resource: Resource, gid: str, unnamed: Unnamed) -> list[tuple[Any, ...]]:
    """A fetch by id decides about this one."""
    try:
        return [(*resource.key_of(gid), None, None, 1, None)]
    except Terminal as error:
        unnamed.add(gid, str(error))
        return []


def _row(theirs: Theirs) -> tuple[Any, ...]:
    updated_at = None if theirs.updated_at is None else microseconds(theirs.updated_at)
    return (*theirs.key, updated_at, theirs.state, int(theirs.doubtful), theirs.title)
