"""The app on the shop: what it is told and what it keeps when it goes, comes back, and gets other scopes."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.admin.asking import SECRET, TOKEN, Asking, Json
from tests.simulator.admin.test_subscriptions import create, listed
from tests.simulator.admin.test_tokens import grant, install, opens, refresh
from tests.simulator.receiver import Receiver
from tests.simulator.shapes import json_type, samples
from tests.simulator.street import save, settled

APP_TOPICS = ["app/uninstalled", "app/scopes_update"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as opened:
        yield opened


def told(receiver: Receiver) -> list[str]:
    return [each.headers["x-shopify-topic"] for each in receiver.received]


def bodies(receiver: Receiver, topic: str) -> list[Json]:
    return [json.loads(each.body) for each in receiver.received if each.headers["x-shopify-topic"] == topic]


def uninstall(api: Asking) -> Json:
    return dict(api.control("POST", "/app/uninstall"))


def reinstall(api: Asking, **wanted: Any) -> Json:
    return dict(api.control("POST", "/app/reinstall", wanted))


def test_an_uninstalled_app_is_told_so_once_by_all_its_subscriptions(api: Asking, receiver: Receiver) -> None:
    api.simulation.subscribe(receiver.url, APP_TOPICS, "app")
    create(api, "APP_UNINSTALLED", uri=receiver.url)
    assert uninstall(api)["installed"] is False
    settled(api.simulation)
    assert told(receiver) == ["app/uninstalled"] * 2
    assert {each.headers["x-shopify-shop-domain"] for each in receiver.received} == {"demo.myshopify.com"}


def test_what_uninstalling_tells_is_the_shop_with_the_documented_keys(
    api: Asking, receiver: Receiver, payloads: Path
) -> None:
    api.simulation.subscribe(receiver.url, APP_TOPICS)
    uninstall(api)
    settled(api.simulation)
    (body,) = bodies(receiver, "app/uninstalled")
    (sample,) = samples(payloads, "app/uninstalled")
    assert body.keys() == sample.keys()
    assert (body["myshopify_domain"], body["currency"]) == ("demo.myshopify.com", "USD")
    # Where the sample has no value, any will do.
    known = {name for name, value in sample.items() if value is not None and body[name] is not None}
    assert {name: json_type(body[name]) for name in known} == {
        name: json_type(sample[name]) for name in known
    }


def test_without_the_app_no_token_opens_and_none_is_granted(api: Asking) -> None:
    credentials = {"grant_type": "client_credentials"}
    granted = grant(api, **credentials).json()["access_token"]
    pair = install(api)
    uninstall(api)
    for token in (TOKEN, granted, pair["access_token"]):
        assert not opens(api, token)
    for answer in (grant(api, **credentials), refresh(api, pair["refresh_token"])):
        assert (answer.status_code, answer.json()["error"]) == (400, "app_not_installed")
        assert SECRET not in answer.text
    api.control("POST", "/admin/tokens", {"install": True}, status=400)


def test_without_the_app_its_subscriptions_are_told_nothing_and_the_merchants_are(
    api: Asking, receiver: Receiver
) -> None:
    api.simulation.subscribe(receiver.url, ["products/update"], "app")
    api.simulation.subscribe(receiver.url, ["products/update"], "merchant")
    create(api, uri=receiver.url)
    uninstall(api)
    assert [each["made_by"] for each in api.control("GET", "/subscriptions")] == ["merchant"]
    save(api.simulation)
    assert settled(api.simulation)["deliveries"] == 1


def test_an_app_that_is_installed_again_has_its_configurations_subscriptions_and_not_the_apis(
    api: Asking, receiver: Receiver
) -> None:
    api.simulation.subscribe(receiver.url, ["products/update"], "app")
    create(api, uri=receiver.url)
    uninstall(api)
    assert reinstall(api)["installed"] is True
    assert opens(api, TOKEN)
    assert listed(api) == []
    save(api.simulation)
    assert settled(api.simulation)["delivered"] == 1
    assert create(api, uri=receiver.url)["uri"] == receiver.url


def test_what_was_granted_before_stays_revoked_and_anew_can_be_asked_for(api: Asking) -> None:
    granted = grant(api, grant_type="client_credentials").json()["access_token"]
    old = install(api)["refresh_token"]
    uninstall(api)
    reinstall(api, access_token="shpat_second")
    assert not opens(api, granted)
    assert refresh(api, old).json()["error"] == "invalid_grant"
    assert not opens(api, TOKEN)
    assert opens(api, "shpat_second")
    assert opens(api, grant(api, grant_type="client_credentials").json()["access_token"])


def test_an_app_that_is_gone_cannot_go_and_one_that_is_there_cannot_come(api: Asking) -> None:
    api.control("POST", "/app/reinstall", status=400)
    uninstall(api)
    api.control("POST", "/app/uninstall", status=400)
    assert api.control("GET", "/app")["installed"] is False


@pytest.mark.parametrize("path", ["/app", "/admin"])
def test_other_scopes_are_told_and_hold_at_once(
    api: Asking, receiver: Receiver, payloads: Path, path: str
) -> None:
    api.simulation.subscribe(receiver.url, APP_TOPICS)
    before = api.control("GET", "/app")["scopes"]
    after = api.control("POST", path, {"scopes": ["write_products", "read_orders"]})["scopes"]
    assert after == ["read_orders", "write_products"]
    asked = api.data("{ currentAppInstallation { accessScopes { handle } } }")["currentAppInstallation"]
    assert [each["handle"] for each in asked["accessScopes"]] == after
    settled(api.simulation)
    (body,) = bodies(receiver, "app/scopes_update")
    (sample,) = samples(payloads, "app/scopes_update")
    assert body.keys() == sample.keys()
    assert (body["previous"], body["current"]) == (before, after)
    assert datetime.fromisoformat(body["updated_at"]).tzinfo is not None


def test_scopes_that_stay_the_same_are_not_told(api: Asking, receiver: Receiver) -> None:
    api.simulation.subscribe(receiver.url, APP_TOPICS)
    api.control("POST", "/app", {"scopes": api.control("GET", "/app")["scopes"]})
    assert settled(api.simulation)["events"] == 0


def test_the_version_is_the_apps_and_changes_for_all_its_subscriptions(
    api: Asking, receiver: Receiver
) -> None:
    create(api, uri=receiver.url)
    assert api.control("POST", "/app", {"webhook_version": "2026-07"})["webhook_version"] == "2026-07"
    (held,) = listed(api)
    assert held["apiVersion"] == {"handle": "2026-07", "displayName": "2026-07", "supported": True}
    assert create(api, "PRODUCTS_CREATE")["apiVersion"]["handle"] == "2026-07"
    save(api.simulation)
    settled(api.simulation)
    assert receiver.received[0].headers["x-shopify-api-version"] == "2026-07"
    api.control("POST", "/admin", {"versions": ["2026-10", "2027-01"]})
    assert not listed(api)[0]["apiVersion"]["supported"]


def test_a_version_whose_bodies_nobody_can_write_is_refused(api: Asking) -> None:
    api.control("POST", "/app", {"webhook_version": "2024-01"}, status=400)


def test_a_rotation_goes_from_the_old_secret_to_the_new_one_within_its_hour(api: Asking) -> None:
    held = api.simulation.secrets
    api.control("POST", "/secrets", {"secret": "newer"})

    def signing() -> set[str]:
        return {held.for_delivery("app", number) for number in range(50)}

    api.clock.advance(1_800)
    assert signing() == {SECRET, "newer"}
    api.clock.advance(1_800)
    assert signing() == {"newer"}
