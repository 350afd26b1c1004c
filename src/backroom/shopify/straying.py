"""Which resources of a bulk operation's file have children that stray: read before the file is put to use.

The reader hands a resource on before it can know that a child of it comes later. Where Shopify writes
children behind their parents, as it does, a quick look at the lines says so; else the file is read twice.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from backroom.shopify.jsonl import READ_BYTES, read_stretches
from backroom.vocabulary.selection import Selection

MOST_NAMED: Final = 20_000
"""More of them are not remembered: then every resource is in doubt."""
_ID: Final = b'{"id":"'
_PARENT: Final = b',"__parentId":"'


class Every(Collection[str]):
    """Contains whatever it is asked for."""

    def __contains__(self, _each: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def doubted_resources(path: Path, selection: Selection, most_named: int = MOST_NAMED) -> Collection[str]:
    """Gids whose bodies can not be taken for whole. Raises ExportBroken for a file that is none."""
    if children_follow_their_parents(path):
        return ()
    scattered: set[str] = set()
    for stretch in read_stretches(path, selection):
        scattered.update(stretch.scattered)
        if len(scattered) > most_named:
            return Every()
    return scattered


def children_follow_their_parents(path: Path) -> bool:
    """Whether each child's line comes behind its parent's, with none but siblings between; False: unsure."""
    parent = b""
    with path.open("rb", buffering=READ_BYTES) as file:
        for line in file:
            place = line.rfind(_PARENT)
            if place >= 0:
                start = place + len(_PARENT)
                if line[start : line.find(b'"', start)] != parent:
                    return False
            elif line.startswith(_ID):
                parent = line[len(_ID) : line.find(b'"', len(_ID))]
            else:
                return False
    return True
