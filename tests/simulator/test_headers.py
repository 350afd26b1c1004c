import base64
import hashlib
import hmac
import itertools
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shopify_simulator.shop.events import Event
from shopify_simulator.webhooks.signing import Secrets, sign
from tests.simulator.receiver import Receiver
from tests.simulator.street import SECRET, STORE_KEY, a_product, save, settled, small_shop

PREFIX = "x-shopify-"


def verifies(signature: str, body: bytes, secret: str) -> bool:
    """As a receiver verifies it, written down once more."""
    decoded = base64.b64decode(signature, validate=True)
    return len(decoded) == 32 and hmac.compare_digest(
        decoded, hmac.new(secret.encode(), body, hashlib.sha256).digest()
    )


def is_uuid(text: str) -> bool:
    return str(uuid.UUID(text)) == text


# Name, and whether the text has the form that Shopify gives it
# (shopify.dev/docs/apps/build/webhooks/delivery-structure).
HEADERS: list[tuple[str, Callable[[str, bytes], bool]]] = [
    ("content-type", lambda text, body: text == "application/json"),
    ("content-length", lambda text, body: text == str(len(body))),
    ("user-agent", lambda text, body: text.startswith("Shopify-Captain-Hook")),
    ("x-shopify-topic", lambda text, body: text == "products/update"),
    ("x-shopify-hmac-sha256", lambda text, body: verifies(text, body, SECRET)),
    ("x-shopify-shop-domain", lambda text, body: bool(re.fullmatch(r"[a-z0-9-]+\.myshopify\.com", text))),
    ("x-shopify-api-version", lambda text, body: bool(re.fullmatch(r"20\d\d-(01|04|07|10)", text))),
    ("x-shopify-webhook-id", lambda text, body: is_uuid(text)),
    ("x-shopify-event-id", lambda text, body: is_uuid(text)),
    (
        "x-shopify-triggered-at",
        lambda text, body: bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", text)),
    ),
    ("x-shopify-name", lambda text, body: text == "stock-keeper"),
]


@pytest.mark.parametrize(("name", "has_its_form"), HEADERS, ids=[name for name, _ in HEADERS])
def test_every_documented_header_has_its_form(name: str, has_its_form: Callable[[str, bytes], bool]) -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscriptions.add(topic="products/update", uri=receiver.url, name="stock-keeper")
        save(simulation)
        settled(simulation)
    (received,) = receiver.received
    assert has_its_form(received.headers[name], received.body), received.headers[name]


def test_there_are_no_other_headers_of_shopifys_than_the_documented_ones() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        save(simulation)
        settled(simulation)
    documented = {name for name, _ in HEADERS if name.startswith(PREFIX)} - {"x-shopify-name"}
    assert {name for name in receiver.received[0].headers if name.startswith(PREFIX)} == documented


def test_the_triggered_at_is_when_the_event_fired() -> None:
    fired: list[Event] = []
    with Receiver() as receiver, small_shop() as simulation:
        simulation.shop.listen(fired.append)
        simulation.subscribe(receiver.url)
        save(simulation)
        settled(simulation)
    written = receiver.received[0].headers["x-shopify-triggered-at"]
    assert datetime.fromisoformat(written[:26] + "+00:00") == fired[0].triggered_at


def test_two_subscriptions_share_the_event_id_and_have_a_webhook_id_each() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url, made_by="app")
        simulation.subscribe(receiver.url, made_by="api")
        save(simulation)
        settled(simulation)
    one, other = receiver.received
    assert one.headers["x-shopify-event-id"] == other.headers["x-shopify-event-id"]
    assert one.webhook_id != other.webhook_id


def test_two_runs_from_one_seed_share_no_webhook_id() -> None:
    with Receiver() as receiver:
        for _ in range(2):
            with small_shop(seed=3) as simulation:
                simulation.subscribe(receiver.url)
                save(simulation, 5)
                settled(simulation)
    assert len({each.webhook_id for each in receiver.received}) == 10


def test_what_the_merchant_subscribed_is_signed_with_the_stores_own_key() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url, made_by="merchant")
        save(simulation)
        settled(simulation)
    (received,) = receiver.received
    signature = received.headers["x-shopify-hmac-sha256"]
    assert verifies(signature, received.body, STORE_KEY)
    assert not verifies(signature, received.body, SECRET)


def test_the_signature_is_over_the_raw_bytes_as_they_are_sent() -> None:
    # RFC 4231, test case 2.
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert base64.b64decode(sign(b"what do ya want for nothing?", "Jefe")).hex() == expected
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        # The wide one, and every hostile title.
        simulation.shop.announce()
        settled(simulation)
    assert len(receiver.received) == 5
    for each in receiver.received:
        assert verifies(each.headers["x-shopify-hmac-sha256"], each.body, SECRET)


class Turning:
    """Secrets in rotation, at a time that the test sets."""

    def __init__(self, seconds: float = 3600, time_scale: float = 1) -> None:
        self.now = datetime(2026, 11, 22, 10, tzinfo=UTC)
        self.secrets = Secrets(
            secret="old", store_key="store", clock=lambda: self.now, seed=1, time_scale=time_scale
        )
        self.secrets.rotate("new", seconds)

    def share_of_new(self, after_seconds: float) -> float:
        begun, self.now = self.now, self.now + timedelta(seconds=after_seconds)
        keys = [self.secrets.for_delivery("app", number) for number in range(1000)]
        self.now = begun
        return keys.count("new") / len(keys)


@pytest.mark.parametrize(
    ("after_seconds", "share"), [(0, 0.0), (900, 0.25), (1800, 0.5), (3240, 0.9), (3600, 1.0), (9999, 1.0)]
)
def test_signing_moves_to_the_new_secret_within_the_hour(after_seconds: float, share: float) -> None:
    assert Turning().share_of_new(after_seconds) == pytest.approx(share, abs=0.05)


def test_the_hour_of_a_rotation_is_scaled() -> None:
    assert Turning(time_scale=3600).share_of_new(0.5) == pytest.approx(0.5, abs=0.05)


def test_a_parcel_that_was_signed_with_the_new_secret_would_be_so_later_too() -> None:
    turning = Turning()
    signed: dict[int, list[str]] = {}
    for _ in range(6):
        turning.now += timedelta(seconds=600)
        for number in range(100):
            signed.setdefault(number, []).append(turning.secrets.for_delivery("app", number))
    for keys in signed.values():
        assert [key for key, _ in itertools.groupby(keys)] in (["old", "new"], ["new"])


def test_an_empty_secret_is_refused_and_the_rotation_before_it_goes_on() -> None:
    turning = Turning()
    with pytest.raises(ValueError, match="empty"):
        turning.secrets.rotate("")
    assert turning.share_of_new(1800) == pytest.approx(0.5, abs=0.05)


def test_a_revoked_secret_signs_nothing_any_more() -> None:
    turning = Turning()
    assert turning.secrets.rotating
    assert [turning.secrets.revoke_old(), turning.secrets.revoke_old()] == [True, False]
    assert turning.share_of_new(0) == 1
    assert turning.share_of_new(1) == 1


def test_during_a_rotation_every_delivery_verifies_with_one_of_the_two() -> None:
    with Receiver() as receiver, small_shop(time_scale=1.0) as simulation:
        simulation.subscribe(receiver.url)
        simulation.secrets.rotate("brand-new", seconds=0.2)
        while simulation.secrets.rotating:
            save(simulation)
        save(simulation)
        settled(simulation)
    by_key = {"old": 0, "new": 0}
    for each in receiver.received:
        signature = each.headers["x-shopify-hmac-sha256"]
        old, new = verifies(signature, each.body, SECRET), verifies(signature, each.body, "brand-new")
        assert old != new
        by_key["old" if old else "new"] += 1
    assert by_key["old"]
    assert by_key["new"]


def test_no_secret_shows_in_the_text_of_anything() -> None:
    with small_shop() as simulation:
        simulation.secrets.rotate("brand-new")
        texts = [
            repr(simulation.secrets),
            repr(vars(simulation.secrets)["_rotation"]),
            repr(simulation.status()),
        ]
        a_product(simulation)
    for text in texts:
        assert not any(key in text for key in (SECRET, STORE_KEY, "brand-new"))
