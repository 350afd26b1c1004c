"""A block on a terminal that is drawn over itself, line by line, in one write: nothing is erased in between.

Enters: what Rich can draw. Leaves: the same place with other numbers in it. What never happens here: a
blank moment between two pictures, which is what flickers; a picture taller than the terminal.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console, RenderableType
from rich.control import Control
from rich.segment import ControlType, Segment, Segments

_REST_OF_LINE: Final = Control((ControlType.ERASE_IN_LINE, 0)).segment


class Canvas:
    """See the module. The cursor waits below the block."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._height = 0

    def draw(self, picture: RenderableType) -> None:
        lines = self._console.render_lines(picture)[: self._console.height - 1]
        # Leaving the console's block writes all of it at once.
        with self._console:
            if self._height:
                self._console.control(Control.move_to_column(0, -self._height))
            self._console.print(Segments(_joined(lines)), end="")
        self._height = len(lines)


@contextmanager
def canvas(console: Console) -> Iterator[Canvas]:
    """A canvas; its last picture stays, without what the terminal echoed of Ctrl-C."""
    console.show_cursor(False)
    try:
        yield Canvas(console)
    finally:
        console.control(Control.move_to_column(0), Control((ControlType.ERASE_IN_LINE, 2)))
        console.show_cursor(True)


def _joined(lines: list[list[Segment]]) -> Iterator[Segment]:
    for line in lines:
        yield from line
        yield _REST_OF_LINE
        yield Segment.line()
