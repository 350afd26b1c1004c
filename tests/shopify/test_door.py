"""A process's door keeps one client for each shop, and lets it go where what opens the shop was replaced."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from backroom.db.database import Database
from backroom.shopify.door import Door
from backroom.shops.credentials import read_whereabouts
from backroom.shops.shops import add_shop, read_opening, remove_shop, set_setting
from backroom.shops.vault import Vault
from backroom.vocabulary.errors import ScopeMissing, Unknown
from backroom.vocabulary.ids import ShopId
from tests.shopify.stub import DOMAIN, data, errors

VAULT = Vault(["k" * 32])
QUERY = "query { shop { name } }"


class Doorway:
    """One process's door, and a Shopify that grants a token for each secret, named after it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tokens: list[str] = []
        self.grants: list[str] = []
        self.denied: set[str] = set()
        self.door = Door(
            database, VAULT, "2026-10", http=httpx.Client(transport=httpx.MockTransport(self._answer))
        )

    def open(self, **opening: Any) -> ShopId:
        """As `shop add` does."""
        with self.database.writing() as transaction:
            text = json.dumps(opening).encode()
            return add_shop(transaction, VAULT, DOMAIN, read_opening(text), client_id="app")

    def ask(self, shop_id: ShopId) -> str:
        """The token that a question travelled with."""
        self.door.client(shop_id).ask(QUERY)
        return self.tokens[-1]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/access_token"):
            secret = msgspec.json.decode(request.content)["client_secret"]
            self.grants.append(secret)
            return httpx.Response(
                200, json={"access_token": f"for {secret}", "scope": "", "expires_in": 86_399}
            )
        self.tokens.append(request.headers["x-shopify-access-token"])
        return errors("ACCESS_DENIED") if self.tokens[-1] in self.denied else data({"ok": 1})


@pytest.fixture
def doorway(database: Database) -> Iterator[Doorway]:
    made = Doorway(database)
    yield made
    made.door.close()


def test_a_token_that_was_replaced_is_used_by_a_process_that_held_the_old_one(doorway: Doorway) -> None:
    doorway.denied = {"old"}
    shop_id = doorway.open(access_token="old")
    with pytest.raises(ScopeMissing):
        doorway.ask(shop_id)
    doorway.open(access_token="new")
    assert doorway.ask(shop_id) == "new"


def test_another_apps_secret_ends_the_use_of_the_first_ones_token(doorway: Doorway) -> None:
    shop_id = doorway.open(client_secret="first")
    assert doorway.ask(shop_id) == "for first"
    doorway.open(client_secret="second")
    assert doorway.ask(shop_id) == "for second"


def test_a_shop_that_was_removed_is_not_asked_and_opened_anew_with_what_is_given_then(
    doorway: Doorway,
) -> None:
    shop_id = doorway.open(access_token="old")
    doorway.ask(shop_id)
    with doorway.database.writing() as transaction:
        remove_shop(transaction, DOMAIN)
    with pytest.raises(Unknown):
        doorway.ask(shop_id)
    doorway.open(access_token="new")
    assert doorway.ask(shop_id) == "new"


def test_a_client_stays_while_nothing_is_replaced_and_a_grant_replaces_nothing(doorway: Doorway) -> None:
    shop_id = doorway.open(client_secret="first")
    client = doorway.door.client(shop_id)
    doorway.ask(shop_id)
    doorway.ask(shop_id)
    assert doorway.door.client(shop_id) is client
    assert doorway.grants == ["first"]


def test_another_address_wants_another_client(doorway: Doorway) -> None:
    shop_id = doorway.open(access_token="old")
    client = doorway.door.client(shop_id)
    with doorway.database.writing() as transaction:
        set_setting(transaction, DOMAIN, "api_url", "http://127.0.0.1:9/shop")
    assert doorway.door.client(shop_id) is not client


def test_what_opens_a_shop_is_not_shown_with_its_address(doorway: Doorway) -> None:
    shop_id = doorway.open(access_token="old")
    with doorway.database.reading() as transaction:
        shown = repr(read_whereabouts(transaction, shop_id))
    assert shown == f"Whereabouts(domain='{DOMAIN}', api_url=None)"
