"""`status` for people: what is true is said, in lines that a terminal keeps whole."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backroom.cli.labelled import wrapped
from backroom.shops.shops import remove_shop
from tests.bodies import product, without
from tests.cli.conftest import Backroom, house_in
from tests.ended_runs import ended
from tests.house import House
from tests.rooms.failing import UNREADABLE

SHOP = "one.myshopify.com"
REASON = (
    "the app may not read products of this shop, for its scope read_products is missing: grant it to the app,"
    " and run the sync again"
)


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    """A home with tables, one shop, and hands that play the stations."""
    with house_in(home) as opened:
        yield opened


def on_a_terminal(width: int) -> list[str]:
    """What `backroom status` writes to one."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "backroom", "status"]
    # A dumb terminal is not sent what steers it: the table's head would be bold.
    around = os.environ | {"COLUMNS": str(width), "TERM": "dumb"}
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=theirs, env=around, timeout=60)
    os.close(theirs)
    written = bytearray()
    # Linux answers with an error, where others have the end of the file, once nobody holds the other side.
    try:
        while part := os.read(ours, 65_536):
            written += part
    except OSError:
        pass
    os.close(ours)
    return written.decode().splitlines()


def test_nothing_waits_only_where_nothing_is_wanted_or_parked(house: House, backroom: Backroom) -> None:
    assert "\nnothing waits\n" in backroom("status").out
    house.play("products/create", without(product(1), "tags"))
    assert "\nno webhook waits; 1 is wanted from Shopify\n" in backroom("status").out
    house.play("products/update", {"id": 2})
    assert "\nno webhook waits; 2 are wanted from Shopify\n" in backroom("status").out
    house.play("products/create", UNREADABLE)
    said = "no webhook waits; 1 is parked until tried again; 2 are wanted from Shopify"
    assert f"\n{said}\n" in backroom("status").out


def test_what_is_wanted_is_told_beside_what_waits(house: House, backroom: Backroom) -> None:
    house.play("products/update", {"id": 2})
    house.deliver("products/create", product(1))
    (line,) = (each for each in backroom("status").out.splitlines() if "the oldest work" in each)
    assert line.endswith(" s old; 1 is wanted from Shopify")


def test_a_run_that_failed_comes_with_what_clears_it(house: House, backroom: Backroom) -> None:
    run_id = ended(house.database, house.shop_id, "sync", REASON)
    (line,) = (each for each in backroom("status").out.splitlines() if each.startswith(f"run {run_id},"))
    assert line.endswith(f"failed: {REASON}; once mended, `backroom runs resume {run_id}` clears it")
    (told,) = (each for each in backroom("doctor", "--json").json if each["check"] == "runs")
    assert told["advice"] == f"once mended, `backroom runs resume {run_id}` clears it"


def test_status_and_doctor_call_a_run_what_the_list_of_runs_calls_it(
    house: House, backroom: Backroom
) -> None:
    run_id = ended(house.database, house.shop_id, "webhooks", REASON, mode="check", resource="webhooks")
    named = f"run {run_id}, check of webhooks of {SHOP}"
    assert f"\n{named}, failed: {REASON}" in backroom("status").out
    (told,) = (each for each in backroom("doctor", "--json").json if each["check"] == "runs")
    assert told["found"] == f"{named}: {REASON}"


def test_nothing_is_told_of_a_removed_shops_runs(house: House, backroom: Backroom) -> None:
    run_id = ended(house.database, house.shop_id, "sync", REASON)
    assert f"run {run_id}," in backroom("status").out
    with house.database.writing() as transaction:
        remove_shop(transaction, SHOP)
    assert f"run {run_id}," not in backroom("status").out
    assert [each["state"] for each in backroom("doctor", "--json").json if each["check"] == "runs"] == ["ok"]


def test_a_terminal_gets_whole_words_and_a_pipe_whole_lines(house: House, backroom: Backroom) -> None:
    ended(house.database, house.shop_id, "sync", REASON)
    piped = backroom("status").out.splitlines()
    assert max(map(len, piped)) > 200
    lines = on_a_terminal(80)
    assert max(map(len, lines)) <= 80
    assert " ".join(lines).split() == " ".join(piped).split()


def test_a_line_goes_on_indented_and_no_word_of_it_is_broken() -> None:
    assert wrapped("a line that is long enough for a well-known word", 40, 2) == [
        "a line that is long enough for a",
        "  well-known word",
    ]
    address = "https://" + "x" * 90
    assert wrapped(f"see {address} now", 80, 2) == ["see", f"  {address}", "  now"]
    assert wrapped("word " * 50, None, 2) == ["word " * 50]
