"""The live screen: a block of 80 columns, drawn anew in its place; in a small terminal, less of it.

Enters: numbers, news, and the room there is. Leaves: something that Rich can draw. What never happens here:
foreign text read as markup, a line that wraps, or a block that changes its height in the same room.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import ConsoleDimensions, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from backroom.demo.news import Line
from backroom.demo.numbers import Numbers
from backroom.demo.words import ARROW
from backroom.jobs.runs import Run

WIDTH: Final = 80
NEWS_LINES: Final = 6
SPARKS: Final = "▁▂▃▄▅▆▇█"
SPARKS_SHOWN: Final = 11
HALF: Final = 39
SIDE_LINES: Final = 12
"""A title and eleven counters."""
SHOP: Final = "Shopify, simulated"
BACKROOM: Final = "Backroom"
FOOT: Final = "Ctrl-C ends it and leaves nothing behind"
SHORT_FOOT: Final = "Ctrl-C ends it"
ROOM: Final = ConsoleDimensions(WIDTH, 30)
NEWS_WIDTHS: Final = (8, 30, 10, 29)

RUN_NAMES: Final = {"full": "full sync", "incremental": "sync", "wanted": "refetch"}
"""By the runs' mode."""
SHORT_PLURALS: Final = {"inventory_items": "items", "inventory": "levels"}
COUNTED: Final = 26
"""Columns of a label and its number."""


class Display:
    """Remembers the pace of the last seconds, to draw it."""

    def __init__(self) -> None:
        self._paces: deque[float] = deque(maxlen=SPARKS_SHOWN)

    def block(
        self, numbers: Numbers, news: Iterable[Line], room: ConsoleDimensions = ROOM
    ) -> RenderableType | None:
        """As much as there is room for: side by side, or one below the other. None: there is too little."""
        self._paces.append(numbers.receipt_rate)
        left, right = _shop_side(numbers), [*_backroom_side(numbers), self._pace(numbers)]
        # A line for the cursor, and one for the foot.
        lines = room.height - 2
        if room.width >= WIDTH and lines >= SIDE_LINES:
            # What has changed has an empty line and a title above it.
            shown = min(NEWS_LINES, lines - SIDE_LINES - 2)
            return Group(_sides(left, right), *_changes(list(news), shown), _foot(numbers, FOOT))
        if room.width >= HALF and lines >= 2 * SIDE_LINES:
            return Group(_side(SHOP, left), _side(BACKROOM, right), _foot(numbers, SHORT_FOOT))
        return None

    def _pace(self, numbers: Numbers) -> Text:
        highest = max(*self._paces, 1.0)
        sparks = "".join(SPARKS[round(pace / highest * (len(SPARKS) - 1))] for pace in self._paces)
        return _count("webhooks a second", f"{numbers.receipt_rate:,.1f}", "bold") + Text(
            f"  {sparks}", "cyan"
        )


def clock(seconds: float) -> str:
    """`1:05`, minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _shop_side(numbers: Numbers) -> list[Text]:
    shop = numbers.shop
    return [
        _count("products", _thousands(shop["products"]), "bold"),
        _count("variants", _thousands(shop["variants"]), "bold"),
        _count("changes", _thousands(shop["changes"]), "bold")
        + Text(f", {numbers.change_rate:,.1f}/s", "dim"),
        _count("stock changes", _thousands(shop["stock_changes"]), "bold")
        + Text(f", {numbers.stock_rate:,.1f}/s", "dim"),
        _count("deliveries", _thousands(shop["deliveries"]), "bold"),
        _count("  more than once", _thousands(shop["duplicated"]), _seldom(shop["duplicated"])),
        _count("  late", _thousands(shop["delayed"]), _seldom(shop["delayed"])),
        _count("  out of order", _thousands(shop["reordered"]), _seldom(shop["reordered"])),
        _count("  as an id only", _thousands(shop["id_only"]), _seldom(shop["id_only"])),
        _count("  lost", _thousands(lost(numbers)), _bad(lost(numbers))),
        _count("asked by Backroom", _thousands(numbers.asked), "bold"),
    ]


def _backroom_side(numbers: Numbers) -> list[Text]:
    # One delivery may come twice or three times: its copies are more than the deliveries that have some.
    status, duplicates = numbers.status, numbers.answers.get("duplicate", 0)
    return [
        _run(numbers.run),
        _count("products", _thousands(numbers.products), "bold green") + _inactive(numbers.inactive_products),
        _count("SKUs", _thousands(numbers.skus), "bold green") + _inactive(numbers.inactive_skus),
        _count("stock levels", _thousands(numbers.levels), "bold green") + _inactive(numbers.inactive_levels),
        _count("webhooks received", _thousands(numbers.received), "bold"),
        _count("  copies", _thousands(duplicates), _seldom(duplicates)),
        _count("pending, dirty", f"{status['inbox_pending']:,}, {status['dirty']:,}", "bold"),
        _count("lag", f"{status['lag_seconds']:.1f} s", "bold"),
        _count("refetch wanted", _thousands(status["wanted"]), _seldom(status["wanted"])),
        _count(
            "parked, dead",
            f"{status['parked']:,}, {status['dead']:,}",
            _bad(status["parked"] + status["dead"]),
        ),
    ]


def _run(run: Run | None) -> Text:
    """How far it is, or how it ended: `full sync, levels  1,204 / 5,000`."""
    if run is None:
        return _count("full sync", "-", "dim")
    if run.is_over:
        rest = Text(f", {run.state}", "dim" if run.state == "succeeded" else "bold red")
    else:
        rest = Text(f", {run.state}" if run.total is None else f" / {run.total:,}", "yellow")
    return _count(run_name(run), _thousands(run.seen), "bold") + rest


def run_name(run: Run) -> str:
    """What it does, and of what: `refetch, items`."""
    return f"{RUN_NAMES[run.mode]}, {SHORT_PLURALS.get(run.resource, run.resource)}"


def lost(numbers: Numbers) -> int:
    """Deliveries that never come."""
    return numbers.shop["dropped"] + numbers.shop["given_up"]


def _sides(left: Sequence[Text], right: Sequence[Text]) -> Table:
    table = _grid(HALF, HALF, gap=2)
    for pair in zip((_title(SHOP, HALF), *left), (_title(BACKROOM, HALF), *right), strict=True):
        table.add_row(*pair)
    return table


def _side(title: str, lines: Sequence[Text]) -> Table:
    table = _grid(HALF, gap=0)
    for line in (_title(title, HALF), *lines):
        table.add_row(line)
    return table


def _changes(news: Sequence[Line], shown: int) -> list[RenderableType]:
    """The newest so many."""
    if shown < 1:
        return []
    return [Text(), _title("What has just changed in your tables"), _news(news[-shown:], shown)]


def _news(news: Sequence[Line], shown: int) -> Table:
    table = _grid(*NEWS_WIDTHS, gap=1)
    for line in news:
        what = Text(line.old, "dim")
        # Half the room each, so that a long old value does not hide the new one.
        room = NEWS_WIDTHS[-1] - len(ARROW)
        old_room = max(room // 2, room - Text(line.new).cell_len)
        what.truncate(old_room, overflow="ellipsis")
        changed = what + Text(ARROW, "dim") + Text(line.new, "green")
        table.add_row(
            Text(f"{line.at.astimezone():%H:%M:%S}", "dim"),
            Text(line.title),
            Text(line.field, "cyan"),
            changed,
        )
    for _ in range(shown - len(news)):
        table.add_row("", "", "", "")
    return table


def _foot(numbers: Numbers, text: str) -> Rule:
    return Rule(Text(f"up {clock(numbers.seconds)} · {text}", "dim"), style="dim", align="right")


def _grid(*widths: int, gap: int) -> Table:
    table = Table.grid(padding=(0, gap, 0, 0), pad_edge=False)
    for width in widths:
        table.add_column(width=width, no_wrap=True, overflow="ellipsis")
    return table


def _title(text: str, width: int = WIDTH) -> Text:
    line = Text("── ", "dim") + Text(text, "bold") + Text(" ")
    return line + Text("─" * (width - line.cell_len), "dim")


def _count(label: str, number: str, style: str) -> Text:
    # A long label takes of its number's room, never all of it.
    room = max(COUNTED - max(17, len(label)), len(number) + (len(label) > 17))
    return Text(f"{label:<17}", "dim" if label.startswith(" ") else "") + Text(f"{number:>{room}}", style)


def _inactive(number: int) -> Text:
    return Text(f", {number:,} inactive" if number else "", "dim")


def _thousands(number: int) -> str:
    return f"{number:,}"


def _seldom(number: int) -> str:
    return "yellow" if number else "dim"


def _bad(number: int) -> str:
    return "bold red" if number else "dim"
