"""One address that is told of one topic, and the rules of its form.

A wish enters; a subscription, or Shopify's refusal, leaves. What never happens here: a look at the other
subscriptions (`subscriptions.py`).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypedDict, get_args
from urllib.parse import urlsplit

from shopify_simulator.shop.rules import Refused
from shopify_simulator.shop.topics import COMPLIANCE_TOPICS, TOPICS

Maker = Literal["api", "app", "merchant"]
"""The Admin API, an app's TOML file, or the merchant in Settings > Notifications."""

Format = Literal["JSON", "XML"]

API_VERSION: Final = "2026-10"
API_VERSIONS: Final = ("2026-07", API_VERSION)
"""Those whose bodies have the keys that this shop writes."""

LONGEST_NAME: Final = 50
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")


class SubscriptionRefused(Refused):
    """Shopify would not have it. `field`: of the subscription; `message`: Shopify's words."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Settings(TypedDict, total=False):
    """What its maker may change of a subscription. Only the address is needed."""

    uri: str
    name: str | None
    filter: str | None
    format: Format
    include_fields: tuple[str, ...]
    metafield_namespaces: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One address that is told of one topic. `failures`: failed attempts in a row, of all its deliveries.

    `api_version` is the app's (shopify.dev/docs/api/admin-graphql, webhookSubscriptionCreate). `filter`,
    `format`, `include_fields` and `metafield_namespaces` are kept and shown; bodies do not follow them.
    """

    id: int
    topic: str
    api_version: str
    made_by: Maker
    created_at: datetime
    updated_at: datetime
    failures: int = 0
    uri: str = ""
    name: str | None = None
    filter: str | None = None
    format: Format = "JSON"
    include_fields: tuple[str, ...] = ()
    metafield_namespaces: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises SubscriptionRefused."""
        if self.topic not in TOPICS:
            raise SubscriptionRefused(
                "topic", f"there is no {self.topic!r}; a topic looks like products/update"
            )
        if self.topic in COMPLIANCE_TOPICS and self.made_by != "app":
            raise SubscriptionRefused("topic", f"{self.topic} stands in an app's configuration only")
        if self.made_by not in get_args(Maker):
            raise SubscriptionRefused("made_by", "is api, app or merchant")
        if self.format not in get_args(Format):
            raise SubscriptionRefused("format", "is JSON or XML")
        if not self.uri:
            raise SubscriptionRefused("uri", "Address can't be blank")
        if not _is_http(self.uri):
            raise SubscriptionRefused("uri", "Address is invalid")
        if self.name is not None:
            _check_name(self.name)

    def tells_the_same(self, other: "Subscription") -> bool:
        """Whether the two are one wish of one maker: Shopify allows that once."""
        return (self.topic, self.uri, self.format, self.filter, self.made_by) == (
            other.topic,
            other.uri,
            other.format,
            other.filter,
            other.made_by,
        )


def _check_name(name: str) -> None:
    if not name:
        raise SubscriptionRefused("name", "Name is too short (minimum is 1 character)")
    if len(name) > LONGEST_NAME:
        raise SubscriptionRefused("name", f"Name is too long (maximum is {LONGEST_NAME} characters)")
    if not _NAME.fullmatch(name):
        raise SubscriptionRefused(
            "name", "Name can only contain alphanumeric characters, underscores, and hyphens"
        )


def _is_http(uri: str) -> bool:
    """Shopify wants https; who listens on loopback may have http here."""
    try:
        parts = urlsplit(uri)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and uri.isascii()
