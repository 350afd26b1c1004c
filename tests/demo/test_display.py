"""The live block: 80 columns and one height, whatever the shop's texts are; less where there is less room."""

import io
import os
import pty
import select
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions

from backroom.demo.canvas import canvas
from backroom.demo.display import NEWS_LINES, Display, clock
from backroom.demo.news import Line
from backroom.demo.numbers import Numbers, Pace
from backroom.demo.words import apart, change, harmless
from backroom.jobs.runs import Run
from tests.waiting import PATIENCE_SECONDS

SHOP = {
    "products": 200,
    "variants": 5_413,
    "changes": 1_034,
    "stock_changes": 2_345,
    "deliveries": 1_240,
    "duplicated": 112,
    "delayed": 43,
    "reordered": 0,
    "id_only": 3,
    "dropped": 1,
    "given_up": 2,
}
STATUS = {"inbox_pending": 1, "dirty": 2, "wanted": 3, "parked": 4, "dead": 5, "lag_seconds": 0.04}
NUMBERS = Numbers(
    seconds=65.0,
    shop=SHOP,
    status=STATUS,
    answers={"stored": 1_000, "duplicate": 240},
    asked=77,
    run=None,
    products=200,
    skus=5_400,
    levels=15_012,
    inactive_products=0,
    inactive_skus=12,
    inactive_levels=7,
    change_rate=5.0,
    stock_rate=3.5,
    receipt_rate=6.2,
)
HUGE = replace(
    NUMBERS,
    shop=dict.fromkeys(SHOP, 123_456_789),
    status={**dict.fromkeys(STATUS, 123_456_789), "lag_seconds": 1e7},
    answers={"stored": 123_456_789},
    inactive_products=123_456_789,
    receipt_rate=123_456.7,
    change_rate=123_456.7,
    stock_rate=123_456.7,
)
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOSTILE = (
    "Plain",
    "[bold]markup[/bold] [/]",
    "\x1b[31mred\x1b[0m\a\r\n",
    "\u202egnitirw desrever",
    "Ein sehr langer Titel, der in keine Spalte passt, auch nicht in zwei davon " * 3,
    "日本語のシャツ" * 9,
    "❤️‍🔥👩‍👩‍👧 emoji 🇩🇪",
    "قميص كتان",
)


def lines(numbers: Numbers, *news: Line, columns: int = 80, rows: int = 30) -> list[str]:
    """Of the block in a terminal of that size; none where there is no block."""
    block = Display().block(numbers, news, ConsoleDimensions(columns, rows))
    console = Console(width=min(columns, 80), file=io.StringIO())
    with console.capture() as captured:
        console.print("" if block is None else block)
    return captured.get().rstrip("\n").splitlines()


def news(text: str) -> Line:
    return Line(at=AT, title=harmless(text), field="title", old=harmless(text), new=harmless(text))


@pytest.mark.parametrize("numbers", [NUMBERS, HUGE], ids=["usual", "huge"])
@pytest.mark.parametrize("text", HOSTILE)
def test_every_block_is_of_one_height_and_80_columns(numbers: Numbers, text: str) -> None:
    wanted = len(lines(NUMBERS))
    for many in (1, NEWS_LINES):
        shown = lines(numbers, *[news(text)] * many)
        assert len(shown) == wanted
        assert {cell_len(line) for line in shown if line.strip()} <= set(range(81))
        assert not any(each in "".join(shown) for each in "\x1b\a\u202e\u200d\ufe0f")


def test_the_block_shows_both_sides_and_the_news() -> None:
    text = "\n".join(lines(NUMBERS, Line(at=AT, title="Shirt · M", field="price", old="29.00", new="31.00")))
    for part in (
        "1,034, 5.0/s",
        "2,345, 3.5/s",
        "15,012, 7 inactive",
        "1,240",
        "112",
        "0.0 s",
        "1, 2",
        "4, 5",
        "77",
        "5,400",
        "Shirt · M",
        "29.00 → 31.00",
        "up 1:05",
    ):
        assert part in text
    assert "lost                   3" in text, "dropped or given up"


def test_what_is_inactive_is_told_beside_what_the_shop_still_has() -> None:
    text = "\n".join(lines(replace(NUMBERS, products=206, inactive_products=1)))
    assert "206, 1 inactive" in text
    assert "5,400, 12 inactive" in text
    assert " inactive" not in "\n".join(lines(replace(NUMBERS, inactive_skus=0, inactive_levels=0)))


RUN = Run(
    id=7,
    kind="sync",
    resource="products",
    mode="full",
    shop="one.myshopify.com",
    state="running",
    phase="reading products",
    options={},
    total=5_000,
    seen=1_204,
    written=1_204,
    unchanged=0,
    parked=0,
    failed=0,
    drifted=0,
    in_flight=0,
    repaired=0,
    error=None,
    samples=[],
    requested_by="a test",
    created_at=AT,
    started_at=AT,
    heartbeat_at=AT,
    finished_at=None,
    cancel_asked_at=None,
    executor="w",
    generation=1,
)


@pytest.mark.parametrize(
    ("run", "shown"),
    [
        (None, "full sync                -"),
        (replace(RUN, state="queued", total=None, seen=0), "full sync, products      0, queued"),
        (RUN, "full sync, products  1,204 / 5,000"),
        (
            replace(RUN, resource="inventory_items", mode="incremental", state="succeeded", seen=31),
            "sync, items             31, succeeded",
        ),
        (
            replace(RUN, resource="inventory", mode="wanted", state="failed", seen=0),
            "refetch, levels          0, failed",
        ),
        (
            replace(RUN, resource="products", total=20_000, seen=20_000),
            "full sync, products 20,000 / 20,000",
        ),
    ],
    ids=["none", "queued", "running", "succeeded", "failed", "long"],
)
def test_the_sync_that_runs_or_the_newest_run_is_shown_with_how_far_it_is(
    run: Run | None, shown: str
) -> None:
    assert shown in "\n".join(lines(replace(NUMBERS, run=run)))
    assert len(lines(replace(NUMBERS, run=run))) == len(lines(NUMBERS))


@pytest.mark.parametrize("columns", [20, 38, 39, 79, 80, 200])
def test_a_block_fits_its_terminal_and_ends_with_the_foot(columns: int) -> None:
    for rows in range(1, 40):
        shown = lines(HUGE, *[news(HOSTILE[4])] * NEWS_LINES, columns=columns, rows=rows)
        assert len(shown) < rows
        assert all(cell_len(line) <= columns for line in shown)
        assert not shown or "Ctrl-C ends it" in shown[-1]


def test_in_fewer_rows_the_oldest_news_go_first_and_then_their_title() -> None:
    told = [replace(news("Shirt"), new=f"value {number}") for number in range(NEWS_LINES)]
    shown = {rows: "\n".join(lines(NUMBERS, *told, rows=rows)) for rows in range(13, 26)}
    assert [shown[rows].count("value") for rows in range(13, 26)] == [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 6, 6, 6]
    assert "value 5" in shown[17]
    assert "just changed" not in shown[16]
    assert "parked, dead" in shown[14], "the counters and the foot"
    assert shown[13] == "", "plain lines then"


def test_in_a_narrow_terminal_the_sides_stand_one_below_the_other() -> None:
    shown = lines(NUMBERS, news("Shirt"), columns=60, rows=26)
    assert [line.strip(" ─") for line in shown if line.startswith("──")][:2] == [
        "Shopify, simulated",
        "Backroom",
    ]
    assert len(shown) == 25
    assert lines(NUMBERS, columns=60, rows=25) == []


def test_a_long_old_value_does_not_hide_the_new_one() -> None:
    (line,) = [
        each
        for each in lines(NUMBERS, Line(at=AT, title="Shirt", field="vendor", old="x" * 90, new="Acme"))
        if "vendor" in each
    ]
    assert "x… → Acme" in line


def test_a_picture_is_drawn_over_the_one_before_and_nothing_is_blank_in_between() -> None:
    written = Written()
    console = Console(file=written, force_terminal=True, width=80, height=30, color_system=None)
    with canvas(console) as drawn:
        drawn.draw("one\ntwo")
        drawn.draw("one\nzwei")
    first, second = [each for each in written.parts if "one" in each]
    assert "two" in first
    assert second.startswith("\x1b[2A") or "\x1b[2A" in second.partition("one")[0]
    assert "\x1b[2K" not in second
    assert written.parts[-1].endswith("\x1b[?25h"), "the cursor is back"


def test_a_picture_is_never_taller_than_the_terminal() -> None:
    written = Written()
    console = Console(file=written, force_terminal=True, width=80, height=5, color_system=None)
    with canvas(console) as drawn:
        drawn.draw("\n".join(map(str, range(20))))
    assert "".join(written.parts).count("\n") == 4


def test_a_terminal_that_changes_its_size_is_noticed_and_cleared() -> None:
    with terminal() as (screen, resize, read_to):
        console = Console(file=screen, force_terminal=True, width=80, color_system=None)
        resize(40, 100)
        with canvas(console) as drawn:
            drawn.draw("one")
            assert drawn.size == (100, 40)
            assert not drawn.is_resized()
            resize(20, 50)
            assert drawn.is_resized()
            assert drawn.size == (50, 20)
            assert not drawn.is_resized()
            drawn.clear()
            drawn.draw("x" * 200)
        read_to("\x1b[2J\x1b[H" + "x" * 50 + "\r\n")


@contextmanager
def terminal() -> Iterator[tuple[io.TextIOWrapper, Callable[[int, int], None], Callable[[str], None]]]:
    """A pseudo-terminal: what is written to, how it is resized (rows, columns), and reading on to a text."""
    outer, inner = pty.openpty()
    with os.fdopen(inner, "w") as screen:
        yield screen, lambda *size: termios.tcsetwinsize(inner, size), lambda text: read_on(outer, text)
    os.close(outer)


def read_on(descriptor: int, text: str) -> None:
    """Until it has come: a terminal hands over what was written in as many pieces as it likes."""
    got = b""
    while text.encode() not in got:
        ready, _, _ = select.select([descriptor], [], [], PATIENCE_SECONDS)
        assert ready, f"{text!r} never came: {got!r}"
        got += os.read(descriptor, 65_536)


class Written(io.StringIO):
    """What was written, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        self.parts.append(text)
        return len(text)


@pytest.mark.parametrize(
    ("column", "old", "new", "shown"),
    [
        ("price", "29.00", "31.00", ("29.00", "31.00")),
        ("barcode", None, "4006381333931", ("-", "4006381333931")),
        ("vendor", "", "Acme", ("-", "Acme")),
        ("is_active", True, False, ("yes", "no")),
        ("tags", ["linen", "sale"], ["linen", "new"], ("sale", "new")),
        ("tags", ["linen"], ["linen", "new"], ("-", "new")),
        ("images", ["https://cdn.example/a.jpg?v=1"], [], ("a.jpg", "-")),
        (
            "options",
            [{"name": "Size", "values": ["S"]}],
            [{"name": "Size", "values": ["S", "M"]}],
            ("-", "M"),
        ),
        ("options", {"Size": "S", "Colour": "Red"}, {"Size": "M", "Colour": "Red"}, ("S, Red", "M, Red")),
        (
            "options",
            {"Size": "S", "Colour": "Red"},
            {"Size": "S", "Shade": "Red"},
            ("…Colour", "…Shade"),
        ),
        ("title", "Linen shirt long", "Linen shirt short", ("…long", "…short")),
    ],
)
def test_a_change_is_told_by_what_differs(
    column: str, old: object, new: object, shown: tuple[str, str]
) -> None:
    assert change(column, old, new) == shown


def test_short_beginnings_are_kept() -> None:
    assert apart("Red shirt", "Red skirt") == ("Red shirt", "Red skirt")
    assert apart("", "new") == ("", "new")


def test_a_pace_is_the_growth_of_the_last_seconds() -> None:
    pace = Pace()
    assert pace.of(0.0, 100) == 0.0
    assert pace.of(2.0, 110) == 5.0
    assert pace.of(5.0, 110) == 2.0
    assert pace.of(8.0, 110) == 0.0


def test_the_clock_counts_minutes() -> None:
    assert [clock(0), clock(65.9), clock(3_600)] == ["0:00", "1:05", "60:00"]
