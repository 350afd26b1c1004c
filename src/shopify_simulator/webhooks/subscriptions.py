"""Who is told of what. A wish to be told enters, a subscription leaves; failures in a row end it.

What never happens here: HTTP, and removing what an app's own configuration or the merchant made.
"""

import itertools
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from shopify_simulator.shop.rules import Refused
from shopify_simulator.webhooks.retry import FAILURES_TO_REMOVAL
from shopify_simulator.webhooks.topics import COMPLIANCE_TOPICS, TOPICS

Maker = Literal["api", "app", "merchant"]
"""The Admin API, an app's TOML file, or the merchant in Settings > Notifications."""

API_VERSION: Final = "2026-10"
API_VERSIONS: Final = ("2026-07", API_VERSION)
"""Those whose bodies have the keys that this shop writes."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,50}")
_FIRST_ID: Final = 1_047_897_672_601


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One address that is told of one topic. `failures`: failed attempts in a row, of all its deliveries.

    `api_version` is the app's (shopify.dev/docs/api/admin-graphql, webhookSubscriptionCreate).
    """

    id: int
    topic: str
    uri: str
    api_version: str
    name: str | None
    made_by: Maker
    failures: int
    created_at: datetime


class Subscriptions:
    """All subscriptions of the shop, in the order they were made. Fit for several threads."""

    def __init__(self, clock: Callable[[], datetime], api_version: str = API_VERSION) -> None:
        if api_version not in API_VERSIONS:
            raise ValueError(f"the API version is one of {', '.join(API_VERSIONS)}")
        self._api_version = api_version
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[int, Subscription] = {}
        self._numbers = itertools.count(_FIRST_ID)
        self._removed = 0

    def add(
        self,
        *,
        topic: str,
        uri: str,
        name: str | None = None,
        made_by: Maker = "app",
    ) -> Subscription:
        """Makes a subscription; raises `Refused` with the reason where Shopify would not."""
        _hold_to_form(topic, uri, name, made_by)
        with self._lock:
            self._hold_to_others(topic, uri, name, made_by)
            made = Subscription(
                id=next(self._numbers),
                topic=topic,
                uri=uri,
                api_version=self._api_version,
                name=name,
                made_by=made_by,
                failures=0,
                created_at=self._clock(),
            )
            self._held[made.id] = made
        return made

    def _hold_to_others(self, topic: str, uri: str, name: str | None, made_by: Maker) -> None:
        """One maker tells one address once. Two makers may: that is how deliveries come twice."""
        for other in self._held.values():
            if (other.topic, other.uri, other.made_by) == (topic, uri, made_by):
                raise Refused("uri: has already been taken for this topic")
            if name is not None and other.name == name:
                raise Refused("name: has already been taken")

    def remove(self, subscription_id: int) -> Subscription | None:
        """Ends it by somebody's will; None when it is not there."""
        with self._lock:
            return self._held.pop(subscription_id, None)

    def succeeded(self, subscription_id: int) -> None:
        """An attempt was accepted: the failures in a row are over."""
        with self._lock:
            held = self._held.get(subscription_id)
            if held is not None and held.failures:
                self._held[subscription_id] = replace(held, failures=0)

    def failed(self, subscription_id: int) -> Subscription | None:
        """An attempt failed. Returns the subscription when this failure ended it, else None."""
        with self._lock:
            held = self._held.get(subscription_id)
            if held is None:
                return None
            held = self._held[subscription_id] = replace(held, failures=held.failures + 1)
            if held.made_by != "api" or held.failures < FAILURES_TO_REMOVAL:
                return None
            self._removed += 1
            return self._held.pop(subscription_id)

    def get(self, subscription_id: int) -> Subscription | None:
        with self._lock:
            return self._held.get(subscription_id)

    def all(self) -> list[Subscription]:
        with self._lock:
            return list(self._held.values())

    def of_topic(self, topic: str) -> list[Subscription]:
        return [held for held in self.all() if held.topic == topic]

    @property
    def removed(self) -> int:
        """How many ended by their failures."""
        with self._lock:
            return self._removed


def _hold_to_form(topic: str, uri: str, name: str | None, made_by: str) -> None:
    if topic not in TOPICS:
        raise Refused(f"topic: there is no {topic!r}; a topic looks like products/update")
    if topic in COMPLIANCE_TOPICS and made_by != "app":
        raise Refused(f"topic: {topic} stands in an app's configuration only")
    if not _is_http(uri):
        raise Refused("uri: is no http or https URL with a host")
    if name is not None and not _NAME.fullmatch(name):
        raise Refused("name: has 1 to 50 letters, digits, _ and -")
    if made_by not in get_args(Maker):
        raise Refused("made_by: is api, app or merchant")


def _is_http(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and uri.isascii()
