"""A table for people: one line a row where there is room, and whole words where there is less.

Enters: dataclass instances, and the terminal's width. Leaves: lines. What never happens here: a text that
steers the terminal, or one that is taken for markup. Rich is slow to import: commands import this late.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from backroom.cli.columns import Column, needed, widths
from backroom.cli.legible import printable, when

NOTHING: Final = "-"
_WHOLE: Final = frozenset({"id", "shop", "domain", "name", "about"})
_GAP: Final = 2
_INDENT: Final = "    "

Texts = Mapping[str, Sequence[str]]
"""A table's columns by their heads."""


def fits(rows: Sequence[Any], columns: type, width: int | None, without: Collection[str] = ()) -> bool:
    """Whether each row fits a line, with nothing wrapped or cut."""
    texts = _texts(rows, columns, when, without)
    return width is None or needed((Column.of(*each).natural for each in texts.items()), _GAP) <= width


def table(
    rows: Sequence[Any],
    columns: type,
    width: int | None,
    below: Callable[[Any], str | None] | None = None,
    without: Collection[str] = (),
) -> list[str]:
    """The lines of a table, with its head. `without`: fields that are no columns.

    Where it is too wide, instants lose their seconds, empty columns are left out, and texts are wrapped at
    their words. Where not even that helps, each row becomes a block with a line for each of its values.
    """
    if fits(rows, columns, width, without):
        return _with_below(_drawn(_texts(rows, columns, when, without), None, _GAP), rows, width, below)
    found = _texts(rows, columns, _minute, without)
    texts = {head: each for head, each in found.items() if set(each) != {NOTHING}}
    if below is not None:
        return _with_below(_drawn(texts, _cut(texts, width or 0), 1, cut=True), rows, width, below)
    wrapped = _wrapped(texts, _unbroken(rows, columns), width or 0)
    return _blocks(texts) if wrapped is None else _drawn(texts, wrapped, 1)


def _texts(
    rows: Sequence[Any], columns: type, instant: Callable[[datetime], str], without: Collection[str]
) -> Texts:
    names = [field.name for field in fields(columns) if field.name not in without]
    return {_head(name): [_plain(getattr(row, name), instant) for row in rows] for name in names}


def _head(name: str) -> str:
    return name.replace("_", " ")


def _unbroken(rows: Sequence[Any], columns: type) -> set[str]:
    """Heads of what stays whole, so that it can be copied: the lack of width is the long texts' to bear."""
    return {
        _head(field.name)
        for field in fields(columns)
        if field.name in _WHOLE or any(isinstance(getattr(row, field.name), datetime) for row in rows)
    }


def _wrapped(texts: Texts, unbroken: set[str], width: int) -> list[int] | None:
    """The columns' widths, or None: there is no room for whole words."""
    found = [Column.of(head, each, whole=head in unbroken) for head, each in texts.items()]
    if needed((column.least for column in found), 1) > width:
        return None
    return widths(found, width, 1)


def _cut(texts: Texts, width: int) -> list[int]:
    return widths([Column.cut(*each) for each in texts.items()], width, 1)


def _drawn(texts: Texts, cells: Sequence[int] | None, gap: int, *, cut: bool = False) -> list[str]:
    cells = cells or [Column.of(*each).natural for each in texts.items()]
    drawn = Table(box=None, header_style="bold", pad_edge=False, padding=(0, gap, 0, 0))
    for head, width in zip(texts, cells, strict=True):
        drawn.add_column(head, width=width, overflow="ellipsis" if cut else "fold", no_wrap=cut)
    # Text, because Rich reads square brackets in a plain string as markup.
    for row in zip(*texts.values(), strict=True):
        drawn.add_row(*map(Text, row))
    # Rich wants room behind the last column, too; what it fills in there is cut off.
    console = Console(width=needed(cells, gap) + gap)
    with console.capture() as captured:
        console.print(drawn)
    return [line.rstrip() for line in captured.get().splitlines()]


def _blocks(texts: Texts) -> list[str]:
    indent = max(map(len, texts))
    blocks = [
        [f"{head:<{indent}}  {text}" for head, text in zip(texts, row, strict=True) if text != NOTHING]
        for row in zip(*texts.values(), strict=True)
    ]
    return [line for block in blocks for line in ("", *block)][1:]


def _with_below(
    lines: list[str], rows: Sequence[Any], width: int | None, below: Callable[[Any], str | None] | None
) -> list[str]:
    head, *others = lines
    if below is None:
        return lines
    under = [_short(below(row), width) for row in rows]
    return [head, *(line for pair in zip(others, under, strict=True) for line in pair if line is not None)]


def _short(text: str | None, width: int | None) -> str | None:
    if text is None:
        return None
    line = Text(_INDENT + printable(text))
    if width is not None:
        line.truncate(width, overflow="ellipsis")
    return line.plain


def _plain(value: Any, instant: Callable[[datetime], str]) -> str:
    if value is None:
        return NOTHING
    return instant(value) if isinstance(value, datetime) else printable(str(value))


def _minute(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
