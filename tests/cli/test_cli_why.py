"""`why` on the command line, of what is not there under the name that it had."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bodies import product, variant
from tests.cli.conftest import Backroom, house_in
from tests.house import House, instant
from tests.rooms.stockroom import change, told_by, written


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    """A house in the home that the commands look at. Made before `backroom`: its log goes elsewhere."""
    with house_in(home) as opened:
        yield opened


def renamed(house: House, code: str | None) -> int:
    """The id of a SKU that lost its code OLD by delivery 2."""
    house.play("products/create", product(7, variants=[variant(701, sku="OLD")]), triggered_at=instant(1))
    body = product(7, at=2, variants=[variant(701, sku=code)])
    house.play("products/update", body, triggered_at=instant(2))
    return int(house.skus()[0]["id"])


@pytest.mark.parametrize(
    ("code", "now"), [(None, "it has none now"), ("\x1bNEW", r"its code is now \x1bNEW")]
)
def test_why_of_a_code_that_nobody_has_any_more_says_who_lost_it_and_how_to_ask_on(
    house: House, backroom: Backroom, code: str | None, now: str
) -> None:
    number = renamed(house, code)

    said = backroom("why", "sku", "OLD", "price")
    assert (said.code, said.out) == (1, "")
    first, second = said.err.splitlines()
    assert first == "backroom: no SKU has the code OLD"
    assert second.startswith(f"  SKU {number} had it until ")
    assert "Z, changed by delivery 2 (products/update, triggered 2025-10-09 08:53:22Z); " in second
    asked_on = f"backroom why sku --id {number} price"
    assert second.endswith(f"); {now}: `{asked_on}`")

    assert "price is 19.99" in backroom(*asked_on.split()[1:]).out


def test_more_skus_than_are_listed_lost_a_code_and_that_is_said(house: House, backroom: Backroom) -> None:
    for at, code in enumerate(("OLD", "NEW")):
        house.play(
            "products/update", product(7, at=at, variants=[variant(each, sku=code) for each in range(1, 30)])
        )

    lines = backroom("why", "sku", "OLD", "price").err.splitlines()
    assert (len(lines), lines[-1]) == (22, "  and more of them did")


def test_why_takes_a_sku_by_its_id_for_people_and_as_json(house: House, backroom: Backroom) -> None:
    number = str(renamed(house, None))
    written(house, levels=[change(1701, 7, available=5, cause=told_by(3))])

    first, *_ = backroom("why", "sku", "--id", number, "available").out.splitlines()
    assert first == f"available of SKU {number} is 5 (1 of 1 location counts)"
    for words in (("--id", number, "code", "--json"), ("code", "--json", "--id", number)):
        ours, shopifys = backroom("why", "sku", *words).json
        assert (ours["entity_id"], ours["value"], ours["before"]) == (int(number), None, "OLD")
        assert shopifys["entity"] == "listing_variant"
    said = backroom("why", "sku", "--id", "999", "price")
    assert (said.code, said.err) == (1, "backroom: no SKU has the id 999\n")


def test_a_sku_has_one_name_and_a_field(house: House, backroom: Backroom) -> None:
    number = str(renamed(house, "NEW"))

    refused: list[tuple[str, tuple[str, ...]]] = [
        ("a field is missing", ()),
        ("a field is missing", ("NEW",)),
        ("no such field", ("--id", number)),
        ("greater than or equal to 1", ("--id", "0", "price")),
        ("a code or --id, not both", ("NEW", "price", "--id", number)),
    ]
    for reason, words in refused:
        said = backroom("why", "sku", *words)
        assert (said.code, said.out, reason in said.err) == (2, "", True), said.err


def test_why_of_the_stock_of_a_deleted_sku_says_what_deleted_it(house: House, backroom: Backroom) -> None:
    house.play("products/create", product(7))
    written(house, levels=[change(1701, 7, available=5, cause=told_by(1))])
    house.play("products/delete", {"id": 7}, triggered_at=instant(2))

    lines = backroom("why", "sku", "CODE-701", "available").out.splitlines()
    deleted = "by delivery 2 (products/delete, triggered 2025-10-09 08:53:22Z)"
    assert lines[0] == "available of CODE-701 is not known: the SKU is inactive"
    assert lines[1].startswith("  inactive since ")
    assert lines[1].endswith(f"Z, {deleted}")
    assert lines[3] == "inventory level 1701:7 at location 7 of one.myshopify.com"
    assert lines[4].startswith("  its variant is inactive since ")
    assert lines[4].endswith(f"Z, {deleted}")
    assert lines[5] == "  available was 5"

    (level,) = backroom("why", "sku", "CODE-701", "available", "--json").json
    assert (level["level"]["is_active"], level["level"]["variant_is_active"]) == (True, False)
    assert level["level"]["variant_ended"]["delivery_id"] == 2
