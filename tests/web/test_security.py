import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from backroom.compose import House, web_app
from backroom.db.database import Database
from backroom.settings import Settings
from backroom.vocabulary.errors import Misuse, StoreUnavailable, Terminal
from backroom.web.security import Doorkeeper
from backroom.web.tables import api_token
from backroom.web.tokens import Role, create_token, list_tokens, recognise, revoke_token
from tests.web.front import VAULT, Front, open_front

OPEN = {"/api/webhooks", "/api/webhooks/{topic:path}", "/healthz", "/readyz"}
READING = {"GET", "HEAD"}
AT_LEAST = {
    "/metrics",
    "/api/v1/openapi.json",
    "/api/v1/products",
    "/api/v1/skus",
    "/api/v1/deliveries",
    "/api/v1/deliveries/{delivery_id}",
    "/api/v1/cache/{resource}/{id}",
    "/api/v1/failures",
    "/api/v1/drift",
    "/api/v1/drift/{finding_id}",
    "/api/v1/changes",
    "/api/v1/schedules",
    "/api/v1/status",
}
ACTIONS = {
    "/api/v1/deliveries/{delivery_id}/replay",
    "/api/v1/failures/{failure_id}/retry",
    "/api/v1/failures/{failure_id}/discard",
    "/api/v1/drift/{finding_id}/repair",
    "/api/v1/drift/{finding_id}/ignore",
    "/api/v1/drift/{finding_id}/reopen",
}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def guarded(database: Database) -> Iterator[Front]:
    """A front with an API of a few routes that behave in all the ways there are."""
    api = APIRouter()
    doorkeeper = Doorkeeper(database)

    @api.get("/read")
    def read(limit: int = 1) -> dict[str, int]:
        return {"limit": limit}

    @api.post("/act", dependencies=[Depends(doorkeeper.require(Role.OPERATOR))])
    def act() -> dict[str, str]:
        return {"done": "yes"}

    @api.get("/misuse")
    def misuse() -> None:
        raise Misuse("no such thing: x")

    @api.get("/away")
    def away() -> None:
        raise StoreUnavailable("password=hush is wrong")

    @api.get("/terminal")
    def terminal() -> None:
        raise Terminal("hush")

    with open_front(database, api=api) as front:
        yield front


@pytest.fixture
def whole(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    """The application as `serve` runs it."""
    with TestClient(web_app(House(Settings(home=tmp_path), database, VAULT))) as client:
        yield client


def addresses(client: TestClient) -> set[tuple[str, str]]:
    """Every method and path of the app, from its own routes and from the page that describes it."""
    app = client.app
    assert isinstance(app, FastAPI)
    found = {
        (method, route.path or "")
        for route in iter_route_contexts(app.routes)
        for method in route.methods or {"GET", "POST"}
    }
    described = {(method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item}
    assert described <= found, "the walk over the routes misses some"
    return found


def token_for(database: Database, role: Role) -> dict[str, str]:
    with database.writing() as transaction:
        return bearer(create_token(transaction, f"the {role.value}", role))


def filled(path: str) -> str:
    """The path with something plausible in its braces."""
    return re.sub(r"{[^}]*}", "1", path)


def test_every_route_but_webhooks_and_health_needs_a_token(whole: TestClient) -> None:
    closed = [(method, path) for method, path in addresses(whole) if path not in OPEN]
    assert {path for _, path in closed} >= AT_LEAST
    for method, path in closed:
        for headers in (
            {},
            bearer("bkr_guess"),
            {"Authorization": "Bearer"},
            {"Authorization": "Basic YTpi"},
        ):
            answer = whole.request(method, filled(path), headers=headers)
            assert (answer.status_code, method, path) == (401, method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert method == "HEAD" or set(answer.json()) == {"error"}


def test_every_action_needs_an_operator(whole: TestClient, database: Database) -> None:
    actions = [(method, path) for method, path in addresses(whole) if method not in READING]
    assert {path for _, path in actions} >= ACTIONS
    viewer, operator = token_for(database, Role.VIEWER), token_for(database, Role.OPERATOR)
    for method, path in actions:
        refused = whole.request(method, filled(path), headers=viewer)
        assert (refused.status_code, path) == (403, path)
        assert whole.request(method, filled(path), headers=operator).status_code not in (401, 403, 405), path


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1", "/api/v1/nothing", "/docs", "/openapi.json", "/api/v1/read/"]
)
def test_an_address_that_does_not_exist_is_404_only_with_a_token(guarded: Front, path: str) -> None:
    assert guarded.http.get(path).status_code == 401
    assert guarded.http.get(path, headers=bearer(guarded.token())).status_code == 404


def test_a_wrong_method_is_405_only_with_a_token(guarded: Front) -> None:
    assert guarded.http.delete("/api/v1/read").status_code == 401
    assert guarded.http.delete("/api/v1/read", headers=bearer(guarded.token())).status_code == 405


def test_a_role_that_is_too_low_is_403_and_a_higher_one_may_all(guarded: Front) -> None:
    assert guarded.http.post("/api/v1/act", headers=bearer(guarded.token(Role.VIEWER))).status_code == 403
    for role in (Role.OPERATOR, Role.ADMIN):
        headers = bearer(guarded.token(role))
        assert guarded.http.post("/api/v1/act", headers=headers).json() == {"done": "yes"}
        assert guarded.http.get("/api/v1/read", headers=headers).status_code == 200


def test_a_revoked_token_opens_nothing(guarded: Front) -> None:
    token = guarded.token()
    assert guarded.http.get("/api/v1/read", headers=bearer(token)).status_code == 200
    with guarded.database.writing() as transaction:
        revoke_token(transaction, "token-viewer")
    assert guarded.http.get("/api/v1/read", headers=bearer(token)).status_code == 401


def test_answers_are_neither_sniffed_nor_cached(guarded: Front) -> None:
    for answer in (
        guarded.http.get("/api/v1/read", headers=bearer(guarded.token())),
        guarded.http.get("/api/v1/read"),
        guarded.http.get("/healthz"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/read?limit=many", 422),
        ("/api/v1/misuse", 400),
        ("/api/v1/away", 503),
        ("/api/v1/terminal", 500),
    ],
)
def test_errors_have_one_form_and_leak_nothing(guarded: Front, path: str, status: int) -> None:
    answer = guarded.http.get(path, headers=bearer(guarded.token()))
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert "hush" not in answer.text


def test_the_scrape_has_the_counters_and_the_gauges(guarded: Front) -> None:
    guarded.deliver()
    text = guarded.http.get("/metrics", headers=bearer(guarded.token())).text
    assert 'backroom_deliveries_total{outcome="stored"} 1.0' in text
    assert "backroom_dead 2.0" in text
    assert "backroom_parked NaN" in text


def test_the_api_describes_itself_with_its_tokens_and_its_errors(guarded: Front) -> None:
    page = guarded.http.get("/api/v1/openapi.json", headers=bearer(guarded.token())).json()
    assert set(page["paths"]) == {f"/api/v1/{name}" for name in ("read", "act", "misuse", "away", "terminal")}
    assert page["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    answers = page["paths"]["/api/v1/read"]["get"]["responses"]
    assert answers["422"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_only_a_tokens_hash_is_stored(database: Database) -> None:
    with database.writing() as transaction:
        token = create_token(transaction, "till", Role.VIEWER)
        row = transaction.execute(select(api_token)).one()
    assert token.startswith("bkr_")
    assert token not in str(row)
    assert row.token_sha256 == hashlib.sha256(token.encode()).hexdigest()


def test_a_name_is_taken_until_its_token_is_revoked(database: Database) -> None:
    with database.writing() as transaction:
        first = create_token(transaction, "till", Role.VIEWER)
        with pytest.raises(Misuse, match="till"):
            create_token(transaction, "till", Role.ADMIN)
        revoke_token(transaction, "till")
        second = create_token(transaction, "till", Role.ADMIN)
        assert [token.role for token in list_tokens(transaction)] == [Role.ADMIN]
        assert recognise(transaction, first) is None
        assert recognise(transaction, second) is not None
        with pytest.raises(Misuse):
            revoke_token(transaction, "other")


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 81])
def test_a_tokens_name_is_short_and_printable(database: Database, name: str) -> None:
    with database.writing() as transaction, pytest.raises(Misuse):
        create_token(transaction, name, Role.VIEWER)


def test_a_tokens_use_is_noted_once_a_minute(database: Database) -> None:
    doorkeeper = Doorkeeper(database)
    with database.writing() as transaction:
        token = create_token(transaction, "till", Role.VIEWER)

    def used() -> datetime | None:
        with database.reading() as transaction:
            return list_tokens(transaction)[0].last_used_at

    doorkeeper.recognise(token)
    first = used()
    doorkeeper.recognise(token)
    assert first is not None
    assert used() == first
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    with database.writing() as transaction:
        transaction.execute(update(api_token).values(last_used_at=long_ago))
    doorkeeper.recognise(token)
    now = used()
    assert now is not None
    assert now - long_ago > timedelta(days=1)
