"""The ledger of drift over HTTP: listed, repaired by a run, ignored, reopened; and who may."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from backroom.db.database import Database
from backroom.resources.registry import RESOURCES
from backroom.shops.shops import find_shop
from backroom.vocabulary.ids import ShopId
from backroom.web.api import build_router
from backroom.web.security import Doorkeeper
from backroom.web.tokens import Role
from tests.drifted import put_finding, put_whole
from tests.house import make_shop
from tests.web.front import DOMAIN, Front, open_front

SECOND = "two.myshopify.com"


@dataclass
class Drift:
    """`/api/v1/drift`, as an operator unless said otherwise."""

    front: Front
    shop_id: ShopId
    viewer: dict[str, str]
    operator: dict[str, str]

    def get(self, path: str = "", **query: Any) -> httpx.Response:
        return self.front.http.get(f"/api/v1/drift{path}", params=query or None, headers=self.viewer)

    def ids(self, **query: Any) -> list[int]:
        answer = self.get(**query)
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["items"]]

    def post(self, path: str, *, viewer: bool = False) -> httpx.Response:
        return self.front.http.post(f"/api/v1/drift{path}", headers=self.viewer if viewer else self.operator)


@pytest.fixture
def drift(database: Database) -> Iterator[Drift]:
    """The API over a house with one shop that can be asked."""
    router = build_router(database, RESOURCES, Doorkeeper(database).require)
    with open_front(database, api=router) as front:
        with database.reading() as transaction:
            shop_id = find_shop(transaction, DOMAIN)
        viewer, operator = (
            {"Authorization": f"Bearer {front.token(role)}"} for role in (Role.VIEWER, Role.OPERATOR)
        )
        yield Drift(front, shop_id, viewer, operator)


def test_a_finding_has_both_values_whole(drift: Drift) -> None:
    number = put_finding(drift.front.database, drift.shop_id, ours={"Size": "M"}, theirs="t" * 300)
    (found,) = drift.get().json()["items"]
    assert (found["id"], found["shop"], found["resource"], found["key"]) == (number, DOMAIN, "products", "7")
    assert (found["leg"], found["kind"], found["state"]) == ("erp", "value", "open")
    assert (found["entity"], found["entity_id"], found["field"]) == ("listing", 12, "title")
    assert (found["ours"], found["theirs"]) == ({"Size": "M"}, "t" * 300)
    assert found["differs"].startswith('listing 12, title: {"Size":"M"} -> ttt')
    assert found["first_seen_at"].endswith("Z")
    assert found["age_seconds"] == pytest.approx(3 * 3600, abs=60)
    assert drift.get(f"/{number}").json()["key"] == "7"
    assert drift.get("/99").status_code == 404


def test_all_states_are_listed_newest_first_by_page_and_by_filter(drift: Drift) -> None:
    second = make_shop(drift.front.database, SECOND)
    first = put_finding(drift.front.database, drift.shop_id)
    whole = put_whole(drift.front.database, drift.shop_id, "missing", "8")
    other = put_finding(drift.front.database, second, resource="orders")
    gone = put_finding(drift.front.database, drift.shop_id, state="gone")
    assert drift.ids() == [gone, other, whole, first]
    assert drift.ids(state="open") == [other, whole, first]
    assert drift.ids(shop=SECOND.upper()) == [other]
    assert drift.ids(kind="missing") == [whole]
    assert drift.ids(leg="cache") == [whole]
    assert drift.ids(resource="orders") == [other]
    page = drift.get(limit=3).json()
    rest = drift.get(limit=3, cursor=page["next"]).json()
    assert [each["id"] for each in rest["items"]] == [first]
    assert rest["next"] is None
    assert drift.get(colour="red").status_code == 400
    assert drift.get(state="lost").status_code == 422


def test_one_finding_is_repaired_by_a_run(drift: Drift) -> None:
    number = put_finding(drift.front.database, drift.shop_id)
    answer = drift.post(f"/{number}/repair")
    assert answer.status_code == 200, answer.text
    run = answer.json()
    assert (run["kind"], run["resource"], run["mode"], run["shop"]) == (
        "reconcile",
        "products",
        "findings",
        DOMAIN,
    )
    assert run["options"] == {"findings": [number]}
    assert (run["state"], run["requested_by"]) == ("queued", "token token-operator")
    again = drift.post(f"/{number}/repair")
    assert again.status_code == 409
    assert again.json() == {"error": f"a reconcile of products is queued already: run {run['id']}"}


def test_a_finding_is_ignored_and_looked_at_again(drift: Drift) -> None:
    number = put_finding(drift.front.database, drift.shop_id)
    assert drift.post(f"/{number}/ignore").json()["state"] == "ignored"
    assert drift.post(f"/{number}/ignore").status_code == 200
    refused = drift.post(f"/{number}/repair")
    assert refused.status_code == 409
    assert "is ignored" in refused.json()["error"]
    assert drift.post(f"/{number}/reopen").json()["state"] == "open"


@pytest.mark.parametrize("action", ["repair", "ignore", "reopen"])
def test_what_is_over_or_not_there_is_refused(drift: Drift, action: str) -> None:
    number = put_finding(drift.front.database, drift.shop_id, state="repaired")
    refused = drift.post(f"/{number}/{action}")
    assert refused.status_code == 409
    assert refused.json() == {"error": f"finding {number} is repaired already"}
    assert drift.post(f"/99/{action}").status_code == 404
    assert drift.post(f"/{number}/{action}", viewer=True).status_code == 403


def test_a_reconcile_is_asked_for_as_a_sync_is(drift: Drift) -> None:
    def post(**wanted: Any) -> httpx.Response:
        body = {"kind": "reconcile", "resource": "products", **wanted}
        return drift.front.http.post("/api/v1/runs", json=body, headers=drift.operator)

    assert "leave out full and since" in post(full=True).json()["error"]
    assert "leave out full and since" in post(since="7d").json()["error"]
    assert "ask for a reconcile" in post(kind="sync", repair=True).json()["error"]
    run = post(shop=DOMAIN, repair=True).json()
    assert (run["kind"], run["mode"], run["drifted"], run["repaired"]) == ("reconcile", "repair", 0, 0)
    assert post().status_code == 409
    drift.front.http.post(f"/api/v1/runs/{run['id']}/cancel", headers=drift.operator)
    assert post().json()["mode"] == "compare"
