"""The live block: 80 columns and one height, whatever the shop's texts are."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len
from rich.console import Console

from backroom.demo.canvas import canvas
from backroom.demo.display import NEWS_LINES, Display, clock
from backroom.demo.news import Line
from backroom.demo.numbers import Numbers, Pace
from backroom.demo.words import apart, change, harmless

SHOP = {
    "products": 200,
    "variants": 5_413,
    "changes": 1_034,
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
    products=200,
    skus=5_400,
    change_rate=5.0,
    receipt_rate=6.2,
)
HUGE = replace(
    NUMBERS,
    shop=dict.fromkeys(SHOP, 123_456_789),
    status={**dict.fromkeys(STATUS, 123_456_789), "lag_seconds": 1e7},
    answers={"stored": 123_456_789},
    receipt_rate=123_456.7,
    change_rate=123_456.7,
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


def lines(numbers: Numbers, *news: Line) -> list[str]:
    console = Console(width=80, file=io.StringIO())
    with console.capture() as captured:
        console.print(Display().block(numbers, news))
    return captured.get().splitlines()


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
    for part in ("1,034", "1,240", "112", "0.0 s", "4, 5", "5,400", "Shirt · M", "29.00 → 31.00", "up 1:05"):
        assert part in text
    assert "lost                   3" in text, "dropped or given up"


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
