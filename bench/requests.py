"""Signed deliveries as bytes on the wire: distinct bodies of 6 KB with five variants, distinct ids."""

import uuid
from collections.abc import Iterator
from typing import Final

import msgspec

from backroom.shopify.signature import sign
from bench.programs import DOMAIN, SECRET
from tests.bodies import product, variant

BODY_BYTES: Final = 6 * 1024
VARIANTS: Final = 5
FIRST_PRODUCT: Final = 8_000_000_000_000
"""Ids as long as Shopify's."""
_API_VERSION: Final = "2026-07"


def body_of(number: int, *, at: float, price: str) -> bytes:
    """Product `number` (from 0) as it was `at` seconds after an epoch, with all variants at a price."""
    product_id = FIRST_PRODUCT + number
    variants = [
        variant(product_id * 10 + position, position=position, price=price)
        for position in range(1, VARIANTS + 1)
    ]
    body = product(product_id, at=at, variants=variants, body_html="")
    missing = BODY_BYTES - len(msgspec.json.encode(body))
    return msgspec.json.encode({**body, "body_html": "w" * missing})


def request_of(topic: str, webhook_id: str, body: bytes) -> bytes:
    """The whole HTTP request, with the headers that Shopify sends."""
    lines = [
        f"POST /api/webhooks/{topic} HTTP/1.1",
        "Host: backroom.example",
        "User-Agent: Shopify-Captain-Hook",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"X-Shopify-Topic: {topic}",
        f"X-Shopify-Hmac-Sha256: {sign(body, SECRET.encode()).decode()}",
        f"X-Shopify-Shop-Domain: {DOMAIN}",
        f"X-Shopify-Webhook-Id: {webhook_id}",
        f"X-Shopify-Event-Id: {uuid.uuid4()}",
        f"X-Shopify-Api-Version: {_API_VERSION}",
        "X-Shopify-Triggered-At: 2026-07-01T12:00:00.123456789Z",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def updates(count: int) -> Iterator[tuple[str, bytes]]:
    """(webhook id, request): products/update of `count` products."""
    for number in range(count):
        webhook_id = str(uuid.uuid4())
        yield webhook_id, request_of("products/update", webhook_id, body_of(number, at=0, price="19.99"))


def shop_life(count: int, behind: int) -> Iterator[tuple[str, bytes]]:
    """Creates, and once `behind` of them are out, in turn a price change of the oldest not changed yet."""
    created = changed = 0
    for _ in range(count):
        webhook_id = str(uuid.uuid4())
        if created - changed > behind:
            body = body_of(changed, at=1, price="21.50")
            yield webhook_id, request_of("products/update", webhook_id, body)
            changed += 1
        else:
            yield webhook_id, request_of("products/create", webhook_id, body_of(created, at=0, price="19.99"))
            created += 1
