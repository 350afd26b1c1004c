"""Runs over HTTP: asked for, listed, cancelled, resumed; and who may."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from backroom.db.database import Database
from backroom.jobs.claims import claim_queued
from backroom.resources.registry import RESOURCES
from backroom.web.api import build_router
from backroom.web.security import Doorkeeper
from backroom.web.tokens import Role
from tests.house import make_shop
from tests.web.front import DOMAIN, Front, open_front

WANTED = {"kind": "sync", "resource": "products", "shop": DOMAIN, "full": True}


@dataclass
class Runs:
    """`/api/v1/runs`, as an operator unless said otherwise."""

    front: Front
    viewer: dict[str, str]
    operator: dict[str, str]

    def get(self, path: str = "", **query: str | int) -> Any:
        answer = self.front.http.get(f"/api/v1/runs{path}", params=query or None, headers=self.viewer)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(
        self, path: str = "", json: dict[str, Any] | None = None, *, viewer: bool = False
    ) -> httpx.Response:
        headers = self.viewer if viewer else self.operator
        return self.front.http.post(f"/api/v1/runs{path}", json=json, headers=headers)


@pytest.fixture
def runs(database: Database) -> Iterator[Runs]:
    """The API over a house with one shop that can be asked."""
    router = build_router(database, RESOURCES, Doorkeeper(database).require)
    with open_front(database, api=router) as front:
        viewer, operator = (
            {"Authorization": f"Bearer {front.token(role)}"} for role in (Role.VIEWER, Role.OPERATOR)
        )
        yield Runs(front, viewer, operator)


def test_a_run_is_asked_for_and_found(runs: Runs) -> None:
    answer = runs.post(json=WANTED)
    assert answer.status_code == 200
    run = answer.json()
    assert (run["kind"], run["resource"], run["mode"], run["shop"]) == ("sync", "products", "full", DOMAIN)
    assert (run["state"], run["requested_by"], run["seen"]) == ("queued", "token token-operator", 0)
    assert runs.get(f"/{run['id']}") == run
    assert runs.get() == {"items": [run], "next": None}


def test_a_second_one_is_a_conflict_that_names_the_first(runs: Runs) -> None:
    run = runs.post(json=WANTED).json()
    answer = runs.post(json={**WANTED, "full": False})
    assert answer.status_code == 409
    assert answer.json() == {"error": f"a sync of products is queued already: run {run['id']}"}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"kind": "party"}, 422),
        ({"more": 1}, 422),
        ({"resource": "dreams"}, 400),
        ({"shop": "none.myshopify.com"}, 404),
        ({"shop": "bare.myshopify.com"}, 400),
        ({"since": "2026-11-28T09:00:00Z"}, 400),
        ({"full": False, "since": "2026-11-28T09:00:00"}, 400),
    ],
)
def test_what_makes_no_sense_is_refused(runs: Runs, changed: dict[str, Any], status: int) -> None:
    make_shop(runs.front.database, "bare.myshopify.com")
    assert runs.post(json={**WANTED, **changed}).status_code == status
    assert runs.get()["items"] == []


def test_the_only_shop_need_not_be_named(runs: Runs) -> None:
    answer = runs.post(json={"kind": "sync", "resource": "products", "since": "2026-11-28T10:00:00+01:00"})
    run = answer.json()
    assert (run["shop"], run["mode"]) == (DOMAIN, "incremental")
    assert run["options"] == {"since": "2026-11-28T09:00:00.000000Z"}


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", None])
def test_a_body_is_json_whatever_it_is_called(runs: Runs, kind: str | None) -> None:
    headers = {**runs.operator, **({} if kind is None else {"Content-Type": kind})}
    body = b'{"kind": "sync", "resource": "products"}'
    answer = runs.front.http.post("/api/v1/runs", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["shop"] == DOMAIN


def test_since_is_how_long_ago_as_on_the_command_line(runs: Runs) -> None:
    before = datetime.now(UTC) - timedelta(minutes=90)
    run = runs.post(json={"kind": "sync", "resource": "products", "since": "90m"}).json()
    assert abs(datetime.fromisoformat(run["options"]["since"]) - before) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 422, "the body should be a JSON object"),
        (b"[]", 422, "the body should be a JSON object"),
        (b'{"kind": "sync"', 422, "the body is no JSON: Expecting ',' delimiter, at character 15"),
        (b"\xff", 400, "parsing the body"),
        (b'{"kind": "sync"}', 422, "resource is missing"),
        (b'{"kind": "sync", "resource": "products", "shopp": "a.b"}', 422, "there is no 'shopp' here"),
        (b'{"kind": "sync", "resource": "products", "since": "soon"}', 400, "like 90m, 36h or 7d"),
    ],
)
def test_what_can_not_be_read_is_said_in_plain_words(
    runs: Runs, body: bytes, status: int, words: str
) -> None:
    answer = runs.front.http.post("/api/v1/runs", content=body, headers=runs.operator)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_viewers_look_and_do_not_act(runs: Runs) -> None:
    run = runs.post(json=WANTED).json()
    assert runs.post(json=WANTED, viewer=True).status_code == 403
    assert runs.post(f"/{run['id']}/cancel", viewer=True).status_code == 403


def test_runs_are_cancelled_and_resumed(runs: Runs) -> None:
    run = runs.post(json=WANTED).json()
    cancelled = runs.post(f"/{run['id']}/cancel").json()
    assert cancelled["state"] == "cancelled"
    assert runs.post(f"/{run['id']}/cancel").status_code == 409
    assert runs.post(f"/{run['id']}/resume").json()["state"] == "queued"
    assert runs.post(f"/{run['id']}/resume").status_code == 409
    assert runs.post("/999/resume").status_code == 404


def test_a_running_run_is_asked_to_stop(runs: Runs) -> None:
    run = runs.post(json=WANTED).json()
    with runs.front.database.writing() as transaction:
        claim_queued(transaction, [run["id"]], "w")
    asked = runs.post(f"/{run['id']}/cancel").json()
    assert asked["state"] == "running"
    assert asked["cancel_asked_at"] is not None


def test_runs_are_listed_newest_first_by_page_and_by_state(runs: Runs) -> None:
    for _ in range(3):
        run = runs.post(json=WANTED).json()
        runs.post(f"/{run['id']}/cancel")
    last = runs.post(json=WANTED).json()
    page = runs.get(limit=3)
    rest = runs.get(limit=3, cursor=page["next"])
    ids = [each["id"] for each in [*page["items"], *rest["items"]]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 4
    assert rest["next"] is None
    assert [each["id"] for each in runs.get(state="queued", shop=DOMAIN)["items"]] == [last["id"]]
    assert runs.get(shop="other.myshopify.com")["items"] == []
