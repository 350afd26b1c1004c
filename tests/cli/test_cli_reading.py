import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from backroom.erp.tables import listing
from backroom.worker.tables import worker
from tests.bodies import product, variant
from tests.cli.conftest import Backroom, house_in
from tests.house import House, instant
from tests.rooms.catalogue import SECOND, second_shop
from tests.rooms.failing import UNREADABLE, unprocessable
from tests.rooms.stockroom import change, told_by, variant_row, written

HOSTILE = "[bold]Iron[/bold] \x1b[31mpan \u202eback\nwards"


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    """A house in the home that the commands look at. Made before `backroom`: its log goes elsewhere."""
    with house_in(home) as opened:
        yield opened


def test_the_status_as_json_is_the_promised_document(house: House, backroom: Backroom) -> None:
    house.play("products/create", UNREADABLE)
    house.deliver("products/create", product(7))

    found = backroom("status", "--json").json
    assert set(found) >= {
        "inbox_pending", "dirty", "parked", "wanted", "dead", "running", "lag_seconds", "shops", "workers",
    }  # fmt: skip
    assert (found["inbox_pending"], found["parked"], found["running"]) == (1, 1, 0)
    assert found["shops"][0]["domain"] == "one.myshopify.com"


def test_the_status_for_people_says_who_works(house: House, backroom: Backroom) -> None:
    said = backroom("status")
    assert "nothing waits" in said.out
    assert "no worker is alive" in said.out

    with house.database.writing() as transaction:
        now = transaction.now()
        transaction.execute(
            insert(worker).values(name="w1", host="h", pid=1, started_at=now, heartbeat_at=now)
        )
    house.deliver("products/create", product(7))
    said = backroom("status")
    assert "the oldest work that waits is" in said.out
    assert "worker w1 works" in said.out
    assert "no worker is alive" not in said.out
    assert [each["name"] for each in backroom("status", "--json").json["workers"]] == ["w1"]


def test_deliveries_are_listed_newest_first_and_filtered(house: House, backroom: Backroom) -> None:
    house.play("products/create", product(7))
    house.play("orders/create", b"{}")
    house.play("products/create", UNREADABLE)

    def ids(*options: str) -> list[int]:
        return [row["id"] for row in backroom("deliveries", "list", *options, "--json").json]

    assert ids() == [3, 2, 1]
    assert ids("--topic", "orders/create") == [2]
    assert ids("--state", "parked") == [3]
    assert ids("--outcome", "cached") == [1]
    assert ids("--shop", "One.myshopify.com", "--before", "3") == [2, 1]
    assert "parked: the body is not JSON" in backroom("deliveries", "list").out


def test_a_list_that_is_cut_says_so_on_stderr(house: House, backroom: Backroom) -> None:
    for _ in range(3):
        house.play("orders/create", b"{}")

    said = backroom("deliveries", "list", "--limit", "2", "--json")
    assert [row["id"] for row in said.json] == [3, 2]
    assert said.err == "older ones: --before 2\n"
    said = backroom("deliveries", "list", "--limit", "3", "--json")
    assert (len(said.json), said.err) == (3, "")
    assert backroom("deliveries", "list", "--limit", "0").code == 2


def test_one_delivery_is_shown_with_its_body(house: House, backroom: Backroom) -> None:
    house.play("products/create", product(7))
    house.play("orders/create", b"\xff")

    assert '"title":"Product 7"' in backroom("deliveries", "show", "1").out
    assert json.loads(backroom("deliveries", "show", "1", "--json").json["body"]["text"])["id"] == 7
    said = backroom("deliveries", "show", "2")
    assert "in base64" in said.out
    assert "/w==" in said.out


def test_a_delivery_that_is_not_there_is_a_failure_in_one_sentence(house: House, backroom: Backroom) -> None:
    for words in (["show", "9"], ["replay", "9"]):
        said = backroom("deliveries", *words)
        assert (said.code, said.out, said.err) == (1, "", "backroom: there is no delivery 9\n")


def test_deliveries_are_replayed(house: House, backroom: Backroom) -> None:
    house.play("products/create", product(7))
    house.play("products/create", product(8))

    assert backroom("deliveries", "replay", "1", "2").out == "2 deliveries are pending again\n"
    assert [row["state"] for row in house.deliveries()] == ["pending", "pending"]


def test_failures_are_listed_retried_and_discarded(house: House, backroom: Backroom) -> None:
    assert backroom("failures", "list").out == "nothing is parked or given up\n"
    house.play("products/create", UNREADABLE)
    house.play("products/create", unprocessable(34))

    listed = backroom("failures", "list", "--json").json
    assert [(row["id"], row["state"]) for row in listed] == [
        ("delivery:1", "parked"),
        ("product:34", "parked"),
    ]
    assert "is not an amount" in backroom("failures", "list").out
    assert backroom("failures", "retry", "delivery:1", "product:99").code == 1
    assert backroom("failures", "retry", "product:x").code == 2
    assert (
        backroom("failures", "retry", "delivery:1", "--shop", "one.myshopify.com").out
        == "1 rows are due again\n"
    )
    assert backroom("failures", "discard", "product:34").out == "1 rows are discarded\n"
    assert backroom("failures", "list", "--json").json == []


def test_why_names_the_delivery_that_set_the_value_and_the_value_before(
    house: House, backroom: Backroom
) -> None:
    house.play("products/create", product(7), triggered_at=instant(0))
    house.play(
        "products/update", product(7, at=1, variants=[variant(701, price="21.50")]), triggered_at=instant(1)
    )
    house.play(
        "products/update",
        product(7, at=2, vendor="New", variants=[variant(701, price="21.50")]),
        webhook_id="c",
    )

    said = backroom("why", "sku", "CODE-701", "price").out
    assert "price is 21.50" in said
    assert "by delivery 2 (products/update, triggered 2025-10-09 08:53:21Z)" in said
    assert "before, it was 19.99" in said
    (answer,) = backroom("why", "sku", "CODE-701", "price", "--json").json
    assert (answer["value"], answer["before"], answer["delivery_id"]) == ("21.50", "19.99", 2)
    assert "it was created with this value" in backroom("why", "product", "7", "handle").out
    (answer,) = backroom("why", "product", "7", "vendor", "--json").json
    assert (answer["value"], answer["before"], answer["delivery_id"]) == ("New", "Acme", 3)


def test_why_of_stock_names_the_location_and_lists_the_history_where_it_is_asked_for(
    house: House, backroom: Backroom
) -> None:
    variant_row(house, 1, 11)
    written(house, locations=[change(7, name="Berlin")], levels=[change(11, 8, available=None)])
    for number in range(1, 4):
        written(house, levels=[change(11, 7, available=number, cause=told_by(number))])

    lines = backroom("why", "sku", "CODE-1", "available").out.splitlines()
    assert lines[:2] == ["available of CODE-1 is not known: one of its levels is not tracked", ""]
    assert lines[2] == "inventory level 11:7 at Berlin of one.myshopify.com"
    assert lines[3] == "  available is 3"
    assert "by delivery 3 (inventory_levels/update, triggered" in lines[4]
    assert lines[5:] == ["  before, it was 2", "", *lines[7:]]
    assert lines[7:9] == [
        "inventory level 11:8 at location 8 of one.myshopify.com",
        "  available is not tracked",
    ]

    said = backroom("why", "sku", "CODE-1", "available", "--history").out.splitlines()
    assert [line.split("Z  ")[1].split(" (")[0] for line in said[6:9]] == [
        "2 to 3, by delivery 3",
        "1 to 2, by delivery 2",
        "created, by delivery 1",
    ]
    said = backroom("why", "sku", "CODE-1", "available", "--history", "--limit", "1").out.splitlines()
    assert said[7] == "  there are older ones: see --limit"

    first, second = backroom("why", "sku", "CODE-1", "available", "--history", "--json").json
    assert (first["location_id"], first["location"], second["location"]) == ("7", "Berlin", None)
    assert [(each["old"], each["new"], each["created"]) for each in first["history"]] == [
        (2, 3, False),
        (1, 2, False),
        (None, None, True),
    ]
    assert "history" not in backroom("why", "sku", "CODE-1", "available", "--json").json[0]


def test_the_status_tells_of_levels_that_no_variant_has(house: House, backroom: Backroom) -> None:
    assert "no known variant has" not in backroom("status").out
    written(house, levels=[change(11, 7, available=1), change(11, 8, available=1)])

    assert "levels of stock whose item no known variant has: 2" in backroom("status").out
    found = backroom("status", "--json").json
    assert (found["levels_without_variant"], found["shops"][0]["levels_without_variant"]) == (2, 2)


def test_why_refuses_what_it_does_not_know(house: House, backroom: Backroom) -> None:
    house.play("products/create", product(7))

    said = backroom("why", "sku", "CODE-701", "colour")
    assert (said.code, "compare_at_price" in said.err) == (2, True)
    assert backroom("why", "sku", "NONE", "price").code == 1
    assert backroom("why", "sku", "NONE", "available").code == 1
    assert backroom("why", "sku", "CODE-701", "on_hand").out == "no stock is known of it\n"
    assert backroom("why", "product", "8", "title").code == 1


def test_a_dry_run_shows_the_difference_and_changes_nothing(house: House, backroom: Backroom) -> None:
    house.play("products/create", product(7))
    with house.database.writing() as transaction:
        transaction.execute(update(listing).values(vendor="By hand"))
    before = house.cache(), house.listings()

    said = backroom("reprocess", "products", "--dry-run")
    assert "vendor of listing 7" in said.out
    assert "1 rows looked at: 1 differences, 0 rows that can not be applied" in said.out
    (finding,) = backroom("reprocess", "products", "--dry-run", "--json").json
    assert (finding["id"], finding["field"], finding["old"], finding["new"]) == (
        "7",
        "vendor",
        "By hand",
        "Acme",
    )
    assert (house.cache(), house.listings()) == before


def test_reprocessing_marks_what_differs_and_says_where_nobody_works(
    house: House, backroom: Backroom
) -> None:
    house.play("products/create", product(7))
    assert backroom("reprocess", "products", "--json").json == []
    with house.database.writing() as transaction:
        transaction.execute(update(listing).values(vendor="By hand"))

    said = backroom("reprocess", "products")
    assert "1 rows are marked for the workers" in said.out
    assert "no worker is alive" in said.err
    house.settle()
    assert house.listings()[0]["vendor"] == "Acme"


def test_reprocessing_takes_one_shop_and_a_resource_that_exists(house: House, backroom: Backroom) -> None:
    house.play("products/create", product(7), shop_id=second_shop(house))

    assert "1 rows looked at" in backroom("reprocess", "products", "--dry-run", "--shop", SECOND).out
    assert (
        "0 rows looked at"
        in backroom("reprocess", "products", "--dry-run", "--shop", "one.myshopify.com").out
    )
    assert backroom("reprocess", "products", "--dry-run", "--shop", "nobody").code == 1
    assert backroom("reprocess", "colours", "--dry-run").code == 2


def test_hostile_titles_reach_no_terminal(house: House, backroom: Backroom) -> None:
    house.play("products/create", product(7, title=HOSTILE))
    house.play("orders/create", HOSTILE.encode())
    with house.database.writing() as transaction:
        transaction.execute(update(listing).values(title="Plain"))

    outputs = [
        backroom("why", "product", "7", "name").out,
        backroom("reprocess", "products", "--dry-run").out,
        backroom("deliveries", "show", "2").out,
    ]
    for out in outputs:
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "[bold]Iron[/bold]" in out, "what Rich would take for markup is shown as it is"


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("deliveries", "list"),
        ("failures", "list"),
        ("why", "sku", "CODE-701", "price"),
        ("why", "sku", "CODE-701", "price", "--history"),
        ("why", "sku", "CODE-701", "available"),
        ("reprocess", "products", "--dry-run"),
    ],
    ids=" ".join,
)
def test_listings_as_json_are_json_and_nothing_else(
    house: House, backroom: Backroom, words: tuple[str, ...]
) -> None:
    house.play("products/create", product(7))

    said = backroom(*words, "--json")
    assert said.code == 0
    assert isinstance(said.json, list if words != ("status",) else dict)
