"""Shopify's headers: both spellings, needed and optional, and nothing that can break a receipt."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backroom.ingress.headers import LONGEST_TEXT, DeliveryHeaders, read_headers

Pairs = list[tuple[bytes, bytes]]
ALL = {
    "topic": b"products/update",
    "hmac-sha256": b"c2lnbmF0dXJl",
    "shop-domain": b"one.myshopify.com",
    "webhook-id": b"7f1c",
    "event-id": b"e-1",
    "api-version": b"2026-10",
    "triggered-at": b"2026-01-01T00:00:00.123456789Z",
}
NEEDED = {
    "topic": "X-Shopify-Topic",
    "hmac-sha256": "X-Shopify-Hmac-Sha256",
    "shop-domain": "X-Shopify-Shop-Domain",
    "webhook-id": "X-Shopify-Webhook-Id",
}
NAMES = [b"x-shopify-", b"shopify-"]


def pairs(changed: dict[str, bytes | None] | None = None, *, prefix: bytes = b"x-shopify-") -> Pairs:
    """All headers, some of them changed, or left out (None)."""
    values: dict[str, bytes | None] = {**ALL, **(changed or {})}
    return [(prefix + name.encode(), value) for name, value in values.items() if value is not None]


@pytest.mark.parametrize("prefix", NAMES)
def test_both_spellings_are_read(prefix: bytes) -> None:
    found = read_headers(pairs(prefix=prefix))
    assert found.missing() is None
    assert (found.topic, found.webhook_id, found.event_id) == ("products/update", "7f1c", "e-1")
    assert (found.hmac, found.shop_domain) == (b"c2lnbmF0dXJl", b"one.myshopify.com")
    assert found.api_version == "2026-10"
    assert found.triggered_at == datetime(2026, 1, 1, 0, 0, 0, 123_456, tzinfo=UTC)


@pytest.mark.parametrize("prefix", NAMES)
@pytest.mark.parametrize("name", NEEDED)
def test_a_needed_header_that_is_missing_is_named(name: str, prefix: bytes) -> None:
    assert read_headers(pairs({name: None}, prefix=prefix)).missing() == NEEDED[name]


@pytest.mark.parametrize("name", ["topic", "webhook-id"])
def test_a_needed_header_without_a_value_is_missing(name: str) -> None:
    assert read_headers(pairs({name: b""})).missing() == NEEDED[name]


def test_no_headers_at_all_is_a_missing_topic() -> None:
    assert read_headers([]).missing() == "X-Shopify-Topic"


@pytest.mark.parametrize("name", ["event-id", "api-version", "triggered-at"])
def test_an_optional_header_may_be_missing(name: str) -> None:
    found = read_headers(pairs({name: None}))
    assert found.missing() is None
    assert getattr(found, name.replace("-", "_")) is None


@pytest.mark.parametrize(
    "value", [b"", b"yesterday", b"2026-01-01T00:00:00", b"\xff\xfe", b"0001-01-01T00:00:00+14:00"]
)
def test_an_unreadable_instant_is_none_and_refuses_nothing(value: bytes) -> None:
    found = read_headers(pairs({"triggered-at": value}))
    assert found.triggered_at is None
    assert found.missing() is None


@pytest.mark.parametrize(
    "value", [b"", b"-1", b"1.5", b"12 ", b"many", b"9" * 16, b"9" * 5_000, "٣".encode()]
)
def test_an_unreadable_length_is_none(value: bytes) -> None:
    assert read_headers([*pairs(), (b"content-length", value)]).content_length is None


def test_a_length_is_read() -> None:
    assert read_headers([*pairs(), (b"content-length", b"20971521")]).content_length == 20_971_521


@pytest.mark.parametrize("name", ["topic", "webhook-id", "event-id", "api-version"])
def test_a_long_text_is_kept_as_its_hash_and_stays_distinct(name: str) -> None:
    field = name.replace("-", "_")
    longest = getattr(read_headers(pairs({name: b"x" * LONGEST_TEXT})), field)
    one = getattr(read_headers(pairs({name: b"x" * 60_000 + b"1"})), field)
    other = getattr(read_headers(pairs({name: b"x" * 60_000 + b"2"})), field)
    assert longest == "x" * LONGEST_TEXT
    assert one.startswith("sha256:")
    assert len(one) == len("sha256:") + 64
    assert one != other
    assert one == getattr(read_headers(pairs({name: b"x" * 60_000 + b"1"})), field)


def test_the_first_of_a_repeated_header_counts() -> None:
    found = read_headers(
        [*pairs(), (b"x-shopify-topic", b"orders/create"), (b"shopify-topic", b"orders/paid")]
    )
    assert found.topic == "products/update"


def test_what_is_kept_is_shopifys_and_what_describes_the_body() -> None:
    others = [
        (b"cookie", b"secret"),
        (b"authorization", b"Bearer x"),
        (b"user-agent", b"Shopify-Captain-Hook"),
    ]
    kept = read_headers([*pairs(), *others, (b"content-type", b"application/json")]).kept
    assert set(kept) == {f"x-shopify-{name}" for name in ALL} | {"user-agent", "content-type"}


names = st.sampled_from(
    [prefix + name.encode() for prefix in NAMES for name in ALL]
    + [b"content-length", b"content-type", b"x-shopify-"]
)


@given(st.lists(st.tuples(names | st.binary(max_size=30), st.binary(max_size=300)), max_size=12))
def test_no_bytes_can_break_the_reading(raw: Pairs) -> None:
    found = read_headers(raw)
    assert isinstance(found, DeliveryHeaders)
    found.missing()
    for text in (found.topic, found.webhook_id, found.event_id, found.api_version, *found.kept.values()):
        assert text is None or "\x00" not in text
    for text in (found.topic, found.webhook_id, found.event_id, found.api_version):
        assert text is None or len(text) <= LONGEST_TEXT
    assert found.triggered_at is None or found.triggered_at.tzinfo is UTC
