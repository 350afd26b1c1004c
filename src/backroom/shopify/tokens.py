"""The access token of one shop: the fixed one, or the one that was granted, asked for anew before it ends.

A granted token is stored, so that restarts and other processes share it. Two processes may refresh at the
same moment: each stores its pair only if nobody stored another meanwhile, and the one that came too late
takes the stored one. (Shopify lets a refresh token be used again until the one that followed it was.)
No transaction is open while Shopify is asked.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from backroom.db.database import Database
from backroom.observe.log import get_log
from backroom.shopify.grants import Granter, GrantRefused
from backroom.shopify.patience import Patience, Timing
from backroom.shopify.posting import Failed, unreachable
from backroom.shops.credentials import Credential, Grant, read_credential, store_grant
from backroom.shops.vault import Vault
from backroom.vocabulary.clock import format_instant
from backroom.vocabulary.errors import Unreachable
from backroom.vocabulary.ids import ShopId

EARLIEST: Final = timedelta(minutes=5)
"""Before its end a token is renewed; a quarter of what it had left when this process first saw it, where that
is less. Up to twice as early, by chance, so that processes do not all come at once."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Held:
    token: str
    renew_at: datetime | None
    expires_at: datetime | None
    granted: bool = True


class StoredTokens:
    """The shop's token, for all threads of a process."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        shop_id: ShopId,
        granter: Granter,
        *,
        patience: Patience | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._shop_id = shop_id
        self._granter = granter
        self._patience = patience or Patience()
        self._timing = timing or Timing()
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._log = get_log("shopify").bind(shop=granter.shop.domain)

    def token(self) -> str:
        """One that is good now. Raises Refused, or Unreachable where none can be asked for."""
        with self._lock:
            if self._held is None or self._is_due(self._held):
                self._held = self._found()
            return self._held.token

    def renew(self, refused: str) -> bool:
        """Whether `token` will now give another one than the one that was refused."""
        with self._lock:
            if self._held is None or self._held.token == refused:
                credential = self._read()
                self._held = self._hold(credential)
                if (self._held is None or self._held.token == refused) and credential.kind != "access_token":
                    self._held = self._granted(credential)
            return self._held is not None and self._held.token != refused

    @property
    def are_granted(self) -> bool:
        """Whether the one at hand was granted for the app's client id and secret."""
        held = self._held
        return held is not None and held.granted

    def _found(self) -> _Held:
        """What is stored and good for a while, or else a new grant."""
        credential = self._read()
        held = self._hold(credential)
        if held is not None and not self._is_due(held):
            return held
        try:
            return self._granted(credential)
        except Unreachable:
            # Not renewed in time, but it is good yet.
            if held is None or held.expires_at is None or held.expires_at <= self._timing.clock.now():
                raise
            return held

    def _granted(self, credential: Credential) -> _Held:
        try:
            grant = self._asked(credential)
        except GrantRefused:
            current = self._read()
            if current.seen == credential.seen:
                raise
            return self._hold(current) or self._granted(current)
        with self._database.writing() as transaction:
            stored = store_grant(transaction, self._vault, self._shop_id, credential.seen, grant)
        until = grant.expires_at and format_instant(grant.expires_at)
        self._log.info("token.granted", kind=credential.kind, expires_at=until, stored=stored)
        if stored and grant.refresh_token is None:
            return self._held_of(grant)
        current = self._read()
        return self._hold(current) or self._granted(current)

    def _asked(self, credential: Credential) -> Grant:
        began = self._timing.monotonic()
        for failures in range(self._patience.tries):
            try:
                return self._granter.ask(credential)
            except Failed as error:
                pause = self._patience.pause(failures, self._timing.random)
                over = self._timing.monotonic() + pause - began > self._patience.within_seconds
                if over or failures + 1 == self._patience.tries:
                    raise self._unreachable(str(error)) from error
                self._timing.sleep(pause)
        raise self._unreachable("no try is allowed")

    def _unreachable(self, reason: str) -> Unreachable:
        return unreachable(self._granter.shop.domain, self._granter.shop.base_url, reason)

    def _read(self) -> Credential:
        with self._database.reading() as transaction:
            return read_credential(transaction, self._vault, self._shop_id)

    def _hold(self, credential: Credential) -> _Held | None:
        if credential.kind == "access_token":
            return _Held(token=credential.secret, renew_at=None, expires_at=None, granted=False)
        grant, held = credential.grant, self._held
        if grant is None:
            return None
        if held is not None and (held.token, held.expires_at) == (grant.token, grant.expires_at):
            # As due as it was: reckoned anew from what is left, it would be due only at its very end.
            return held
        return self._held_of(grant)

    def _held_of(self, grant: Grant) -> _Held:
        renew_at = None
        if grant.expires_at is not None:
            left = max(grant.expires_at - self._timing.clock.now(), timedelta(0))
            early = min(EARLIEST, left / 4)
            renew_at = grant.expires_at - early * (1 + self._timing.random())
        return _Held(token=grant.token, renew_at=renew_at, expires_at=grant.expires_at)

    def _is_due(self, held: _Held) -> bool:
        return held.renew_at is not None and held.renew_at <= self._timing.clock.now()
