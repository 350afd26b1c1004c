"""Access tokens: a fixed one, granted ones that expire, and the rotating pair of an offline token.

A client id, its secret and a grant enter; a token with its life enters the list of those that are known. What
never happens here: a token or a secret in an error or a log.

Source: shopify.dev/docs/apps/build/authentication-authorization, client-credentials-grant and
offline-access-tokens; changelog/more-resilient-refreshes: a refresh token may be used again until the one
that it gave is used.
"""

import hmac
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

CREDENTIALS_SECONDS: Final = 86_399
OFFLINE_SECONDS: Final = 3_600
REFRESH_SECONDS: Final = 7_776_000
SCOPES: Final = ("read_inventory", "read_locations", "read_orders", "read_products", "write_inventory")


class GrantRefused(Exception):
    """No token for this. `code` is OAuth's word, `status` the HTTP one."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.code = code


@dataclass(slots=True, kw_only=True)
class _Refresh:
    expires_at: float
    replaces: str | None
    """The refresh token that gave this one; it is forgotten when this one is used."""


@dataclass(slots=True, kw_only=True)
class Tokens:
    """See the module. `knows_secret` says whether a text is a secret of the app's, `clock` gives seconds.

    While the app is not `installed`, none opens anything, and none is granted.
    """

    client_id: str
    fixed: str | None = field(repr=False)
    knows_secret: Callable[[str], bool] = field(repr=False)
    clock: Callable[[], float]
    scopes: tuple[str, ...] = SCOPES
    installed: bool = True
    _granted: dict[str, float] = field(default_factory=dict, repr=False)
    _refreshes: dict[str, _Refresh] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def knows(self, token: str) -> bool:
        """Whether it opens the Admin API now."""
        if not self.installed:
            return False
        if self.fixed is not None and hmac.compare_digest(token.encode(), self.fixed.encode()):
            return True
        with self._lock:
            expires_at = self._granted.get(token)
        return expires_at is not None and self.clock() < expires_at

    def expire(self) -> None:
        """All granted access tokens are over; refresh tokens stay."""
        with self._lock:
            self._granted.clear()

    def expire_refreshes(self) -> None:
        """All refresh tokens are over: the merchant has to install the app again."""
        with self._lock:
            self._refreshes.clear()

    def uninstall(self) -> None:
        """The app goes, and no token opens anything."""
        self.installed = False

    def reinstall(self, fixed: str | None) -> None:
        """The app is back, without what was granted before it went.

        `fixed`: the token that opens the API for ever from now on; None: as before.
        """
        with self._lock:
            self._granted.clear()
            self._refreshes.clear()
            self.installed = True
            self.fixed = self.fixed if fixed is None else fixed

    def offline_pair(self) -> dict[str, Any]:
        """What an installation gives: an access token and the first refresh token.

        Raises ValueError where the app is not installed.
        """
        if not self.installed:
            raise ValueError("the app is not installed")
        with self._lock:
            return self._pair(replaces=None)

    def grant(self, form: dict[str, str]) -> dict[str, Any]:
        """The answer to POST /admin/oauth/access_token. Raises GrantRefused."""
        if form.get("client_id") != self.client_id or not self.knows_secret(form.get("client_secret", "")):
            raise GrantRefused(401, "invalid_client", "The client's id or secret is wrong")
        if not self.installed:
            raise GrantRefused(400, "app_not_installed", "The app is not installed on this shop")
        kind = form.get("grant_type")
        if kind == "client_credentials":
            with self._lock:
                return {**self._access("shpat", CREDENTIALS_SECONDS), "expires_in": CREDENTIALS_SECONDS}
        if kind == "refresh_token":
            return self._refreshed(form.get("refresh_token", ""))
        raise GrantRefused(400, "unsupported_grant_type", "The grant type is not supported")

    def _refreshed(self, token: str) -> dict[str, Any]:
        with self._lock:
            held = self._refreshes.get(token)
            if held is None or self.clock() >= held.expires_at:
                raise GrantRefused(400, "invalid_grant", "The refresh token is invalid, expired, or was used")
            for given in [name for name, each in self._refreshes.items() if each.replaces == token]:
                del self._refreshes[given]  # asked again: what was given before did not arrive
            if held.replaces is not None:
                self._refreshes.pop(held.replaces, None)
            return self._pair(replaces=token)

    def _pair(self, *, replaces: str | None) -> dict[str, Any]:
        refresh = f"shprt_{secrets.token_hex(16)}"
        self._refreshes[refresh] = _Refresh(expires_at=self.clock() + REFRESH_SECONDS, replaces=replaces)
        return {
            **self._access("shpat", OFFLINE_SECONDS),
            "expires_in": OFFLINE_SECONDS,
            "refresh_token": refresh,
            "refresh_token_expires_in": REFRESH_SECONDS,
        }

    def _access(self, prefix: str, seconds: float) -> dict[str, Any]:
        token = f"{prefix}_{secrets.token_hex(16)}"
        self._granted[token] = self.clock() + seconds
        return {"access_token": token, "scope": ",".join(self.scopes)}


def scopes_of(names: Iterable[str]) -> tuple[str, ...]:
    """In the order in which Shopify lists them."""
    return tuple(sorted(set(names)))
