"""A Shopify in this process that answers as told; and a time that only sleeping moves."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from backroom.shopify.client import Client
from backroom.shopify.patience import Patience, Timing
from backroom.shopify.posting import Shop
from backroom.vocabulary.selection import Branch, Selection

DOMAIN = "one.myshopify.com"
Reply = httpx.Response | Exception
PRODUCTS = Selection(
    connection="products",
    type_name="Product",
    selection="id title updatedAt",
    branches=(
        Branch(field="variants", node_types=("ProductVariant",), selection="id sku", first=2),
        Branch(field="media", node_types=("MediaImage", "Video"), selection="id", first=2),
    ),
)


class Time:
    """Stands still but for sleeps, which it notes."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.seconds += seconds

    def now(self) -> datetime:
        return datetime(2026, 11, 28, tzinfo=UTC) + timedelta(seconds=self.seconds)

    @property
    def timing(self) -> Timing:
        return Timing(monotonic=self.monotonic, sleep=self.sleep, random=lambda: 1.0, clock=self)


class FixedTokens:
    """Hands out its tokens one after the other, a next one whenever one is refused."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens or ("shpat_secret",))

    def token(self) -> str:
        return self._tokens[0]

    def renew(self, refused: str) -> bool:
        if len(self._tokens) > 1 and self._tokens[0] == refused:
            del self._tokens[0]
        return self._tokens[0] != refused

    @property
    def are_granted(self) -> bool:
        return len(self._tokens) > 1


class Stub:
    """Asked by a client: replies in turn, or whatever a function makes of the request's JSON."""

    def __init__(self, *replies: Reply, by: Callable[[dict[str, Any]], Reply] | None = None) -> None:
        self.time = Time()
        self.requests: list[httpx.Request] = []
        self._replies = list(replies)
        self._by = by
        self.http = httpx.Client(transport=httpx.MockTransport(self._answer))

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(request.content) for request in self.requests]

    def client(self, *tokens: str, patience: Patience | None = None) -> Client:
        shop = Shop(domain=DOMAIN, base_url=f"https://{DOMAIN}", api_version="2026-10")
        return Client(self.http, shop, FixedTokens(*tokens), patience=patience, timing=self.time.timing)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self._by is not None:
            reply = self._by(msgspec.json.decode(request.content))
        else:
            reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


def data(value: Any, spent: Mapping[str, Any] | None = None) -> httpx.Response:
    """A good answer."""
    body: dict[str, Any] = {"data": value}
    if spent is not None:
        body["extensions"] = {"cost": dict(spent)}
    return httpx.Response(200, json=body)


def errors(
    *codes: str, spent: Mapping[str, Any] | None = None, value: Any = None, **details: Any
) -> httpx.Response:
    """HTTP 200, and GraphQL errors of these codes."""
    body: dict[str, Any] = {
        "errors": [{"message": f"it is {code}", "extensions": {"code": code, **details}} for code in codes]
    }
    if spent is not None:
        body["extensions"] = {"cost": dict(spent)}
    if value is not None:
        body["data"] = value
    return httpx.Response(200, json=body)


def cost(
    requested: float,
    available: float,
    *,
    actual: float | None = None,
    maximum: float = 2000,
    rate: float = 100,
) -> dict[str, Any]:
    """`extensions.cost` as Shopify writes it."""
    return {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": {
            "maximumAvailable": maximum,
            "currentlyAvailable": available,
            "restoreRate": rate,
        },
    }
