"""The app on the shop: it is uninstalled, installed again, and its scopes change.

The merchant's will enters; tokens, subscriptions and what the app is told follow, in Shopify's order. What
never happens here: a token or a secret in an event.

Source: shopify.dev/docs/apps/build/authentication-authorization and /webhooks/subscribe: with the app go its
tokens, and the subscriptions that the Admin API made; those of its configuration come back with it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from shopify_simulator.admin.app_events import scopes_event, uninstalled_event
from shopify_simulator.admin.tokens import Tokens, scopes_of
from shopify_simulator.shop.events import Event
from shopify_simulator.shop.shop import Shop
from shopify_simulator.shop.subscriptions import Subscriptions


class Installation:
    """See the module. `tell` posts an event to whoever subscribed to it. Fit for several threads."""

    def __init__(
        self,
        shop: Shop,
        *,
        tokens: Tokens,
        subscriptions: Subscriptions,
        tell: Callable[[Event], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._shop = shop
        self._tokens = tokens
        self._subscriptions = subscriptions
        self._tell = tell
        self._clock = clock

    @property
    def installed(self) -> bool:
        return self._tokens.installed

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the merchant granted."""
        return self._tokens.scopes

    @property
    def webhook_version(self) -> str:
        """The API version that all the app's webhooks are told in: 2026-10, or 2026-07."""
        return self._subscriptions.api_version

    @webhook_version.setter
    def webhook_version(self, version: str) -> None:
        """Raises ValueError."""
        self._subscriptions.api_version = version

    def uninstall(self) -> None:
        """The merchant removes the app; fires app/uninstalled, and then it is neither told nor let in.

        Raises ValueError where it is not installed.
        """
        with self._shop.lock:
            if not self.installed:
                raise ValueError("the app is not installed")
            self._tell(uninstalled_event(self._shop, self._clock()))
            self._subscriptions.uninstall()
            self._tokens.uninstall()

    def reinstall(self, access_token: str | None = None) -> None:
        """The merchant installs it again: the fixed token is that one, or the one before.

        Its configuration's subscriptions are back, the Admin API's are not. Raises ValueError where it is
        installed.
        """
        with self._shop.lock:
            if self.installed:
                raise ValueError("the app is installed")
            self._tokens.reinstall(access_token)
            self._subscriptions.reinstall()

    def change_scopes(self, names: Iterable[str]) -> None:
        """The merchant grants these; fires app/scopes_update where that differs from before.

        Subscriptions stay, also those to topics that the app may not subscribe to any more.
        """
        with self._shop.lock:
            previous, current = self._tokens.scopes, scopes_of(names)
            self._tokens.scopes = current
            if self.installed and current != previous:
                self._tell(scopes_event(previous, current, self._clock()))
