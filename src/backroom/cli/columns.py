"""How wide a table's columns are, so that a line fits and words stay whole where that can be.

Enters: texts and the room there is, in cells. Leaves: widths. What never happens here: drawing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

LONG_WORD: Final = 20
"""Cells. Longer words (addresses, keys) may be broken: they would take the room from all others."""
SHORT_TEXT: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a column wants, in cells: `natural` for all on one line, `least` for words that are not broken."""

    natural: int
    least: int

    @classmethod
    def of(cls, head: str, texts: Sequence[str], *, whole: bool = False) -> "Column":
        """`whole`: not to be broken, so that it can be copied. A head is broken at its words."""
        natural = max(map(cell_len, (head, *texts)))
        parts = texts if whole else [word for text in texts for word in text.split()]
        longest = max((cell_len(part) for part in parts), default=0)
        if not whole:
            longest = min(longest, LONG_WORD)
        return cls(natural=natural, least=max(longest, *map(cell_len, head.split())))

    @classmethod
    def cut(cls, head: str, texts: Sequence[str]) -> "Column":
        """One whose texts end in an ellipsis where there is no room."""
        natural = max(map(cell_len, (head, *texts)))
        return cls(natural=natural, least=min(natural, SHORT_TEXT))


def needed(cells: Iterable[int], gap: int) -> int:
    """For columns of so many cells."""
    each = list(cells)
    return sum(each) + gap * (len(each) - 1)


def widths(columns: Sequence[Column], room: int, gap: int) -> list[int]:
    """What each gets: its least, and of the rest those that want little first."""
    found = [column.least for column in columns]
    rest = room - needed(found, gap)
    by_wish = sorted(range(len(columns)), key=lambda each: columns[each].natural - columns[each].least)
    for served, each in enumerate(by_wish):
        share = max(0, rest) // (len(columns) - served)
        more = min(share, columns[each].natural - columns[each].least)
        found[each] += more
        rest -= more
    return found
