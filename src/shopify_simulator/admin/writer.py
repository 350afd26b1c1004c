"""Puts a bulk operation's lines into its file, in one of the orders in which they may lie there.

Ids of roots enter, lines go into the file; a window of lines is held, no more. Children of one connection
of one parent always keep their order. What never happens here: a status, or a decision when to go on.
"""

import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final, Literal

from shopify_simulator.admin.export import Export, Siblings

Order = Literal["grouped", "shuffled", "parted"]
ORDERS: Final[tuple[Order, ...]] = ("grouped", "shuffled", "parted")
LINES_SHUFFLED: Final = 1_000
ROOTS_TORN: Final = 20
_PIECE: Final = 1 << 20

Lines = Iterable[tuple[Siblings, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkWays:
    """How bulk operations go.

    `order`: grouped: children follow their parent; shuffled: lines stray within a window, children before
    parents too; parted: all children after all parents. `torn`: children are read some roots later than
    their parent. `seconds`: how long one takes at least.
    """

    seconds: float = 0.0
    order: Order = "grouped"
    torn: bool = False
    most_at_once: int = 5
    seed: int = 1

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise ValueError(f"order is one of {', '.join(ORDERS)}")
        if self.seconds < 0 or self.most_at_once < 1:
            raise ValueError("seconds is 0 or more, most_at_once is 1 or more")


class Window:
    """Lets lines out in a random order, siblings in theirs."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"bulk:{seed}")
        self._places: list[Siblings] = []
        self._waiting: defaultdict[Siblings, deque[bytes]] = defaultdict(deque)

    def take(self, siblings: Siblings, line: bytes) -> None:
        self._places.append(siblings)
        self._waiting[siblings].append(line)

    @property
    def size(self) -> int:
        return len(self._places)

    def let_one_out(self) -> bytes:
        """The eldest of some siblings."""
        drawn = self._random.randrange(len(self._places))
        self._places[drawn], siblings = self._places[-1], self._places[drawn]
        self._places.pop()
        held = self._waiting[siblings]
        line = held.popleft()
        if not held:
            del self._waiting[siblings]
        return line


class Writer:
    """See the module. `get` reads a root, `reading` is who looks at its fields.

    `aside` holds the children until the parents are written.
    """

    def __init__(
        self,
        export: Export,
        ways: BulkWays,
        get: Callable[[int], Any],
        reading: Any,
        file: IO[bytes],
        aside: IO[bytes],
    ) -> None:
        self._line = export.line
        self._ways = ways
        self._get = get
        self._reading = reading
        self._file = file
        self._aside = aside
        self._window = Window(ways.seed)
        self._waiting: deque[tuple[int, str | None]] = deque()

    def write(self, numbers: Sequence[int]) -> tuple[int, int]:
        """Each as it is now; how many roots and lines it wrote, or holds in its window."""
        roots = lines = 0
        for number in numbers:
            root = self._get(number)
            if root is None:
                continue  # deleted meanwhile
            line, identity = self._line.own(root, self._reading)
            roots += 1
            lines += self._put([((identity, -1), line)])
            if self._ways.torn:
                self._waiting.append((number, identity))
                if len(self._waiting) > ROOTS_TORN:
                    lines += self._late_children()
            else:
                lines += self._children(root, identity)
        return roots, lines

    def finish(self) -> int:
        """Writes what is left; how many lines of them were not counted yet."""
        lines = 0
        while self._waiting:
            lines += self._late_children()
        while self._window.size:
            self._file.write(self._window.let_one_out())
        self._aside.seek(0)
        while piece := self._aside.read(_PIECE):
            self._file.write(piece)
        return lines

    def _late_children(self) -> int:
        number, identity = self._waiting.popleft()
        root = self._get(number)
        return 0 if root is None else self._children(root, identity)

    def _children(self, root: Any, identity: str | None) -> int:
        lines = self._line.children(root, self._reading, identity)
        if self._ways.order != "parted":
            return self._put(lines)
        return _written(lines, self._aside)

    def _put(self, lines: Lines) -> int:
        if self._ways.order != "shuffled":
            return _written(lines, self._file)
        count = 0
        for siblings, line in lines:
            count += 1
            self._window.take(siblings, line)
            if self._window.size > LINES_SHUFFLED:
                self._file.write(self._window.let_one_out())
        return count


def _written(lines: Lines, file: IO[bytes]) -> int:
    held = [line for _, line in lines]
    file.writelines(held)
    return len(held)
