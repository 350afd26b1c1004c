"""Stock by hand, over the control API."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from shopify_simulator.control.api import control_app
from shopify_simulator.control.server import Server
from shopify_simulator.simulation import Simulation
from tests.simulator.street import small_shop


class Hand:
    """Asks the control API."""

    def __init__(self, simulation: Simulation, client: httpx.Client) -> None:
        self.simulation = simulation
        self._client = client

    def __call__(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        answer = self._client.request(method, f"/control{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def hand() -> Iterator[Hand]:
    with (
        small_shop() as simulation,
        Server(control_app(simulation)) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        yield Hand(simulation, client)


def test_a_location_is_made_edited_closed_opened_and_deleted(hand: Hand) -> None:
    made = hand("POST", "/locations", {"name": "Pop-up", "address": {"city": "Wien"}}, status=201)
    path = f"/locations/{made['id']}"
    assert (made["active"], made["city"]) == (True, "Wien")
    assert hand("PATCH", path, {"name": "Shop"})["name"] == "Shop"
    assert hand("POST", f"{path}/deactivate")["active"] is False
    assert hand("POST", f"{path}/activate")["active"] is True
    hand("DELETE", path, status=400)
    hand("POST", f"{path}/deactivate")
    hand("DELETE", path)
    assert made["id"] not in [each["id"] for each in hand("GET", "/locations")]
    hand("POST", f"{path}/activate", status=404)
    hand("POST", "/locations", {}, status=400)


def test_an_item_is_edited_in_the_truths_words(hand: Hand) -> None:
    row = hand("GET", "/truth")["inventory_items"][0]
    changed = hand("PATCH", f"/inventory_items/{row['id']}", {"cost": "7.5", "tracked": False})
    assert (changed["cost"], changed["tracked"]) == ("7.50", False)
    assert {each["available"] for each in changed["levels"]} == {None}
    assert hand("PATCH", f"/inventory_items/{row['id']}", {"cost": None})["cost"] is None
    hand("GET", "/inventory_items/1", status=404)
    assert "inventory_items" not in hand("GET", "/truth?stock=0")


def test_a_level_is_changed_in_every_way(hand: Hand) -> None:
    truth = hand("GET", "/truth")
    item_id = next(each["id"] for each in truth["inventory_items"] if each["tracked"])
    first, second = [
        each["location_id"] for each in truth["inventory_levels"] if each["inventory_item_id"] == item_id
    ][:2]

    def do(deed: str, *, status: int = 200, location: int = first, **wanted: Any) -> Any:
        body = {"inventory_item_id": item_id, "location_id": location, **wanted}
        return hand("POST", f"/inventory_levels/{deed}", body, status=status)

    assert do("set", available=9)["available"] == 9
    assert do("order", pieces=2) | {"available": 7, "committed": 2, "on_hand": 9} == do("set", available=7)
    assert do("fulfil", pieces=2)["on_hand"] == 7
    assert do("restock", pieces=3)["available"] == 10
    assert do("expect", pieces=4)["incoming"] == 4
    assert do("transfer", target=second, pieces=10)["location_id"] == second
    assert do("reconnect")["available"] == 0
    assert do("disconnect")["is_active"] is False
    do("order", status=400)
    assert do("connect", available=5)["available"] == 5
    do("steal", status=404)
    do("set", location=1, status=404)


def test_a_life_of_stock_is_asked_for(hand: Hand) -> None:
    hand("POST", "/life", {"rate": 1_000, "changes": 20, "stock": 1, "kinds": ["ordered"]})
    hand.simulation.come_to_rest()
    assert hand.simulation.life.stock.counts == {"ordered": 20}
    hand("POST", "/life", {"rate": 1, "stock": 2}, status=400)
    hand("POST", "/life", {"rate": 1, "stock": 1, "kinds": ["invented"]}, status=400)
