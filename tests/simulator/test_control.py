import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from shopify_simulator.control.api import control_app
from shopify_simulator.control.server import NotLoopback, Server
from shopify_simulator.simulation import Simulation
from tests.simulator.receiver import Answer, Receiver
from tests.simulator.shops import locked_for_others
from tests.simulator.street import SECRET, STORE_KEY, a_product, small_shop
from tests.waiting import eventually

Json = dict[str, Any]
COUNTS = {
    "products", "variants", "changes", "events", "deliveries", "waiting", "delivered", "attempts",
    "failed_attempts", "given_up", "dropped", "duplicated", "reordered", "delayed", "id_only",
    "subscriptions", "removed_subscriptions", "rate",
}  # fmt: skip


@dataclass
class Remote:
    """The control API of a running simulation, and a receiver that is told of everything."""

    client: httpx.Client
    simulation: Simulation
    receiver: Receiver

    def ask(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        answer = self.client.request(method, f"/control{path}", json=body)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"
        return answer.json()

    def arrived(self, count: int) -> list[Json]:
        """The bodies of the deliveries, once there are so many."""
        eventually(lambda: len(self.receiver.received) >= count, f"{count} deliveries")
        assert len(self.receiver.received) == count
        return [json.loads(each.body) for each in self.receiver.received]

    @property
    def topics(self) -> list[str]:
        return [each.headers["x-shopify-topic"] for each in self.receiver.received]


@pytest.fixture
def remote() -> Iterator[Remote]:
    with (
        Receiver() as receiver,
        small_shop() as simulation,
        Server(control_app(simulation)) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        simulation.subscribe(receiver.url)
        yield Remote(client, simulation, receiver)


def test_health_names_the_shop(remote: Remote) -> None:
    assert remote.ask("GET", "/health") == {"domain": "demo.myshopify.com"}


def test_the_truth_has_every_product_and_how_far_it_came(remote: Remote) -> None:
    remote.ask("POST", "/announce")
    remote.arrived(5)
    gone = a_product(remote.simulation)
    remote.ask("DELETE", f"/products/{gone}")
    remote.arrived(6)
    eventually(lambda: remote.ask("GET", "/status")["waiting"] == 0, "all have arrived")
    truth = remote.ask("GET", "/truth")
    assert truth["shop"] == {"domain": "demo.myshopify.com", "currency": "USD"}
    assert truth["deleted"] == [gone]
    ids = {each["id"] for each in truth["products"]}
    assert len(ids) == 4
    assert truth["carried"].keys() == {str(number) for number in ids | {gone}}
    assert {each["state"] for each in truth["carried"].values()} == {"carried"}


def test_the_status_counts_what_happened(remote: Remote) -> None:
    before = remote.ask("GET", "/status")
    assert before.keys() >= COUNTS
    remote.ask("POST", "/announce", {"ids": [a_product(remote.simulation)]})
    remote.arrived(1)
    after = eventually(
        lambda: (now := remote.ask("GET", "/status"))["delivered"] and now, "the delivery is counted"
    )
    moved = {name: after[name] - before[name] for name in before if after[name] != before[name]}
    assert moved == {"changes": 1, "events": 1, "deliveries": 1, "delivered": 1, "attempts": 1}
    assert after["products"] == 5
    assert after["variants"] > 100


def test_a_merchants_edit_changes_what_it_names_and_is_told(remote: Remote) -> None:
    product_id = a_product(remote.simulation)
    before = remote.ask("GET", f"/products/{product_id}")
    variant = before["variants"][0]
    edit = {
        "title": "Ein neuer „Titel“ 🧵",
        "tags": ["b", "a"],
        "vendor": None,
        "images": ["https://cdn.example/one.jpg", "https://cdn.example/two.jpg"],
        "variants": [{"id": variant["id"], "price": "7.5", "sku": "NEW", "inventory_quantity": 3}],
    }
    after = remote.ask("PATCH", f"/products/{product_id}", edit)
    changed = {
        **before,
        "title": edit["title"],
        "tags": ["a", "b"],
        "vendor": None,
        "images": edit["images"],
        "variants": [
            {**variant, "price": "7.50", "sku": "NEW", "inventory_quantity": 3},
            *before["variants"][1:],
        ],
        "updated_at": after["updated_at"],
    }
    assert after == changed == remote.ask("GET", f"/products/{product_id}")
    (body,) = remote.arrived(1)
    assert (body["title"], body["variants"][0]["price"]) == (edit["title"], "7.50")
    remote.ask(
        "PATCH", f"/products/{product_id}", {"variants": [{"id": variant["id"], "inventory_quantity": 9}]}
    )
    sold = remote.arrived(2)[1]["variants"][0]
    assert (sold["old_inventory_quantity"], sold["inventory_quantity"]) == (3, 9)


def test_variants_are_added_changed_moved_and_removed(remote: Remote) -> None:
    made = remote.ask(
        "POST",
        "/products",
        {
            "title": "Shirt",
            "options": [{"name": "Size"}],
            "variants": [{"options": {"Size": size}, "price": "10"} for size in ("S", "M", "L")],
        },
        status=201,
    )
    small, medium, large = (each["id"] for each in made["variants"])
    after = remote.ask(
        "PATCH",
        f"/products/{made['id']}",
        {
            "variants": [{"id": large, "options": {"Size": "XL"}, "position": 1}],
            "add_variants": [{"options": {"Size": "XXL"}, "price": "12.34", "compare_at_price": "15"}],
            "remove_variants": [small],
        },
    )
    assert [(each["title"], each["position"]) for each in after["variants"]] == [
        ("XL", 1),
        ("M", 2),
        ("XXL", 3),
    ]
    assert [each["id"] for each in after["variants"][:2]] == [large, medium]
    assert (after["variants"][2]["price"], after["variants"][2]["compare_at_price"]) == ("12.34", "15.00")
    renamed = remote.ask("PATCH", f"/products/{made['id']}", {"options": [{"name": "Größe"}]})
    assert renamed["options"] == [{"name": "Größe", "values": ["M", "XL", "XXL"]}]
    assert renamed["variants"][0]["options"] == {"Größe": "XL"}
    remote.arrived(3)
    assert sorted(remote.topics) == ["products/create", "products/update", "products/update"]


def test_a_product_without_variants_gets_the_default_one(remote: Remote) -> None:
    made = remote.ask("POST", "/products", {"title": "Candle", "status": "draft"}, status=201)
    assert made["options"] == [{"name": "Title", "values": ["Default Title"]}]
    assert [(each["title"], each["price"]) for each in made["variants"]] == [("Default Title", "0.00")]
    assert made["status"] == "draft"


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({"title": ""}, "title"),
        ({"status": "sold"}, "status"),
        ({"colour": "red"}, "colour"),
        ({"title": 5}, "$.title"),
        ({"variants": [{"id": 1}]}, "no variant 1"),
        ({"variants": [{"id": 1, "price": "1,00"}]}, "$.variants[0].price"),
        ({"variants": [{"id": 1, "price": "1.00\n"}]}, "$.variants[0].price"),
        (
            {"add_variants": [{"options": {"Title": "New"}, "inventory_quantity": 10**25}]},
            "inventory_quantity",
        ),
        ({"remove_variants": [1]}, "no variant 1"),
        ({"add_variants": [{"options": {"Nope": "x"}}]}, "options"),
        ({"options": []}, "options"),
        ({"tags": ["a,b"]}, "tags"),
    ],
    ids=str,
)
def test_an_edit_that_shopify_would_refuse_changes_nothing(remote: Remote, edit: Json, says: str) -> None:
    product_id = a_product(remote.simulation)
    before = remote.ask("GET", f"/products/{product_id}")
    refused = remote.ask("PATCH", f"/products/{product_id}", {"vendor": "Else", **edit}, status=400)
    assert says in refused["error"]
    assert remote.ask("GET", f"/products/{product_id}") == before
    assert remote.ask("GET", "/status")["events"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/products/1", None, 404),
        ("PATCH", "/products/1", {}, 404),
        ("DELETE", "/products/1", None, 404),
        ("GET", "/products/shirt", None, 404),
        ("GET", "/nothing", None, 404),
        ("DELETE", "/health", None, 405),
        ("POST", "/announce", {"ids": [1]}, 404),
        ("POST", "/announce", [1], 400),
        ("POST", "/open", {"rate": 0}, 400),
        ("POST", "/life", {}, 400),
        ("POST", "/life", {"rate": -1}, 400),
        ("POST", "/faults", {"drop": 2}, 400),
        ("POST", "/faults", {"drops": 0.1}, 400),
        ("POST", "/subscriptions", {"topic": "products/update"}, 400),
        ("POST", "/subscriptions", {"topic": "x", "uri": "http://127.0.0.1/"}, 400),
        ("POST", "/subscriptions", {"topic": "products/updates", "uri": "http://127.0.0.1/"}, 400),
        ("DELETE", "/subscriptions/1", None, 404),
        ("POST", "/secrets", {}, 400),
        ("POST", "/secrets", {"secret": ""}, 400),
        ("DELETE", "/secrets/old", None, 404),
        ("GET", "/deliveries?limit=0", None, 400),
        ("GET", "/deliveries?limit=many", None, 400),
        ("GET", "/deliveries?state=lost", None, 400),
    ],
)
def test_a_wrong_request_gets_a_json_error(
    remote: Remote, method: str, path: str, body: object, status: int
) -> None:
    assert list(remote.ask(method, path, body, status=status)) == ["error"]


def test_a_body_that_is_no_json_is_refused(remote: Remote) -> None:
    answer = remote.client.post("/control/faults", content=b"{drop: 1}")
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_opening_the_shop_tells_of_every_product_as_new(remote: Remote) -> None:
    assert remote.ask("POST", "/open", {"rate": 1000}) == {"products": 5}
    remote.arrived(5)
    assert set(remote.topics) == {"products/create"}
    eventually(lambda: remote.ask("GET", "/status")["opening"] == 0, "it says that it is done")


def test_opening_goes_at_its_pace(remote: Remote) -> None:
    remote.ask("POST", "/open", {"rate": 0.001})
    remote.arrived(1)
    assert remote.ask("GET", "/status")["opening"] == 1


def test_the_shop_lives_so_many_changes(remote: Remote) -> None:
    assert remote.ask("POST", "/life", {"rate": 500, "changes": 20}) == {"rate": 500, "changes": 20}
    eventually(lambda: remote.ask("GET", "/status")["changes"] == 20, "twenty changes")
    eventually(lambda: remote.ask("GET", "/status")["rate"] == 0, "it rests again")
    assert remote.ask("GET", "/status")["events"] == 20


def test_the_shop_lives_until_it_is_stopped(remote: Remote) -> None:
    remote.ask("POST", "/life", {"rate": 200})
    eventually(lambda: remote.ask("GET", "/status")["changes"] > 5, "it lives")
    assert remote.ask("GET", "/status")["rate"] == 200
    remote.ask("POST", "/life", {"rate": 0})
    stopped = remote.ask("GET", "/status")
    assert stopped["rate"] == 0
    assert remote.ask("GET", "/status")["changes"] == stopped["changes"]


def test_faults_are_set_and_what_is_not_named_happens_no_more(remote: Remote) -> None:
    assert remote.ask("POST", "/faults", {"drop": 1, "seed": 9, "delay_seconds": 7})["drop"] == 1
    remote.ask("POST", "/announce")
    assert remote.ask("GET", "/status")["dropped"] == 5
    now = remote.ask("POST", "/faults", {"id_only": 1})
    assert (now["drop"], now["id_only"], now["seed"], now["delay_seconds"]) == (0, 1, 9, 7)
    assert remote.ask("GET", "/faults") == now
    remote.ask("POST", "/announce")
    assert {len(body) for body in remote.arrived(5)} == {1}


def test_a_flush_over_http_sends_what_is_held_back(remote: Remote) -> None:
    remote.ask("POST", "/faults", {"delay": 1, "delay_seconds": 3600})
    remote.ask("POST", "/announce")
    assert remote.ask("GET", "/status")["waiting"] == 5
    remote.ask("POST", "/flush")
    remote.arrived(5)


def test_the_record_of_deliveries_says_what_became_of_each(remote: Remote) -> None:
    answers = iter([Answer(status=503)])
    remote.receiver.script = lambda received: next(answers, Answer())
    product_id = a_product(remote.simulation)
    remote.ask("POST", "/announce", {"ids": [product_id]})
    (row,) = eventually(lambda: remote.ask("GET", "/deliveries?state=delivered"), "it was delivered")
    received = remote.receiver.received[0]
    assert row["webhook_id"] == received.webhook_id
    assert row["event_id"] == received.headers["x-shopify-event-id"]
    assert row["triggered_at"] == received.headers["x-shopify-triggered-at"]
    assert (row["topic"], row["resource_id"], row["faults"]) == ("products/update", product_id, [])
    assert row["uri"] == remote.receiver.url
    assert [each["status"] for each in row["attempts"]] == [503, 200]
    assert remote.ask("GET", "/deliveries?state=given_up") == []
    remote.ask("POST", "/announce")
    remote.arrived(7)
    assert len(remote.ask("GET", "/deliveries?limit=3")) == 3


def test_subscriptions_are_made_listed_and_deleted(remote: Remote) -> None:
    wanted = {"topic": "products/update", "uri": "http://127.0.0.1:9/", "name": "stock", "made_by": "api"}
    made = remote.ask("POST", "/subscriptions", wanted, status=201)
    assert {name: made[name] for name in wanted} == wanted
    assert (made["api_version"], made["failures"]) == ("2026-10", 0)
    assert made in remote.ask("GET", "/subscriptions")
    assert remote.ask("DELETE", f"/subscriptions/{made['id']}") == {"deleted": made["id"]}
    assert made not in remote.ask("GET", "/subscriptions")


def test_one_is_misrouted_whoever_made_it_and_told_so_by_nobody(remote: Remote) -> None:
    made = remote.ask("GET", "/subscriptions")[1]
    changed = remote.ask("PATCH", f"/subscriptions/{made['id']}", {"uri": f"{remote.receiver.url}/astray"})
    assert changed == {**made, "uri": changed["uri"], "updated_at": changed["updated_at"]}
    assert made["topic"] == "products/update"
    remote.ask("POST", "/announce")
    remote.arrived(5)
    assert {each.path for each in remote.receiver.received} == {"/astray"}
    narrowed = remote.ask("PATCH", f"/subscriptions/{made['id']}", {"filter": "id:1", "format": "XML"})
    assert (narrowed["filter"], narrowed["format"]) == ("id:1", "XML")
    remote.ask("PATCH", f"/subscriptions/{made['id']}", {"uri": "hooks"}, status=400)
    remote.ask("PATCH", "/subscriptions/1", {"uri": "http://127.0.0.1/"}, status=404)


def test_those_of_the_admin_api_are_lost_by_topic_or_all_and_others_stay(remote: Remote) -> None:
    def make(topic: str, port: int) -> int:
        wanted = {"topic": topic, "uri": f"http://127.0.0.1:{port}/", "made_by": "api"}
        return int(remote.ask("POST", "/subscriptions", wanted, status=201)["id"])

    update, create, other = make("products/update", 9), make("products/create", 9), make("shop/update", 9)
    assert remote.ask("DELETE", "/subscriptions?topic=products/update") == {"deleted": [update]}
    assert remote.ask("DELETE", "/subscriptions") == {"deleted": [create, other]}
    assert {each["made_by"] for each in remote.ask("GET", "/subscriptions")} == {"app"}


def test_a_secret_is_rotated_and_its_predecessor_revoked_and_neither_is_shown(remote: Remote) -> None:
    rotated = remote.client.post("/control/secrets", json={"secret": "brand-new", "seconds": 1e12})
    assert rotated.json() == {"rotating": True}
    assert remote.simulation.secrets.for_delivery("app", 1) == SECRET
    revoked = remote.client.delete("/control/secrets/old")
    assert revoked.json() == {"rotating": False}
    assert remote.simulation.secrets.for_delivery("app", 1) == "brand-new"
    pages = [rotated.text, revoked.text]
    pages += [remote.client.get(f"/control/{page}").text for page in ("status", "truth", "subscriptions")]
    pages += [remote.client.post("/control/secrets", json={"secret": ["tell-tale"]}).text]
    for page in pages:
        assert not any(key in page for key in (SECRET, STORE_KEY, "brand-new", "tell-tale"))


def test_a_handle_is_chosen_and_taken_under_one_lock(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = remote.simulation.shop
    free_handle = shop.free_handle
    locked: list[bool] = []

    def watched(wanted: str) -> str:
        locked.append(locked_for_others(shop))
        return free_handle(wanted)

    monkeypatch.setattr(shop, "free_handle", watched)
    made = [remote.ask("POST", "/products", {"title": "The same"}, status=201) for _ in range(2)]
    assert [each["handle"] for each in made] == ["the-same", "the-same-1"]
    assert locked == [True, True]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://a.page.example"},
        {"origin": "null"},
        {"host": "rebound.example"},
        {"host": "rebound.example:8100"},
        {"host": "[2001:db8::1]:8100"},
        {"host": ""},
    ],
    ids=str,
)
def test_a_web_page_cannot_steer_the_shop(remote: Remote, headers: dict[str, str]) -> None:
    refused = remote.client.post("/control/announce", headers=headers)
    assert (refused.status_code, list(refused.json())) == (403, ["error"])
    assert remote.ask("GET", "/status")["events"] == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8100", "LOCALHOST", "[::1]:8100", "127.8.9.1"])
def test_every_name_of_the_machine_itself_is_good(remote: Remote, host: str) -> None:
    assert remote.client.get("/control/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "erp.example"])
def test_only_loopback_is_served_unless_asked_for(host: str) -> None:
    with small_shop() as simulation, pytest.raises(NotLoopback):
        Server(control_app(simulation), host=host)


def test_another_address_is_served_when_it_is_plainly_asked_for() -> None:
    with (
        small_shop() as simulation,
        Server(control_app(simulation, any_host=True), host="0.0.0.0", any_host=True) as server,
    ):
        health = f"http://127.0.0.1:{httpx.URL(server.url).port}/control/health"
        assert httpx.get(health, headers={"host": "erp.example"}, trust_env=False).status_code == 200
        assert httpx.get(health, headers={"origin": "http://a.page"}, trust_env=False).status_code == 403
