"""The shops: added with what opens them, listed, set, removed. Nothing here calls Shopify.

A removed shop keeps its rows; its credentials are deleted and its secrets sign nothing any more, so that
adding it again starts with what is given then.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update

from backroom.db.database import Transaction
from backroom.shops.credentials import Grant, Kind, grant_columns
from backroom.shops.secrets import add_secret
from backroom.shops.tables import shop, shop_credential, webhook_secret
from backroom.shops.vault import Vault
from backroom.vocabulary.errors import Misuse, Unknown
from backroom.vocabulary.ids import ShopId

KEEP_DELIVERIES_DAYS: Final = 30
KEEP_HISTORY_DAYS: Final = 400
LEAST_DELIVERIES_DAYS: Final = 7
LEAST_HISTORY_DAYS: Final = 30
LONGEST_DAYS: Final = 36_500
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(\.{_LABEL})+", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


class Opening(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What opens a shop: exactly one of the first two, or both with a refresh token; and any webhook secrets.

    The pair of an expiring token comes as Shopify answers it, with the seconds that its parts are good for.
    """

    access_token: str | None = None
    client_secret: str | None = None
    refresh_token: str | None = None
    expires_in: int | None = None
    refresh_token_expires_in: int | None = None
    scope: str | None = None
    webhook_secrets: list[str] = []

    @property
    def kind(self) -> Kind:
        if self.refresh_token:
            return "offline"
        return "access_token" if self.access_token else "client_secret"

    def __repr__(self) -> str:
        return "Opening(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What people may see of a shop. `credential` is access_token, client_secret, offline or null;
    `disconnected_at`: since when the app is not installed there, as far as we were told."""

    id: ShopId
    domain: str
    api_url: str | None
    currency: str | None
    credential: str | None
    client_id: str | None
    webhook_secrets: int
    created_at: datetime
    disconnected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of `shop set`, stored in the shop's column. Empty clears it."""

    meaning: str
    check: Callable[[str], str | int]
    column: str


def read_opening(text: bytes) -> Opening:
    """One JSON object. Raises Misuse, which names the key that is wrong and never shows a value."""
    try:
        opening = msgspec.json.decode(text, type=Opening)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Misuse(
            f"standard input should be one JSON object with access_token or client_secret: {error}"
        ) from None
    if opening.refresh_token:
        if not (opening.access_token and opening.client_secret):
            raise Misuse("a refresh_token wants the access_token it came with, and the app's client_secret")
    elif bool(opening.access_token) == bool(opening.client_secret):
        raise Misuse("give either access_token or client_secret")
    return opening


def add_shop(
    transaction: Transaction,
    vault: Vault,
    domain: str,
    opening: Opening,
    *,
    client_id: str | None = None,
    api_url: str | None = None,
) -> ShopId:
    """Adds a shop, or opens one that exists anew: credentials are replaced, secrets are added.

    `client_id` is wanted for fetching with a client_secret; receiving works without it. A token that is
    refreshed can not do without. The one that is stored stays where none is given. Raises Misuse.
    """
    name = checked_domain(domain)
    transaction.insert_new(shop, ("domain", "created_at"), [(name, transaction.now())], unique=("domain",))
    shop_id = ShopId(transaction.execute(select(shop.c.id).where(shop.c.domain == name)).scalar_one())
    transaction.execute(update(shop).where(shop.c.id == shop_id).values(removed_at=None))
    client_id = client_id or _client_id(transaction, shop_id)
    if opening.kind == "offline" and not client_id:
        raise Misuse("a refresh_token wants the app's client id, too: give --client-id")
    if api_url is not None:
        set_setting(transaction, name, "api_url", api_url)
    _replace_credential(transaction, vault, shop_id, opening, client_id)
    for secret in opening.webhook_secrets:
        add_secret(transaction, vault, shop_id, secret, "added")
    if opening.client_secret:
        add_secret(transaction, vault, shop_id, opening.client_secret, "client_secret")
    return shop_id


def list_shops(transaction: Transaction) -> list[Shop]:
    """The shops that are not removed, by domain."""
    secrets = (
        select(func.count())
        .select_from(webhook_secret)
        .where(webhook_secret.c.shop_id == shop.c.id, webhook_secret.c.removed_at.is_(None))
        .scalar_subquery()
    )
    rows = transaction.execute(
        select(shop, shop_credential.c.kind, shop_credential.c.client_id, secrets.label("secrets"))
        .outerjoin(shop_credential, shop_credential.c.shop_id == shop.c.id)
        .where(shop.c.removed_at.is_(None))
        .order_by(shop.c.domain)
    )
    return [
        Shop(
            id=ShopId(row.id),
            domain=row.domain,
            api_url=row.api_url,
            currency=row.currency,
            credential=row.kind,
            client_id=row.client_id,
            webhook_secrets=row.secrets,
            created_at=row.created_at,
            disconnected_at=row.disconnected_at,
        )
        for row in rows
    ]


def find_shop(transaction: Transaction, domain: str) -> ShopId:
    """The shop's id. Raises Unknown where there is none, or it was removed."""
    return ShopId(_row(transaction, domain).id)


def remove_shop(transaction: Transaction, domain: str) -> None:
    """Its webhooks are refused from now on; its rows stay. Raises Unknown where there is no such shop."""
    shop_id = find_shop(transaction, domain)
    now = transaction.now()
    transaction.execute(update(shop).where(shop.c.id == shop_id).values(removed_at=now))
    transaction.execute(delete(shop_credential).where(shop_credential.c.shop_id == shop_id))
    transaction.execute(
        update(webhook_secret)
        .where(webhook_secret.c.shop_id == shop_id, webhook_secret.c.removed_at.is_(None))
        .values(removed_at=now)
    )


def set_setting(transaction: Transaction, domain: str, key: str, value: str) -> None:
    """Sets one of SETTINGS. Raises Misuse for an unknown key or a value that makes no sense."""
    if key not in SETTINGS:
        raise Misuse(f"no such setting of a shop: {key} (there are {', '.join(SETTINGS)})")
    checked = SETTINGS[key].check(value.strip()) if value.strip() else None
    shop_id = find_shop(transaction, domain)
    transaction.execute(update(shop).where(shop.c.id == shop_id).values({SETTINGS[key].column: checked}))


def settings_of(transaction: Transaction, domain: str) -> dict[str, str | None]:
    """Every setting of a shop, the unset ones as None."""
    row = _row(transaction, domain)
    values = {key: row._mapping[setting.column] for key, setting in SETTINGS.items()}
    return {key: None if value is None else str(value) for key, value in values.items()}


def checked_domain(text: str) -> str:
    """The domain in small letters. Raises Misuse for what is no host name with a dot."""
    domain = text.strip().lower()
    if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
        raise Misuse(f"{text[:80]!r} is no shop domain: give its host name, like example.myshopify.com")
    return domain


def _row(transaction: Transaction, domain: str) -> Row:  # type: ignore[type-arg]
    query = select(shop).where(shop.c.domain == checked_domain(domain), shop.c.removed_at.is_(None))
    row = transaction.execute(query).one_or_none()
    if row is None:
        raise Unknown(f"no such shop: {domain}")
    return row


def _client_id(transaction: Transaction, shop_id: ShopId) -> str | None:
    stored = select(shop_credential.c.client_id).where(shop_credential.c.shop_id == shop_id)
    return transaction.execute(stored).scalar_one_or_none()


def _replace_credential(
    transaction: Transaction, vault: Vault, shop_id: ShopId, opening: Opening, client_id: str | None
) -> None:
    now = transaction.now()
    secret = opening.client_secret or opening.access_token or ""
    pair = grant_columns(vault, _pair(opening, now)) if opening.kind == "offline" else {}
    transaction.execute(delete(shop_credential).where(shop_credential.c.shop_id == shop_id))
    transaction.execute(
        insert(shop_credential).values(
            shop_id=shop_id,
            kind=opening.kind,
            client_id=client_id,
            ciphertext=vault.encrypt(secret),
            updated_at=now,
            **pair,
        )
    )


def _pair(opening: Opening, now: datetime) -> Grant:
    """Without `expires_in` the token counts as over: it is refreshed before it is used."""
    lifetime = opening.refresh_token_expires_in
    return Grant(
        token=opening.access_token or "",
        expires_at=now + timedelta(seconds=opening.expires_in or 0),
        refresh_token=opening.refresh_token,
        refresh_expires_at=None if lifetime is None else now + timedelta(seconds=lifetime),
    )


def _currency(value: str) -> str:
    if not _CURRENCY.fullmatch(value.upper()):
        raise Misuse(f"{value[:20]!r} is no currency: give the three letters of ISO 4217, like EUR")
    return value.upper()


def _api_url(value: str) -> str:
    parts = urlsplit(value)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.username
        or parts.query
        or parts.fragment
    ):
        raise Misuse("api_url should be http(s)://HOST[:PORT][/PATH], without a user or a query")
    return value.rstrip("/")


def _days(least: int, value: str) -> int:
    if value.isascii() and value.isdigit() and least <= int(value[:9]) <= LONGEST_DAYS:
        return int(value[:9])
    raise Misuse(f"{value[:20]!r} is no number of days from {least} to {LONGEST_DAYS:,}")


SETTINGS: Final = {
    "currency": Setting("the shop's currency, three letters of ISO 4217", _currency, "currency"),
    "api_url": Setting("where to reach its API instead of https://<domain>", _api_url, "api_url"),
    "keep_deliveries": Setting(
        f"days to keep deliveries, at least {LEAST_DELIVERIES_DAYS}; {KEEP_DELIVERIES_DAYS} where not set",
        partial(_days, LEAST_DELIVERIES_DAYS),
        "keep_deliveries_days",
    ),
    "keep_history": Setting(
        f"days to keep changes and settled drift, at least {LEAST_HISTORY_DAYS}; {KEEP_HISTORY_DAYS} where"
        " not set",
        partial(_days, LEAST_HISTORY_DAYS),
        "keep_history_days",
    ),
}
