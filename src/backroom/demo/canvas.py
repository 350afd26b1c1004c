"""A block on a terminal that is drawn over itself, line by line, in one write: nothing is erased in between.

Enters: what Rich can draw. Leaves: the same place with other numbers in it. What never happens here: a
blank moment between two pictures, which is what flickers; a picture taller or wider than the terminal.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console, ConsoleDimensions, RenderableType
from rich.control import Control
from rich.segment import ControlType, Segment, Segments

_REST_OF_LINE: Final = Control((ControlType.ERASE_IN_LINE, 0)).segment


class Canvas:
    """See the module. The cursor waits below the block."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._height = 0
        self.size = size_of(console)

    def is_resized(self) -> bool:
        """Whether the terminal has another size since the last time; `size` is then the new one."""
        before, self.size = self.size, size_of(self._console)
        return self.size != before

    def clear(self) -> None:
        """An empty terminal: after a change of its size nobody knows where the block has gone."""
        self._console.control(Control.clear(), Control.home())
        self._height = 0

    def draw(self, picture: RenderableType) -> None:
        width = min(self.size.width, self._console.width)
        options = self._console.options.update(width=width)
        lines = self._console.render_lines(picture, options)[: self.size.height - 1]
        # Leaving the console's block writes all of it at once.
        with self._console:
            if self._height:
                self._console.control(Control.move_to_column(0, -self._height))
            # A full line has no rest: to erase it would take its last column.
            self._console.print(
                Segments(_joined(lines, erased=width < self.size.width)), end="", soft_wrap=True
            )
        self._height = len(lines)


def size_of(console: Console) -> ConsoleDimensions:
    """The terminal's size right now; a console remembers that of its beginning."""
    try:
        columns, rows = os.get_terminal_size(console.file.fileno())
    except (OSError, ValueError):
        columns = rows = 0
    return ConsoleDimensions(columns or console.width, rows or console.height)


@contextmanager
def canvas(console: Console) -> Iterator[Canvas]:
    """A canvas; its last picture stays, without what the terminal echoed of Ctrl-C."""
    console.show_cursor(False)
    try:
        yield Canvas(console)
    finally:
        console.control(Control.move_to_column(0), Control((ControlType.ERASE_IN_LINE, 2)))
        console.show_cursor(True)


def _joined(lines: list[list[Segment]], *, erased: bool) -> Iterator[Segment]:
    for line in lines:
        yield from line
        if erased:
            yield _REST_OF_LINE
        yield Segment.line()
