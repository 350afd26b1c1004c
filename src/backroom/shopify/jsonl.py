"""A bulk operation's file, read as whole resources: one JSON object a line, children name their parent.

Children are joined by `__parentId`; they need not follow their parents at once. At most so many resources are
open at a time; the oldest is let go first, and a child that comes after that, or before its parent, is not
joined: its parent is named as scattered, to be fetched by itself. So memory stays flat whatever the file.
Lines are cut and put together as bytes; of each only the id and the parent's are decoded.
Source: shopify.dev/docs/api/usage/bulk-operations/queries (2026-10).
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from backroom.shopify.assembled import Assembled, assemble, json_object
from backroom.shopify.halves import with_whole_characters
from backroom.vocabulary.errors import ExportBroken
from backroom.vocabulary.selection import Selection

READ_BYTES: Final = 1 << 20
OPEN_BYTES: Final = 8 << 20
STRETCH_BYTES: Final = 1 << 20
NOT_WHOLE_WEIGHS: Final = 25
"""So many resources one of many counts for that is not whole: how many it has is not known, and who takes it
asks for all of such a stretch by their ids."""
MOST_REMEMBERED: Final = 20_000
"""Scattered parents, in case one of them comes later: it is then known not to be whole."""
PARENT: Final = "__parentId"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a reader may go on.

    `offset`: of the first line whose resource was not yielded yet; reading starts here. `read_until`: lines
    that start before this were counted, and scattered ones among them reported. `lines`: counted so far.
    """

    offset: int = 0
    read_until: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Resources in the order of their lines; gids that are to be fetched anew; where to go on."""

    items: list[Assembled]
    scattered: list[str]
    place: Place


class _Line(msgspec.Struct):
    id: str
    parent: str | None = msgspec.field(name=PARENT, default=None)


class _Open(msgspec.Struct):
    """A resource that waits for its children."""

    gid: str
    offset: int
    own: bytes
    tail: bytes
    children: dict[bytes, list[bytes]]
    size: int
    whole: bool


@dataclass(frozen=True, slots=True)
class _Ready:
    """What was put together, where its line begins, and how many resources it has."""

    offset: int
    item: Assembled
    resources: int


_DECODER: Final = msgspec.json.Decoder(_Line)
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_stretches(
    path: Path,
    selection: Selection,
    *,
    start: Place | None = None,
    resources: int | Callable[[], int] = 500,
    open_resources: int = 250,
    open_bytes: int = OPEN_BYTES,
    stretch_bytes: int = STRETCH_BYTES,
    doubted: Collection[str] = (),
) -> Iterator[Stretch]:
    """Stretches of about `resources` resources, from a place on; after the last one the whole file was read.

    Fewer where they are large, of about `stretch_bytes`. A function is asked for their number before each.
    A resource is yielded before it can be known that a child of it comes later. Who may not take such a body
    for whole reads twice: the scattered ones of a first reading are the `doubted` ones of the second.
    Going on from the place of any stretch yields what came after it, once. Raises ExportBroken for a
    line that is cut off, or is no JSON object with an id. Whether the file is the whole of it, only the
    operation's counts tell: the caller compares them.
    """
    reader = _Reader(selection, start or Place(), open_resources, open_bytes, doubted)
    wanted = resources if callable(resources) else lambda: resources
    most = wanted()
    with path.open("rb", buffering=READ_BYTES) as file:
        file.seek(reader.position)
        for line in file:
            if not reader.take(line):
                continue
            while reader.waiting >= most or reader.ready_bytes > stretch_bytes:
                yield reader.stretch(most)
                most = wanted()
    reader.let_all_go()
    while not reader.is_done:
        yield reader.stretch(most)
        most = wanted()


class _Reader:
    """What is open, what is ready to be yielded, and where in the file that is."""

    def __init__(
        self,
        selection: Selection,
        start: Place,
        open_resources: int,
        open_bytes: int,
        doubted: Collection[str],
    ) -> None:
        self.position = start.offset
        self.ready_bytes = 0
        self._place = start
        self._read_until = start.read_until
        self._lines = start.lines
        self._open_resources = open_resources
        self._open_bytes = open_bytes
        self._doubted = doubted
        self._root = f"gid://shopify/{selection.type_name}/"
        self._fields = tuple(branch.field.encode() for branch in selection.branches)
        self._resources = None if selection.resources is None else selection.resources.field.encode()
        self._field_of = {
            f"gid://shopify/{kind}": branch.field.encode()
            for branch in selection.branches
            for kind in branch.node_types
        }
        self._open: dict[str, _Open] = {}
        self._size = 0
        self._ready: list[_Ready] = []
        self._waiting = 0
        self._scattered: dict[str, None] = {}
        self._remembered: dict[str, None] = {}

    @property
    def waiting(self) -> int:
        """How much there is to yield."""
        return self._waiting + len(self._scattered)

    @property
    def is_done(self) -> bool:
        """Whether everything that was read is yielded. Of what is ready some may count for nothing."""
        return not self._ready and not self._scattered and self._here() == self._place

    def take(self, line: bytes) -> bool:
        """Takes the next line. False where there is no more to yield than before, as with most lines."""
        offset = self.position
        end = offset + len(line)
        try:
            head = _DECODER.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            head, line = self._repaired(line)
        self.position = end
        is_new = offset >= self._read_until
        if is_new:
            self._lines += 1
            self._read_until = end
        if head.parent is None:
            self._take_root(head.id, line, offset, is_new=is_new)
        elif not self._join(head.id, head.parent, line):
            self._take_stray(head.id, head.parent, is_new=is_new)
        elif self._size <= self._open_bytes:
            return False
        while len(self._open) > self._open_resources or (
            self._size > self._open_bytes and len(self._open) > 1
        ):
            self._let_oldest_go()
        return True

    def let_all_go(self) -> None:
        while self._open:
            self._let_oldest_go()

    def stretch(self, most: int) -> Stretch:
        """What is ready, about `most` resources of it, and the place after it."""
        number, resources = 0, 0
        while number < len(self._ready) and resources < most:
            resources += self._ready[number].resources
            number += 1
        items = [ready.item for ready in self._ready[:number]]
        self.ready_bytes -= sum(len(item.raw) for item in items)
        self._waiting -= resources
        del self._ready[:number]
        scattered = list(self._scattered)
        self._scattered.clear()
        self._place = self._here()
        return Stretch(items=items, scattered=scattered, place=self._place)

    def _here(self) -> Place:
        offset = self.position
        if self._ready:
            offset = self._ready[0].offset
        elif self._open:
            offset = next(iter(self._open.values())).offset
        return Place(offset=offset, read_until=self._read_until, lines=self._lines)

    def _take_root(self, gid: str, line: bytes, offset: int, *, is_new: bool) -> None:
        if not gid.startswith(self._root):
            raise ExportBroken(f"line at byte {offset}: {gid[:80]!r} is not what was asked for")
        key = gid
        if gid in self._open:
            # Twice in one file: neither is to be trusted, and both were counted.
            self._scatter(gid, is_new=is_new)
            key = f"{gid} at {offset}"
        own = line.rstrip()
        self._open[key] = _Open(
            gid=gid,
            offset=offset,
            own=own,
            tail=b',"__parentId":"' + gid.encode() + b'"}\n',
            children={field: [] for field in self._fields},
            size=len(own),
            whole=gid not in self._remembered and gid not in self._doubted,
        )
        self._size += len(own)

    def _join(self, gid: str, parent: str, line: bytes) -> bool:
        """A child to its parent; False where that is not open, or not known to have such children."""
        resource = self._open.get(parent)
        field = self._field_of.get(gid.rpartition("/")[0])
        if resource is None or field is None:
            return False
        # The parent's name is the last key where Shopify wrote it.
        child = line[: -len(resource.tail)] + b"}" if line.endswith(resource.tail) else _without_parent(line)
        resource.children[field].append(child)
        resource.size += len(child)
        self._size += len(child)
        return True

    def _take_stray(self, gid: str, parent: str, *, is_new: bool) -> None:
        if not parent.startswith(self._root):
            raise ExportBroken(f"{gid[:80]!r} is a child of {parent[:80]!r}, which was not asked for")
        self._scatter(parent, is_new=is_new)

    def _scatter(self, gid: str, *, is_new: bool) -> None:
        """A part of this resource can not be joined. One that is read again was reported already."""
        if gid in self._open:
            self._open[gid].whole = False
        if is_new:
            self._scattered[gid] = None
        self._remembered[gid] = None
        if len(self._remembered) > MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]

    def _let_oldest_go(self) -> None:
        resource = self._open.pop(next(iter(self._open)))
        self._size -= resource.size
        raw = assemble(resource.own, resource.children.items())
        number = self._number_in(resource)
        self.ready_bytes += len(raw)
        self._waiting += number
        item = Assembled(gid=resource.gid, raw=raw, whole=resource.whole)
        self._ready.append(_Ready(resource.offset, item, number))

    def _number_in(self, resource: _Open) -> int:
        if self._resources is None:
            return 1
        number = len(resource.children[self._resources])
        return number if resource.whole else max(number, NOT_WHOLE_WEIGHS)

    def _repaired(self, line: bytes) -> tuple[_Line, bytes]:
        """The head of a line that could not be decoded, and the line mended. Raises ExportBroken."""
        try:
            line = with_whole_characters(line)
            return _DECODER.decode(line), line
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ExportBroken(
                f"line {self._lines + 1} (at byte {self.position}) is cut off or no JSON object with an id"
            ) from error


def _without_parent(line: bytes) -> bytes:
    """The line's object without `__parentId`, wherever it stands."""
    fields = _FIELDS.decode(line)
    del fields[PARENT]
    return json_object(fields)
