"""`deliveries` for people: a line of 80 cells, and bodies that can be read."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backroom.cli.deliveries import CHARACTERS_SHOWN, Line, indented
from backroom.cli.spans import day_or_time
from backroom.cli.table import table
from backroom.ingress.deliveries import DeliveryFilter, read_deliveries
from backroom.vocabulary.shown import show_body
from tests.cli.conftest import Backroom, at_a_terminal, house_in
from tests.house import House
from tests.stock_bodies import disconnected, level

ITEM, PLACE = 51_000_098_615_875, 81_000_001_065_539
BODY = b'{"id":7,"price":1.50,"tags":[],"title":"Iron \xc3\xa9"}'


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    """A house in the home that the commands look at. Made before `backroom`: its log goes elsewhere."""
    with house_in(home) as opened:
        yield opened


def test_in_80_columns_ids_stay_whole(
    house: House, backroom: Backroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_terminal(monkeypatch)
    house.play("inventory_levels/disconnect", disconnected(ITEM, PLACE))
    house.play("inventory_levels/update", level(ITEM, PLACE))
    _, *said = backroom("deliveries", "list").out.splitlines()
    assert max(map(len, said)) <= 80
    assert [line.split()[0] for line in said if f" {ITEM}:{PLACE} " in line] == ["2", "1"]
    with house.database.reading() as transaction:
        now = transaction.now()
        (row, _) = read_deliveries(transaction, DeliveryFilter(), None, 2).items
    assert said[0].split()[1] == day_or_time(row.received_at, now)


def test_an_id_is_not_broken_for_a_long_reason(house: House) -> None:
    house.play("inventory_levels/disconnect", disconnected(ITEM, PLACE))
    with house.database.reading() as transaction:
        (row,) = read_deliveries(transaction, DeliveryFilter(), None, 1).items
        now = transaction.now()
    parked = replace(row, id=1_234_567, state="parked", error="the body can not be read " * 5)
    lines = table([Line.of(parked, now, short=True)], Line, 80)
    assert max(map(len, lines)) <= 80
    assert any(f" {ITEM}:{PLACE} " in line for line in lines)


def test_with_room_instants_are_whole(house: House, backroom: Backroom) -> None:
    house.play("inventory_levels/update", level(ITEM, PLACE))
    with house.database.reading() as transaction:
        (row,) = read_deliveries(transaction, DeliveryFilter(), None, 1).items
        now = transaction.now()
    _, line = backroom("deliveries", "list").out.splitlines()
    assert line == table([Line.of(row, now)], Line, None)[1]
    assert f"{row.received_at:%Y-%m-%d %H:%M:%S}Z" in line


def test_older_ones_are_named_below_the_rows_and_not_on_stdout(
    house: House, backroom: Backroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        house.play("orders/create", b"{}")
    said = backroom("deliveries", "list", "--limit", "2")
    assert said.err == "older ones: --before 2\n"
    assert "older" not in said.out
    assert [row["id"] for row in backroom("deliveries", "list", "--before", "2", "--json").json] == [1]
    monkeypatch.setattr(sys, "stderr", sys.stdout)
    assert backroom("deliveries", "list", "--limit", "2").last_line == "older ones: --before 2"


def test_on_a_terminal_json_stands_on_lines_of_its_own(
    house: House, backroom: Backroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_terminal(monkeypatch)
    house.play("orders/create", BODY)
    shown = backroom("deliveries", "show", "1").out
    assert shown.endswith('\n\n{\n  "id": 7,\n  "price": 1.50,\n  "tags": [],\n  "title": "Iron é"\n}\n')


def test_a_pipe_gets_the_body_as_it_came(house: House, backroom: Backroom) -> None:
    house.play("orders/create", BODY)
    assert backroom("deliveries", "show", "1").out.endswith(f"\n\n{BODY.decode()}\n")


def test_on_a_terminal_a_long_body_is_cut_and_says_so(
    house: House, backroom: Backroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_terminal(monkeypatch)
    house.play("orders/create", b"[" + b"1," * CHARACTERS_SHOWN + b"1]")
    assert backroom("deliveries", "show", "1").last_line.endswith(" more characters; --json has them all")


@pytest.mark.parametrize("raw", [b"", b"[1, 2", b"no JSON\n", b"\xff", b"[" * 100_000 + b"]" * 100_000])
def test_what_is_no_json_is_shown_as_it_is(raw: bytes) -> None:
    body = show_body(raw)
    assert indented(body) == body.text
