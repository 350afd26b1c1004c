"""What goes wrong at the Admin API: exactly when told to, or by chance from a seed."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from shopify_simulator.admin.faults import FAULTS, AdminFaults, Kind, Mishaps
from tests.simulator.admin.asking import PAGE, Asking, asking
from tests.simulator.admin.test_tokens import grant

SHOP = "{ shop { name } }"


@pytest.fixture
def hasty() -> Iterator[Asking]:
    """A shop whose faults take no time."""
    with asking(faults=AdminFaults(hang_seconds=0.05, slow_seconds=0.05)) as api:
        yield api


def script(api: Asking, kind: str, *names: str) -> None:
    api.control("POST", "/admin/scripts", {kind: names})


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("unauthorized", 401), ("frozen", 402), ("forbidden", 403), ("gone", 404), ("locked", 423),
        ("too_many", 429), ("error_page", 502), ("error", 503), ("hang", 504),
    ],
)  # fmt: skip
def test_the_next_request_fails_with_that_status_and_the_one_after_it_does_not(
    hasty: Asking, fault: str, status: int
) -> None:
    script(hasty, "request", "ok", fault)
    assert hasty.post(SHOP).status_code == 200
    failed = hasty.post(SHOP)
    assert failed.status_code == status
    assert failed.headers["content-type"].startswith(
        "text/html" if fault == "error_page" else "application/json"
    )
    assert failed.headers.get("retry-after") == ("1.0" if status == 429 else None)
    assert hasty.post(SHOP).status_code == 200


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("throttle", "THROTTLED"),
        ("inactive", "SHOP_INACTIVE"),
        ("internal", "INTERNAL_SERVER_ERROR"),
        ("denied", "ACCESS_DENIED"),
    ],
)
def test_the_next_request_gets_that_code_in_a_200(api: Asking, fault: str, code: str) -> None:
    script(api, "request", fault)
    assert api.code(PAGE, first=1) == code
    api.seconds.pass_by(60)
    assert "errors" not in api.ask(PAGE, first=1)


@pytest.mark.parametrize("fault", ["reset", "cut"])
def test_the_next_connection_breaks_and_the_server_says_nothing(
    api: Asking, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    script(api, "request", fault)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        api.post(SHOP)
    assert api.post(SHOP).status_code == 200
    assert [each for each in caplog.records if each.name.startswith("uvicorn")] == []


def test_a_slow_body_arrives_whole(hasty: Asking) -> None:
    script(hasty, "request", "slow")
    assert hasty.data(SHOP) == {"shop": {"name": "Demo"}}


def test_an_injected_throttle_tells_the_truth_about_the_bucket(api: Asking) -> None:
    script(api, "request", "throttle")
    cost = api.ask(PAGE, first=50)["extensions"]["cost"]
    assert cost["throttleStatus"]["currentlyAvailable"] == 0
    api.seconds.pass_by(cost["requestedQueryCost"] / cost["throttleStatus"]["restoreRate"])
    assert "errors" not in api.ask(PAGE, first=50)
    counts = api.control("GET", "/admin")["counts"]
    assert (counts["throttled"], counts["throttled_by_fault"], counts["throttled_avoidably"]) == (1, 1, 0)


def test_a_scope_that_is_missing_is_named_and_the_rest_is_answered(api: Asking) -> None:
    api.control("POST", "/admin", {"scopes": ["read_orders"]})
    answer = api.ask('{ shop { name } product(id: "gid://shopify/Product/1") { id } }')
    assert answer["data"] == {"shop": {"name": "Demo"}, "product": None}
    (error,) = answer["errors"]
    assert "`read_products` access scope" in error["message"]
    assert error["path"] == ["product"]
    assert api.ask(PAGE, first=1)["data"] is None
    scopes = api.data("{ currentAppInstallation { accessScopes { handle } } }")
    assert scopes["currentAppInstallation"]["accessScopes"] == [{"handle": "read_orders"}]


@pytest.mark.parametrize(
    ("state", "status"), [("frozen", 402), ("gone", 404), ("locked", 423), ("inactive", 200)]
)
def test_a_shop_that_is_closed_stays_closed_until_it_opens(api: Asking, state: str, status: int) -> None:
    api.control("POST", "/admin/faults", {"shop": state})
    for _ in range(3):
        response = api.post(SHOP)
        assert response.status_code == status
        assert "errors" in response.json()
    api.control("POST", "/admin/faults", {})
    assert api.data(SHOP)


def test_an_answer_that_lags_is_of_an_older_moment(api: Asking) -> None:
    api.control("POST", "/admin/faults", {"lag_seconds": 5})
    product = next(iter(api.simulation.shop.products.values()))
    api.clock.advance(60)
    api.control("PATCH", f"/products/{product.id}", {"title": "Newer"})
    fresh = api.control("POST", "/products", {"title": "Fresh"}, status=201)["id"]
    ids = [f"gid://shopify/Product/{number}" for number in (product.id, fresh)]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Product { title } } }"
    script(api, "request", "lag", "ok", "lag")
    assert api.data(query, ids=ids)["nodes"] == [{"title": product.title}, None]
    assert api.data(query, ids=ids)["nodes"] == [{"title": "Newer"}, {"title": "Fresh"}]
    api.seconds.pass_by(6)
    assert api.data(query, ids=ids)["nodes"] == [{"title": "Newer"}, {"title": "Fresh"}]


def test_nodes_can_answer_null_for_what_is_there(api: Asking) -> None:
    ids = [f"gid://shopify/Product/{number}" for number in api.simulation.shop.products]
    script(api, "request", "absent")
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert api.data(query, ids=ids)["nodes"] == [None, *({"id": each} for each in ids[1:])]


@pytest.mark.parametrize(("fault", "status"), [("error", 503), ("hang", 504), ("refused", 401)])
def test_a_grant_fails_when_told_to(hasty: Asking, fault: str, status: int) -> None:
    script(hasty, "grant", fault)
    assert grant(hasty, grant_type="client_credentials").status_code == status
    assert grant(hasty, grant_type="client_credentials").status_code == 200


@pytest.mark.parametrize(("fault", "status"), [("error", 503), ("hang", 504), ("expired", 403)])
def test_a_download_fails_when_told_to(hasty: Asking, fault: str, status: int) -> None:
    address = hasty.ended(hasty.run_bulk())["url"]
    script(hasty, "download", fault)
    assert hasty.client.get(address).status_code == status
    assert hasty.client.get(address).status_code == 200


def test_a_download_breaks_off_and_the_rest_can_be_fetched(hasty: Asking) -> None:
    address = hasty.ended(hasty.run_bulk())["url"]
    whole = hasty.client.get(address).content
    script(hasty, "download", "cut", "slow")
    got = b""
    broken = suppress(httpx.RemoteProtocolError, httpx.ReadError)
    with broken, hasty.client.stream("GET", address) as response:
        for piece in response.iter_raw():
            got += piece
    assert 0 < len(got) < len(whole)
    rest = hasty.client.get(address, headers={"Range": f"bytes={len(got)}-"})
    assert got + rest.content == whole


def test_a_truncated_file_is_told_of_as_whole(api: Asking) -> None:
    script(api, "bulk", "truncate")
    ended = api.ended(api.run_bulk())
    body = api.client.get(ended["url"]).content
    assert ended["status"] == "COMPLETED"
    assert body.count(b"\n") < int(ended["objectCount"])


def test_a_failed_one_may_have_a_part_of_its_file(api: Asking) -> None:
    script(api, "bulk", "fail")
    ended = api.ended(api.run_bulk())
    assert (ended["status"], ended["errorCode"], ended["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    assert api.client.get(ended["partialDataUrl"]).status_code == 200


@pytest.mark.parametrize(("fault", "status"), [("cancel", "CANCELED"), ("expire", "EXPIRED")])
def test_shopify_ends_one_by_itself(api: Asking, fault: str, status: str) -> None:
    script(api, "bulk", fault)
    ended = api.ended(api.run_bulk())
    assert (ended["status"], ended["url"]) == (status, None)


def test_one_that_stalls_runs_until_it_is_cancelled(api: Asking) -> None:
    script(api, "bulk", "stall")
    identity = api.run_bulk()
    assert api.operation(identity)["status"] in ("CREATED", "RUNNING")
    api.data("mutation ($id: ID!) { bulkOperationCancel(id: $id) { userErrors { message } } }", id=identity)
    assert api.ended(identity)["status"] == "CANCELED"


def test_chances_come_from_the_seed() -> None:
    def draws(seed: int) -> list[str | None]:
        mishaps = Mishaps(AdminFaults(seed=seed, request={"reset": 0.3, "throttle": 0.3}))
        return [mishaps.draw("request") for _ in range(200)]

    assert draws(1) == draws(1) != draws(2)
    assert 30 < draws(1).count("reset") < 80
    assert {*draws(1)} == {None, "reset", "throttle"}


@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_can_be_certain(kind: Kind) -> None:
    for name in FAULTS[kind]:
        given: dict[str, Any] = {kind: {name: 1.0}}
        assert Mishaps(AdminFaults(**given)).draw(kind) == name


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/admin/faults", {"request": {"explode": 1}}, "explode"),
        ("/admin/faults", {"request": {"reset": 2}}, "probability"),
        ("/admin/faults", {"shop": "haunted"}, "open"),
        ("/admin/faults", {"hang_seconds": -1}, "hang_seconds"),
        ("/admin/faults", {"explode": 1}, "explode"),
        ("/admin/scripts", {"bulk": ["explode"]}, "explode"),
        ("/admin", {"points": {"maximum": 0, "rate": 1}}, "more than 0"),
        ("/admin", {"bulk": {"order": "sideways"}}, "sideways"),
        ("/admin", {"bulk": {"most_at_once": 0}}, "most_at_once"),
        ("/admin", {"versions": []}, "versions"),
    ],
)
def test_wrong_wishes_are_refused(api: Asking, path: str, body: object, says: str) -> None:
    refused = api.control("POST", path, body, status=400)
    assert says in refused["error"]


def test_faults_are_set_and_shown(api: Asking) -> None:
    api.control("POST", "/admin/scripts", {"request": ["reset", "ok"], "bulk": ["fail"]})
    shown = api.control("POST", "/admin/faults", {"download": {"cut": 0.5}, "slow_seconds": 9})
    assert shown["download"] == {"cut": 0.5}
    assert (shown["slow_seconds"], shown["shop"]) == (9, "open")
    assert shown["scripts"] == {"request": ["reset", "ok"], "grant": [], "download": [], "bulk": ["fail"]}
    assert api.control("POST", "/admin/faults", {})["download"] == {}


def test_control_shows_no_token(api: Asking) -> None:
    grant(api, grant_type="client_credentials")
    assert "shpat" not in json.dumps(api.control("GET", "/admin"))
    assert "shpat" not in repr(api.simulation.admin.tokens)
