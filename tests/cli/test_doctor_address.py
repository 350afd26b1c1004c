"""The doctor on where Shopify reaches us: it is said, and Shopify takes it."""

import json
from pathlib import Path

import pytest

from backroom.cli.doctor_address import look_at_address, look_for_address
from backroom.cli.doctor_findings import Finding
from backroom.compose import House
from backroom.db.database import Database
from backroom.jobs.schedules import WEBHOOKS, set_schedule
from backroom.settings import Settings
from backroom.shops.shops import add_shop, read_opening
from backroom.shops.vault import Vault
from backroom.vocabulary.ids import ShopId
from tests.cli.conftest import Backroom
from tests.house import make_shop

VAULT = Vault(["k" * 40])
DOMAIN = "one.myshopify.com"
TOKEN = json.dumps({"access_token": "hush", "webhook_secrets": ["hush"]})


def found_with(database: Database, home: Path, public_url: str | None = None) -> Finding:
    (found,) = look_for_address(House(Settings(home=home, public_url=public_url), database, VAULT))
    return found


def open_shop(database: Database) -> ShopId:
    with database.writing() as transaction:
        return add_shop(transaction, VAULT, DOMAIN, read_opening(TOKEN.encode()))


def test_no_address_is_a_warning_where_a_shop_s_subscriptions_would_be_looked_at(
    database: Database, tmp_path: Path
) -> None:
    open_shop(database)
    found = found_with(database, tmp_path)
    assert found.state == "warn"
    assert found.found == "BACKROOM_PUBLIC_URL is not set: no webhook subscription can be made"
    assert "set it to where Shopify reaches" in str(found.advice)


def test_what_the_doctor_advises_instead_of_an_address_is_enough(database: Database, tmp_path: Path) -> None:
    shop_id = open_shop(database)
    assert "backroom schedule off webhooks" in str(found_with(database, tmp_path).advice)
    with database.writing() as transaction:
        set_schedule(transaction, shop_id, WEBHOOKS, is_on=False)
    assert found_with(database, tmp_path).state == "ok"


def test_no_address_is_a_note_where_no_shop_can_be_asked(database: Database, tmp_path: Path) -> None:
    assert found_with(database, tmp_path).state == "ok"
    make_shop(database, "heard-only.myshopify.com")
    found = found_with(database, tmp_path)
    assert (found.state, found.advice) == ("ok", None)
    assert "BACKROOM_PUBLIC_URL is not set" in found.found


def test_the_address_is_shown_as_shopify_is_given_it(database: Database, tmp_path: Path) -> None:
    found = found_with(database, tmp_path, "https://backroom.example.com/shop/")
    assert found.state == "ok"
    assert found.found == "webhooks come to https://backroom.example.com/shop/api/webhooks"


@pytest.mark.parametrize(
    ("address", "state", "said"),
    [
        ("http://backroom.example.com", "warn", "Shopify delivers to https only"),
        ("http://10.0.0.7:8765", "warn", "Shopify delivers to https only"),
        ("http://127.0.0.1:8765", "ok", "Shopify does not"),
        ("http://localhost:8765", "ok", "Shopify does not"),
        ("http://[::1]:8765", "ok", "Shopify does not"),
        ("https://127.0.0.1", "ok", "Shopify does not"),
    ],
)
def test_an_address_that_shopify_does_not_take_is_told(address: str, state: str, said: str) -> None:
    found = look_at_address(address)
    assert (found.state, found.advice is None) == (state, state == "ok")
    assert f"{address}/api/webhooks" in found.found
    assert said in found.found


def test_in_a_pipe_each_finding_is_a_line_no_longer_than_what_it_says(backroom: Backroom) -> None:
    backroom("shop", "add", DOMAIN, stdin=TOKEN)
    (found,) = (each for each in backroom("doctor", "--json").json if each["check"] == "address")
    head, *lines = backroom("doctor").out.splitlines()
    assert head.split() == ["check", "state", "found"]
    (line,) = (each for each in lines if each.startswith("address "))
    assert line.split(maxsplit=2) == ["address", "warn", f"{found['found']}; {found['advice']}"]
    begins = head.index("found")
    assert not any("  " in line[begins:] or line.endswith(" ") for line in lines)
