"""Who gets in: a fixed token, tokens that are granted and expire, and the rotating pair."""

import httpx
import pytest

from shopify_simulator.simulation import CLIENT_ID
from tests.simulator.admin.asking import SECRET, Asking, Json

GRANT = "/admin/oauth/access_token"
WHO = {"client_id": CLIENT_ID, "client_secret": SECRET}


def grant(api: Asking, **form: str) -> httpx.Response:
    return api.client.post(GRANT, json={**WHO, **form})


def opens(api: Asking, token: str) -> bool:
    api.headers = {"X-Shopify-Access-Token": token}
    response = api.post("{ shop { name } }")
    assert response.status_code in (200, 401)
    return response.status_code == 200


def install(api: Asking) -> Json:
    return dict(api.control("POST", "/admin/tokens", {"install": True}))


def refresh(api: Asking, token: str) -> httpx.Response:
    return grant(api, grant_type="refresh_token", refresh_token=token)


@pytest.mark.parametrize("token", ["", "shpat_wrong", "hush"])
def test_without_a_token_that_is_known_nobody_gets_in(api: Asking, token: str) -> None:
    assert not opens(api, token)
    assert "Invalid API key or access token" in api.post("{ shop { name } }").json()["errors"]


@pytest.mark.parametrize("as_form", [True, False])
def test_client_credentials_get_a_token_for_a_day(api: Asking, as_form: bool) -> None:
    form = {**WHO, "grant_type": "client_credentials"}
    response = api.client.post(GRANT, data=form) if as_form else api.client.post(GRANT, json=form)
    assert response.status_code == 200
    granted = response.json()
    assert granted.keys() == {"access_token", "scope", "expires_in"}
    assert granted["expires_in"] == 86_399
    assert "read_products" in granted["scope"].split(",")
    assert opens(api, granted["access_token"])
    api.clock.advance(86_400)
    assert not opens(api, granted["access_token"])


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"client_secret": "wrong", "grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"client_id": "another", "grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "wrong"}, 400, "invalid_grant"),
    ],
)
def test_a_wrong_grant_is_refused_and_shows_no_secret(
    api: Asking, form: dict[str, str], status: int, code: str
) -> None:
    response = grant(api, **form)
    assert (response.status_code, response.json()["error"]) == (status, code)
    assert SECRET not in response.text


def test_a_rotated_secret_gets_tokens_and_the_old_one_until_it_is_revoked(api: Asking) -> None:
    api.control("POST", "/secrets", {"secret": "newer"})
    form = {"grant_type": "client_credentials"}
    assert grant(api, **form).status_code == 200
    assert grant(api, **form, client_secret="newer").status_code == 200
    api.control("DELETE", "/secrets/old")
    assert grant(api, **form).status_code == 401


def test_an_offline_token_is_good_for_an_hour_and_is_refreshed_in_pairs(api: Asking) -> None:
    first = install(api)
    assert opens(api, first["access_token"])
    api.clock.advance(3_600)
    assert not opens(api, first["access_token"])
    second = refresh(api, first["refresh_token"]).json()
    assert second.keys() == {
        *("access_token", "scope", "expires_in"),
        *("refresh_token", "refresh_token_expires_in"),
    }
    assert (second["expires_in"], second["refresh_token_expires_in"]) == (3_600, 7_776_000)
    assert opens(api, second["access_token"])


def test_a_refresh_token_is_good_until_the_one_that_it_gave_is_used(api: Asking) -> None:
    first = install(api)["refresh_token"]
    lost = refresh(api, first).json()["refresh_token"]
    second = refresh(api, first).json()["refresh_token"]
    assert refresh(api, lost).status_code == 400
    third = refresh(api, second).json()["refresh_token"]
    assert refresh(api, first).status_code == 400
    assert refresh(api, third).status_code == 200


def test_a_refresh_token_ends_after_ninety_days_and_when_told_to(api: Asking) -> None:
    first = install(api)["refresh_token"]
    api.clock.advance(7_776_000)
    assert refresh(api, first).status_code == 400
    second = install(api)["refresh_token"]
    api.control("POST", "/admin/tokens", {"expire": "refresh"})
    assert refresh(api, second).status_code == 400


def test_all_granted_tokens_end_when_told_to_and_the_fixed_one_stays(api: Asking) -> None:
    token = install(api)["access_token"]
    api.control("POST", "/admin/tokens", {"expire": "access"})
    assert opens(api, "shpat_fixed")
    assert not opens(api, token)


@pytest.mark.parametrize(
    ("asked", "answers"),
    [("2026-10", "2026-10"), ("2026-01", "2026-01"), ("2024-04", "2026-01"), ("x", "2026-01")],
)
def test_a_version_that_is_no_more_is_answered_by_the_oldest_one(
    api: Asking, asked: str, answers: str
) -> None:
    response = api.client.post(
        f"/admin/api/{asked}/graphql.json", json={"query": "{ shop { id } }"}, headers=api.headers
    )
    assert response.status_code == 200
    assert response.headers["x-shopify-api-version"] == answers
    assert response.headers["x-request-id"]


def test_a_body_that_is_no_question_is_a_400(api: Asking) -> None:
    path = "/admin/api/2026-10/graphql.json"
    assert api.client.post(path, content=b"{", headers=api.headers).status_code == 400
    assert api.client.post(path, json={"variables": {}}, headers=api.headers).status_code == 400
