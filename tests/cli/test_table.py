"""Tables in terminals of several widths: rows on one line, else whole words, else a block each."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from backroom.cli.doctor_findings import Finding
from backroom.cli.table import table

AT = datetime(2026, 11, 28, 17, 19, 5, tzinfo=UTC)
FOUND = "demo.myshopify.com: nothing opens its API: webhooks are received, and nothing is fetched"
FINDING = Finding(check="credentials", state="warn", found=FOUND, advice="backroom shop add DOMAIN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Much that can not be broken."""

    id: int
    shop: str
    client_id: str | None
    opened_at: datetime


OPENED = Opened(id=1, shop="a-shop-with-a-name.myshopify.com", client_id=None, opened_at=AT)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_table_keeps_to_the_width_and_breaks_no_word(width: int) -> None:
    lines = table([FINDING, FINDING], Finding, width)
    assert max(map(len, lines)) <= width
    words = {word for line in lines for word in line.split()}
    assert words >= set(FOUND.split())


def test_a_pipe_gets_one_whole_line_a_row() -> None:
    head, row = table([FINDING], Finding, None)
    assert head.split() == ["check", "state", "found", "advice"]
    assert FOUND in row
    assert "2026-11-28 17:19:05Z" in table([OPENED], Opened, None)[1]


def test_with_less_room_instants_lose_their_seconds_and_empty_columns_go() -> None:
    head, row = table([OPENED], Opened, 60)
    assert head.split() == ["id", "shop", "opened", "at"]
    assert row.split() == ["1", OPENED.shop, "2026-11-28", "17:19"]


def test_where_whole_words_have_no_room_each_row_is_a_block() -> None:
    assert table([OPENED, OPENED], Opened, 40) == [
        "id         1",
        f"shop       {OPENED.shop}",
        "opened at  2026-11-28 17:19",
        "",
        "id         1",
        f"shop       {OPENED.shop}",
        "opened at  2026-11-28 17:19",
    ]


def test_what_stands_below_a_row_is_cut_and_can_not_steer_the_terminal() -> None:
    lines = table([OPENED, OPENED], Opened, 40, lambda _: f"\x1b[31m[bold]{'no' * 40}")
    assert len(lines) == 5
    assert lines[2].startswith("    \\x1b[31m[bold]nono")
    assert lines[2].endswith("…")
    assert max(map(len, lines)) <= 40
