"""What opens a shop's API, and what was granted for it: stored encrypted, shared by all processes.

Kinds: `access_token` (a fixed one), `client_secret` (a token is granted for it, for a day), `offline` (a
token for an hour, and a refresh token that changes with each use). What never happens here: a secret in a
repr or an error, or half of a pair stored.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import select, update

from backroom.db.database import Transaction
from backroom.shops.tables import shop, shop_credential
from backroom.shops.vault import Vault
from backroom.vocabulary.errors import TokenRefused, Unknown
from backroom.vocabulary.ids import ShopId

Kind = Literal["access_token", "client_secret", "offline"]
BY_CLIENT_SECRET: Final[tuple[Kind, ...]] = ("client_secret", "offline")
"""What tokens are granted for with the app's client secret, which signs webhooks, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a shop's API answers, and which credential opens it.

    `opened_by` is the credential's stored form: each `shop add` makes another one, a grant does not.
    """

    domain: str
    api_url: str | None
    opened_by: bytes | None = field(default=None, repr=False)

    @property
    def base_url(self) -> str:
        return self.api_url or f"https://{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Grant:
    """A token that was granted, and what it can be refreshed with. Null instants: it does not expire."""

    token: str
    expires_at: datetime | None
    refresh_token: str | None = None
    refresh_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credential:
    """`secret` is the fixed token or the app's client secret.

    `seen` is the stored form that it was read from, for `store_grant` to find out whether it is still there.
    """

    kind: Kind
    client_id: str | None
    secret: str
    grant: Grant | None
    seen: tuple[bytes, bytes | None]


def read_whereabouts(transaction: Transaction, shop_id: ShopId) -> Whereabouts:
    """Raises Unknown where there is no such shop, or it was removed."""
    row = transaction.execute(
        select(shop.c.domain, shop.c.api_url, shop_credential.c.ciphertext)
        .outerjoin(shop_credential, shop_credential.c.shop_id == shop.c.id)
        .where(shop.c.id == shop_id, shop.c.removed_at.is_(None))
    ).one_or_none()
    if row is None:
        raise Unknown(f"there is no shop {shop_id}, or it was removed")
    return Whereabouts(domain=row.domain, api_url=row.api_url, opened_by=row.ciphertext)


def read_credential(transaction: Transaction, vault: Vault, shop_id: ShopId) -> Credential:
    """What opens the shop. Raises TokenRefused where nothing was given, Unreadable where no key fits."""
    row = transaction.execute(
        select(shop_credential).where(shop_credential.c.shop_id == shop_id)
    ).one_or_none()
    if row is None:
        raise TokenRefused("nothing opens this shop: give its token or secret with `backroom shop add`")
    grant = None
    if row.token_ciphertext is not None:
        refresh = row.refresh_ciphertext
        grant = Grant(
            token=vault.decrypt(row.token_ciphertext),
            expires_at=row.token_expires_at,
            refresh_token=None if refresh is None else vault.decrypt(refresh),
            refresh_expires_at=row.refresh_expires_at,
        )
    return Credential(
        kind=row.kind,
        client_id=row.client_id,
        secret=vault.decrypt(row.ciphertext),
        grant=grant,
        seen=(row.ciphertext, row.refresh_ciphertext),
    )


def store_grant(
    transaction: Transaction, vault: Vault, shop_id: ShopId, seen: tuple[bytes, bytes | None], grant: Grant
) -> bool:
    """Stores the whole grant in one statement, if what it was asked with is still what is stored.

    False: somebody stored another meanwhile, which is then the one to use.
    """
    secret, refresh = seen
    table = shop_credential.c
    stored = transaction.execute(
        update(shop_credential)
        .where(
            table.shop_id == shop_id,
            table.ciphertext == secret,
            table.refresh_ciphertext.is_(None) if refresh is None else table.refresh_ciphertext == refresh,
        )
        # Not updated_at: that tells when people gave what opens the shop.
        .values(grant_columns(vault, grant))
    )
    return stored.rowcount == 1


def grant_columns(vault: Vault, grant: Grant) -> dict[str, object]:
    """A grant as the columns of `shop_credential`."""
    refresh = grant.refresh_token
    return {
        "token_ciphertext": vault.encrypt(grant.token),
        "token_expires_at": grant.expires_at,
        "refresh_ciphertext": None if refresh is None else vault.encrypt(refresh),
        "refresh_expires_at": grant.refresh_expires_at,
    }
