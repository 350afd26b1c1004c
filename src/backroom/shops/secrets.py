"""The secrets that may sign a shop's webhooks: added, listed, removed, counted.

Several are active at once, because Shopify goes on signing with an old one for a while after a rotation.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import insert, select, update

from backroom.db.database import Transaction
from backroom.shops.tables import webhook_secret
from backroom.shops.vault import Unreadable, Vault
from backroom.vocabulary.errors import Misuse, Unknown
from backroom.vocabulary.ids import ShopId

LONGEST_SECRET: Final = 1024
Source = Literal["added", "client_secret"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecret:
    """What people may see of a secret."""

    id: int
    fingerprint: str
    source: str
    created_at: datetime
    last_used_at: datetime | None
    use_count: int


def add_secret(transaction: Transaction, vault: Vault, shop_id: ShopId, secret: str, source: Source) -> int:
    """Lets `secret` sign for the shop; the id. One that is there already is not doubled."""
    if not secret or len(secret) > LONGEST_SECRET or not secret.isprintable():
        raise Misuse(f"a webhook secret is one line of at most {LONGEST_SECRET} printable characters")
    for row in transaction.execute(_active(shop_id)):
        # Compared in the clear: fingerprints change when the vault's keys do.
        if _opened(vault, row.ciphertext) == secret:
            return int(row.id)
    secret_id: int = transaction.execute(
        insert(webhook_secret)
        .values(
            shop_id=shop_id,
            ciphertext=vault.encrypt(secret),
            fingerprint=vault.fingerprint(shop_id, secret),
            source=source,
            created_at=transaction.now(),
        )
        .returning(webhook_secret.c.id)
    ).scalar_one()
    return secret_id


def list_secrets(transaction: Transaction, shop_id: ShopId) -> list[WebhookSecret]:
    """The active secrets, oldest first."""
    return [
        WebhookSecret(
            id=row.id,
            fingerprint=row.fingerprint,
            source=row.source,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            use_count=row.use_count,
        )
        for row in transaction.execute(_active(shop_id))
    ]


def remove_secret(transaction: Transaction, shop_id: ShopId, secret_id: int) -> int:
    """What it signs is refused from now on. The number of secrets left; raises Unknown for the id."""
    removed = transaction.execute(
        update(webhook_secret)
        .where(
            webhook_secret.c.id == secret_id,
            webhook_secret.c.shop_id == shop_id,
            webhook_secret.c.removed_at.is_(None),
        )
        .values(removed_at=transaction.now())
    )
    if removed.rowcount == 0:
        raise Unknown(f"the shop has no active webhook secret {secret_id}")
    return len(list_secrets(transaction, shop_id))


def unreadable_secrets(transaction: Transaction, vault: Vault, shop_id: ShopId) -> list[int]:
    """Ids of active secrets that no known key opens."""
    return [row.id for row in transaction.execute(_active(shop_id)) if _opened(vault, row.ciphertext) is None]


def tally_uses(transaction: Transaction, uses: dict[int, int]) -> None:
    """Adds to each secret's use count. In the order of ids, so that two inboxes never wait for each other."""
    now = transaction.now()
    for secret_id in sorted(uses):
        transaction.execute(
            update(webhook_secret)
            .where(webhook_secret.c.id == secret_id)
            .values(use_count=webhook_secret.c.use_count + uses[secret_id], last_used_at=now)
        )


def _active(shop_id: ShopId):  # type: ignore[no-untyped-def]
    return (
        select(webhook_secret)
        .where(webhook_secret.c.shop_id == shop_id, webhook_secret.c.removed_at.is_(None))
        .order_by(webhook_secret.c.id)
    )


def _opened(vault: Vault, ciphertext: bytes) -> str | None:
    try:
        return vault.decrypt(ciphertext)
    except Unreadable:
        return None
