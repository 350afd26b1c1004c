"""Shopify's headers, read from raw ASGI pairs. Both spellings count: with and without `X-`.

Source: shopify.dev/docs/apps/build/webhooks/delivery-structure (2026-10). Topic, HMAC, shop and
webhook id are needed; all others are optional, and one that can't be read is null.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from backroom.vocabulary.clock import instant_or_none

LONGEST_TEXT = 255
"""Longer webhook ids and topics are kept as a hash: they have to fit an index."""
_PREFIXES = ("x-shopify-", "shopify-")
_WORTH_KEEPING = ("content-type", "content-length", "user-agent")

RawHeaders = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class DeliveryHeaders:
    """One delivery's headers. The four needed ones are None where they are missing."""

    topic: str | None
    hmac: bytes | None
    shop_domain: bytes | None
    webhook_id: str | None
    event_id: str | None
    api_version: str | None
    triggered_at: datetime | None
    content_length: int | None
    kept: dict[str, str]

    def missing(self) -> str | None:
        """The first needed header that is not there."""
        if not self.topic:
            return "X-Shopify-Topic"
        if self.hmac is None:
            return "X-Shopify-Hmac-Sha256"
        if self.shop_domain is None:
            return "X-Shopify-Shop-Domain"
        if not self.webhook_id:
            return "X-Shopify-Webhook-Id"
        return None


def read_headers(raw: RawHeaders) -> DeliveryHeaders:
    """Reads ASGI header pairs (names in small letters). Never raises."""
    found: dict[str, bytes] = {}
    kept: dict[str, str] = {}
    for name, value in raw:
        field, kept_as = _role(name)
        if field is not None:
            found.setdefault(field, value)
        if kept_as is not None:
            kept[kept_as] = _text(value)
    triggered = found.get("triggered-at")
    length = found.get("content-length", b"")
    return DeliveryHeaders(
        topic=_bounded(found.get("topic")),
        hmac=found.get("hmac-sha256"),
        shop_domain=found.get("shop-domain"),
        webhook_id=_bounded(found.get("webhook-id")),
        event_id=_bounded(found.get("event-id")),
        api_version=_bounded(found.get("api-version")),
        triggered_at=instant_or_none(_text(triggered)) if triggered else None,
        content_length=int(length) if length.isdigit() and len(length) < 16 else None,
        kept=kept,
    )


@lru_cache(maxsize=256)
def _role(name: bytes) -> tuple[str | None, str | None]:
    """(the field it fills, the name it is kept under). Senders use the same few names all the time."""
    text = name.decode("latin-1")
    for prefix in _PREFIXES:
        if text.startswith(prefix):
            return text.removeprefix(prefix), text
    return (text if text == "content-length" else None), (text if text in _WORTH_KEEPING else None)


def _bounded(value: bytes | None) -> str | None:
    if value is None:
        return None
    if len(value) > LONGEST_TEXT:
        return "sha256:" + hashlib.sha256(value).hexdigest()
    return _text(value)


def _text(value: bytes) -> str:
    # A NUL fits no PostgreSQL text; a server should have refused it, but a receipt must not hang on it.
    text = value.decode("latin-1")
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}") if "\x00" in text else text
