"""The schedules over HTTP: as `schedule list --json` has them, and nothing to be changed there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from backroom.db.database import Database
from backroom.jobs.schedules import EVERY_SECONDS, set_schedule
from backroom.jobs.warnings import Told
from backroom.resources.registry import RESOURCES
from backroom.shops.shops import find_shop
from backroom.web.api import build_router
from backroom.web.security import Doorkeeper
from backroom.web.tokens import Role
from tests.house import make_shop
from tests.web.front import DOMAIN, Front, open_front

SECOND = "two.myshopify.com"
TOLD = Told(api_version="2026-10", public_url="https://backroom.example.com", resources=RESOURCES)


@dataclass
class Schedules:
    """`/api/v1/schedules`, as a viewer."""

    front: Front
    viewer: dict[str, str]

    def get(self, **query: Any) -> httpx.Response:
        return self.front.http.get("/api/v1/schedules", params=query or None, headers=self.viewer)

    def items(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.get(**query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@pytest.fixture
def schedules(database: Database) -> Iterator[Schedules]:
    router = build_router(database, RESOURCES, Doorkeeper(database).require, TOLD)
    with open_front(database, api=router) as front:
        yield Schedules(front, {"Authorization": f"Bearer {front.token(Role.VIEWER)}"})


def test_each_shop_has_each_kind_once_and_what_was_changed_is_shown(schedules: Schedules) -> None:
    with schedules.front.database.writing() as transaction:
        shop_id = find_shop(transaction, DOMAIN)
        set_schedule(transaction, shop_id, "reconcile", every_seconds=3_600, repairs=True)
        set_schedule(transaction, shop_id, "webhooks", is_on=False)
    make_shop(schedules.front.database, SECOND)
    found = {(each["shop"], each["kind"]): each for each in schedules.items()}
    assert found.keys() == {(shop, kind) for shop in (DOMAIN, SECOND) for kind in EVERY_SECONDS}
    reconcile = found[DOMAIN, "reconcile"]
    assert (reconcile["every"], reconcile["every_seconds"], reconcile["repairs"]) == ("1h", 3_600, True)
    assert found[DOMAIN, "webhooks"]["is_on"] is False
    retention = found[SECOND, "retention"]
    assert (retention["every"], retention["last_run"]) == ("1d", None)
    assert retention["next_at"].endswith("Z")


def test_one_shop_can_be_asked_for_in_any_letters(schedules: Schedules) -> None:
    make_shop(schedules.front.database, SECOND)
    assert {each["shop"] for each in schedules.items(shop=SECOND.upper())} == {SECOND}
    assert schedules.items(shop="three.myshopify.com") == []


def test_what_nobody_knows_is_refused_and_nothing_is_changed_there(schedules: Schedules) -> None:
    assert schedules.get(kind="sync").status_code == 400
    refused = schedules.front.http.post("/api/v1/schedules", json={}, headers=schedules.viewer)
    assert refused.status_code == 405
