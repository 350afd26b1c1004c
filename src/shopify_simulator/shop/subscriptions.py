"""Who is told of what. A wish to be told enters, a subscription leaves; failures in a row end it.

What never happens here: HTTP, and removing what an app's own configuration or the merchant made, but for the
app's while it is not installed.
"""

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final, Unpack

from shopify_simulator.shop.subscription import (
    API_VERSION,
    API_VERSIONS,
    Maker,
    Settings,
    Subscription,
    SubscriptionRefused,
)

FAILURES_TO_REMOVAL: Final = 8
"""So many failed attempts in a row end a subscription that was made through the Admin API
(shopify.dev/docs/apps/build/webhooks/verify-deliveries)."""

_FIRST_ID: Final = 1_047_897_672_601


class Subscriptions:
    """All subscriptions of the shop, in the order they were made. Fit for several threads."""

    def __init__(self, clock: Callable[[], datetime], api_version: str = API_VERSION) -> None:
        self._api_version = _known(api_version)
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[int, Subscription] = {}
        self._away: dict[int, Subscription] = {}
        """The app's while it is not installed. They are told nothing, but for what was on its way."""
        self._installed = True
        self._numbers = itertools.count(_FIRST_ID)
        self._removed = 0

    @property
    def api_version(self) -> str:
        """The app's, which all its subscriptions are told in."""
        return self._api_version

    @api_version.setter
    def api_version(self, version: str) -> None:
        """For all, from the next event on. Raises ValueError."""
        with self._lock:
            self._api_version = _known(version)
            for held in (self._held, self._away):
                held.update({each.id: replace(each, api_version=version) for each in held.values()})

    def add(self, *, topic: str, made_by: Maker = "app", **settings: Unpack[Settings]) -> Subscription:
        """Makes a subscription; raises SubscriptionRefused where Shopify would not."""
        now = self._clock()
        with self._lock:
            made = Subscription(
                id=next(self._numbers),
                topic=topic,
                api_version=self._api_version,
                made_by=made_by,
                created_at=now,
                updated_at=now,
                **settings,
            )
            self._check(made)
            if self._installed or made_by == "merchant":
                self._held[made.id] = made
            elif made_by == "app":
                self._away[made.id] = made  # its configuration waits for the app
            else:
                raise SubscriptionRefused("made_by", "the app is not installed")
        return made

    def change(self, subscription_id: int, **settings: Unpack[Settings]) -> Subscription | None:
        """Other settings, whoever made it; None when it is not there. Raises SubscriptionRefused."""
        with self._lock:
            held = self._held.get(subscription_id)
            if held is None:
                return None
            # Failures belong to the address that they were met at.
            failures = held.failures if settings.get("uri", held.uri) == held.uri else 0
            changed = replace(held, **settings, updated_at=self._clock(), failures=failures)
            self._check(changed)
            self._held[subscription_id] = changed
            return changed

    def _check(self, wanted: Subscription) -> None:
        """One maker tells one address once. Two makers may: that is how deliveries come twice."""
        wanted.check()
        for other in self._held.values():
            if other.id == wanted.id:
                continue
            if wanted.tells_the_same(other):
                raise SubscriptionRefused("uri", "Address for this topic has already been taken")
            if wanted.name and other.name and wanted.name.casefold() == other.name.casefold():
                raise SubscriptionRefused("name", "Name already exists, no duplicate allowed")

    def remove(self, subscription_id: int) -> Subscription | None:
        """Ends it by somebody's will; None when it is not there."""
        with self._lock:
            held = self._held.pop(subscription_id, None)
            return held if held is not None else self._away.pop(subscription_id, None)

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

    def uninstall(self) -> None:
        """The app goes: nothing is told to its subscriptions any more, those by the Admin API for ever."""
        with self._lock:
            self._installed = False
            for each in [held for held in self._held.values() if held.made_by != "merchant"]:
                self._away[each.id] = self._held.pop(each.id)

    def reinstall(self) -> None:
        """The app is back, and with it what its configuration names; the Admin API's are not."""
        with self._lock:
            self._installed = True
            for each in [away for away in self._away.values() if away.made_by == "app"]:
                self._held[each.id] = replace(self._away.pop(each.id), failures=0)

    def get(self, subscription_id: int) -> Subscription | None:
        """Also one whose app went: what was on its way to it still arrives."""
        with self._lock:
            return self._held.get(subscription_id) or self._away.get(subscription_id)

    def all(self) -> list[Subscription]:
        with self._lock:
            return list(self._held.values())

    def of_topic(self, topic: str) -> list[Subscription]:
        return [held for held in self.all() if held.topic == topic]

    def of_api(self, topic: str | None = None) -> list[Subscription]:
        """Those made by the Admin API: all, or a topic's."""
        return [held for held in self.all() if held.made_by == "api" and topic in (None, held.topic)]

    @property
    def removed(self) -> int:
        """How many ended by their failures."""
        with self._lock:
            return self._removed


def _known(version: str) -> str:
    if version not in API_VERSIONS:
        raise ValueError(f"the API version is one of {', '.join(API_VERSIONS)}")
    return version
