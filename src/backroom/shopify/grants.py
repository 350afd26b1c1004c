"""Tokens as Shopify grants them, asked for by its own package `shopifyapp`: one question, one `Grant`.

Failures leave as our errors in plain words. What never happens here: a token or secret in an error or a log,
or anything stored. Source: shopify.dev/docs/apps/build/authentication-authorization (2026-10).
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import httpx

from backroom.shopify.answers import refusal_by_status
from backroom.shopify.posting import TIMEOUT, Failed, what_happened
from backroom.shopify.readdressed import Readdressed
from backroom.shops.credentials import Credential, Grant, Whereabouts
from backroom.vocabulary.clock import instant_or_none
from backroom.vocabulary.errors import Refused, TokenRefused

NOT_INSTALLED: Final = "app_not_installed"


class GrantRefused(TokenRefused):
    """The refresh token is not accepted; another process may have used it, and stored a newer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granter:
    """Asks for grants of one shop."""

    http: httpx.Client
    shop: Whereabouts

    def ask(self, credential: Credential) -> Grant:
        """One try. Raises Failed where another may help, else Refused."""
        if not credential.client_id:
            raise TokenRefused(
                f"{self.shop.domain} can not be asked for a token without the app's client id; give it with"
                f" `backroom shop add {self.shop.domain} --client-id ID`"
            )
        way = Readdressed(self.http, self.shop.base_url)
        with httpx.Client(transport=way, timeout=TIMEOUT) as client:
            try:
                result = self._exchanged(credential, client)
            except ValueError as error:
                raise Failed("its answer to a request for a token is no JSON", sent=True) from error
        token = result.access_token
        if not result.ok or token is None or not token.token:
            raise self._failure(result, way.trouble)
        grant = Grant(
            token=token.token,
            expires_at=instant_or_none(token.expires),
            refresh_token=getattr(token, "refresh_token", None) or None,
            refresh_expires_at=instant_or_none(getattr(token, "refresh_token_expires", None)),
        )
        return grant if grant.refresh_token else _refreshed_as_before(grant, credential)

    def _exchanged(self, credential: Credential, client: httpx.Client) -> Any:
        # Only here: it costs start-up time, and most commands ask for no token.
        from shopify_app import ShopifyApp

        handle = self.shop.domain.partition(".")[0]
        app = ShopifyApp(credential.client_id or "", credential.secret)
        if credential.kind != "offline":
            return app.exchange_using_client_credentials(handle, client)
        pair = {
            "shop": handle,
            "refresh_token": credential.grant.refresh_token if credential.grant else None,
            # Empty, or it would not ask before the token has a minute left by this machine's clock.
            "expires": "",
            "access_mode": "offline",
        }
        return app.refresh_token_exchanged_access_token(pair, client)

    def _failure(self, result: Any, trouble: httpx.HTTPError | None) -> Failed | Refused:
        code = result.log.code
        status = result.http_logs[-1].res.status if result.http_logs else 0
        domain = self.shop.domain
        if code == "network_error":
            happened = "the connection broke" if trouble is None else what_happened(trouble)
            return Failed(f"{happened}, when it was asked for a token", sent=True)
        if status in (408, 429, 430) or status >= 500:
            return Failed(f"it answers {status} to a request for a token", sent=True)
        if code == "invalid_client":
            return TokenRefused(
                f"{domain} does not accept the app's client id and secret; check both, and that the app is"
                f" installed, then give them anew with `backroom shop add {domain} --client-id ID`"
            )
        if code == "invalid_grant":
            return GrantRefused(
                f"{domain} does not accept the refresh token any more; install the app anew, and give the"
                f" new pair of tokens with `backroom shop add {domain} --client-id ID`"
            )
        if NOT_INSTALLED in result.log.detail:
            return TokenRefused(
                f"the app is not installed in {domain}: install it again, then `backroom shop test {domain}`"
            )
        if status in (402, 404, 423) and (refused := refusal_by_status(status, domain)) is not None:
            return refused
        said = result.log.detail.partition(". Respond")[0][:200]
        return TokenRefused(f"{domain} grants no token ({said}); check the app's client id and secret")


def _refreshed_as_before(grant: Grant, credential: Credential) -> Grant:
    """With the refresh token that it was asked with: it stays good where no other one is given."""
    if credential.kind != "offline" or credential.grant is None:
        return grant
    return replace(
        grant,
        refresh_token=credential.grant.refresh_token,
        refresh_expires_at=credential.grant.refresh_expires_at,
    )
