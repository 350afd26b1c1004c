import json
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Backroom
from tests.simulator.admin.asking import SECRET, TOKEN, Asking, asking

DOMAIN = "demo.myshopify.com"


@pytest.fixture
def api() -> Iterator[Asking]:
    with asking() as opened:
        yield opened


def added(backroom: Backroom, api: Asking, *more: str, **opening: str) -> None:
    url = str(api.client.base_url).rstrip("/")
    said = backroom("shop", "add", DOMAIN, "--api-url", url, *more, stdin=json.dumps(opening))
    assert said.code == 0, said.err


def test_a_shop_says_who_it_is_and_what_it_grants(backroom: Backroom, api: Asking) -> None:
    added(backroom, api, access_token=TOKEN)
    said = backroom("shop", "test", DOMAIN)
    assert said.code == 0, said.err
    for words in ("2026-10, supported", "read_products", "2048 at most", "does not expire"):
        assert words in said.out
    (found,) = backroom("shop", "test", DOMAIN, "--json").json
    assert found["missing_scopes"] == []
    assert found["credential"] == "access_token"
    assert TOKEN not in said.out + said.err
    (shop,) = backroom("shop", "list", "--json").json
    assert shop["currency"] == found["currency"] != ""


def test_a_currency_that_was_set_stays(backroom: Backroom, api: Asking) -> None:
    added(backroom, api, access_token=TOKEN)
    backroom("shop", "set", DOMAIN, "currency", "JPY")
    assert backroom("shop", "test", DOMAIN).code == 0
    (shop,) = backroom("shop", "list", "--json").json
    assert shop["currency"] == "JPY"


def test_a_missing_scope_is_named_and_ends_with_1(backroom: Backroom, api: Asking) -> None:
    added(backroom, api, access_token=TOKEN)
    api.control("POST", "/admin", {"scopes": ["read_orders"]})
    said = backroom("shop", "test", DOMAIN)
    assert said.code == 1
    assert "read_products" in said.err
    assert "Traceback" not in said.err


def test_a_missing_scope_of_stock_is_named_with_what_needs_it(backroom: Backroom, api: Asking) -> None:
    added(backroom, api, access_token=TOKEN)
    api.control("POST", "/admin", {"scopes": ["read_products", "read_locations"]})
    said = backroom("shop", "test", DOMAIN)
    assert said.code == 1
    assert "missing      read_inventory (for inventory_items, inventory)\n" in said.out
    assert f"{DOMAIN} does not grant read_inventory (for inventory_items, inventory); add what" in said.err


def test_a_wrong_token_ends_with_1_and_says_what_to_do(backroom: Backroom, api: Asking) -> None:
    added(backroom, api, access_token="shpat_wrong")
    said = backroom("shop", "test", DOMAIN)
    assert said.code == 1
    assert f"`backroom shop add {DOMAIN}`" in said.err
    assert "shpat_wrong" not in said.err


def test_another_shop_that_answers_is_refused(backroom: Backroom, api: Asking) -> None:
    url = str(api.client.base_url).rstrip("/")
    opening = json.dumps({"access_token": TOKEN})
    backroom("shop", "add", "second.myshopify.com", "--api-url", url, stdin=opening)
    said = backroom("shop", "test", "second.myshopify.com")
    assert said.code == 1
    assert f"second.myshopify.com's address answers as {DOMAIN}: check its api_url" in said.err


def test_a_version_that_is_gone_is_warned_of(
    backroom: Backroom, api: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(backroom, api, access_token=TOKEN)
    monkeypatch.setenv("BACKROOM_API_VERSION", "2024-01")
    said = backroom("shop", "test", DOMAIN)
    assert "warning: API version 2024-01 is not supported any more" in said.err


def test_a_granted_token_is_stored_encrypted_and_its_end_is_shown(backroom: Backroom, api: Asking) -> None:
    client_id = str(api.simulation.admin.tokens.client_id)
    added(backroom, api, "--client-id", client_id, client_secret=SECRET)
    said = backroom("shop", "test", DOMAIN, "--json")
    (found,) = said.json
    assert found["credential"] == "client_secret"
    assert found["expires_at"] is not None
    assert said.err == "", "a command speaks for itself: what goes well is not logged, too"


def test_without_a_client_id_no_token_can_be_asked_for(backroom: Backroom, api: Asking) -> None:
    added(backroom, api, client_secret=SECRET)
    said = backroom("shop", "test", DOMAIN)
    assert said.code == 1
    assert "--client-id" in said.err


def test_an_api_version_is_a_quarter(backroom: Backroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKROOM_API_VERSION", "latest")
    said = backroom("shop", "list")
    assert said.code == 2
    assert "BACKROOM_API_VERSION" in said.err


def test_an_expiring_pair_is_refreshed_on_the_way(backroom: Backroom, api: Asking) -> None:
    client_id = str(api.simulation.admin.tokens.client_id)
    pair = api.control("POST", "/admin/tokens", {"install": True})
    added(backroom, api, "--client-id", client_id, **pair, client_secret=SECRET)
    (found,) = backroom("shop", "test", DOMAIN, "--json").json
    assert found["credential"] == "offline"
    api.control("POST", "/admin/tokens", {"expire": "access"})
    (later,) = backroom("shop", "test", DOMAIN, "--json").json
    assert later["expires_at"] != found["expires_at"], "it was refreshed"
    api.control("POST", "/admin/tokens", {"expire": "refresh"})
    api.control("POST", "/admin/tokens", {"expire": "access"})
    said = backroom("shop", "test", DOMAIN)
    assert said.code == 1
    assert "install the app anew" in said.err
