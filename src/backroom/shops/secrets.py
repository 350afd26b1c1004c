"""The secrets that may sign a shop's webhooks: added, listed, removed, counted.

Several are active at once, because Shopify goes on signing with an old one for up to an hour after a
rotation, and tries what was signed with it again for four hours.

The app's present client secret is known without a key: its ciphertext is the one that `shop_credential` has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import func, insert, select, update

from backroom.db.database import Transaction
from backroom.shops.credentials import BY_CLIENT_SECRET
from backroom.shops.tables import shop, shop_credential, webhook_secret
from backroom.shops.vault import Unreadable, Vault
from backroom.vocabulary.clock import to_the_minute
from backroom.vocabulary.errors import BackroomError, Misuse, Unknown
from backroom.vocabulary.ids import ShopId

LONGEST_SECRET: Final = 1024
QUIET: Final = timedelta(days=1)
"""What was not used for so long is not on its way any more."""
Source = Literal["added", "client_secret"]
CLIENT_SECRET: Final[Source] = "client_secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecret:
    """What people may see of a secret. `opens_api`: it is the app's present client secret."""

    id: int
    fingerprint: str
    source: str
    created_at: datetime
    last_used_at: datetime | None
    use_count: int
    opens_api: bool
    may_go: bool
    advice: str


class StillUsed(BackroomError):
    """Removing this secret would refuse deliveries, and only a person can know better."""


def add_secret(transaction: Transaction, vault: Vault, shop_id: ShopId, secret: str, source: Source) -> int:
    """Lets `secret` sign for the shop; the id. One that is there already is not doubled, but encrypted anew.

    Where it is the app's client secret, add it once that is stored: it is the present one from then on.
    """
    if not secret or len(secret) > LONGEST_SECRET or not secret.isprintable():
        raise Misuse(f"a webhook secret is one line of at most {LONGEST_SECRET} printable characters")
    ciphertext = _stored_client_secret(transaction, vault, shop_id, secret) or vault.encrypt(secret)
    rows = transaction.execute(_active(shop_id)).all()
    for row in rows:
        # Compared in the clear: fingerprints change when the vault's keys do.
        if _opened(vault, row.ciphertext) == secret:
            # All of them, in the order of ids: the inbox counts their uses meanwhile.
            transaction.lock_rows(webhook_secret, [each.id for each in rows])
            _give_again(transaction, row.id, ciphertext, source)
            return int(row.id)
    secret_id: int = transaction.execute(
        insert(webhook_secret)
        .values(
            shop_id=shop_id,
            ciphertext=ciphertext,
            fingerprint=vault.fingerprint(shop_id, secret),
            source=source,
            created_at=transaction.now(),
        )
        .returning(webhook_secret.c.id)
    ).scalar_one()
    return secret_id


def list_secrets(transaction: Transaction, shop_id: ShopId) -> list[WebhookSecret]:
    """The active secrets, oldest first, with whether each can be done without."""
    now = transaction.now()
    rows = transaction.execute(_active(shop_id)).all()
    present = _present(transaction, shop_id, rows)
    by_client_secret = _opened_by_a_client_secret(transaction, shop_id)
    found = []
    for row in rows:
        may_go, advice = _advice(row, rows, present, now)
        found.append(
            WebhookSecret(
                id=row.id,
                fingerprint=row.fingerprint,
                source=row.source,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
                use_count=row.use_count,
                opens_api=by_client_secret and row.id == present,
                may_go=may_go,
                advice=advice,
            )
        )
    return found


def refuse_if_used(transaction: Transaction, shop_id: ShopId, secret_id: int) -> None:
    """Raises StillUsed where it is the last one, the app's present one, or signed something within a day."""
    secrets = list_secrets(transaction, shop_id)
    found = next((each for each in secrets if each.id == secret_id), None)
    if found is None:
        return
    used_at = found.last_used_at
    is_used = used_at is not None and used_at > transaction.now() - QUIET
    called = f"webhook secret {secret_id}"
    if len(secrets) == 1:
        domain = transaction.execute(select(shop.c.domain).where(shop.c.id == shop_id)).scalar_one()
        raise StillUsed(
            f"{called} is the only one: without it every webhook is refused. Add another one first"
            f" (`backroom shop secret add {domain}`), or give --force"
        )
    if found.opens_api:
        raise StillUsed(
            f"{called} is the app's present client secret, which opens the API, too: Shopify signs with it."
            " Where a newer one replaces it, give that one first by `backroom shop add`; or give --force"
        )
    if is_used and used_at is not None:
        # Where another one opens the API, it is not the older one that a rotation has left over.
        is_newest = secret_id == secrets[-1].id and not any(each.opens_api for each in secrets)
        advice = (
            "It is the newest: a rotation leaves an older one over. Remove that one"
            if is_newest
            else "Rotate it at Shopify and wait a day first"
        )
        raise StillUsed(
            f"{called} signed a delivery at {to_the_minute(used_at)}, less than a day ago: what Shopify"
            f" still signs with it would be refused. {advice}, or give --force"
        )


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


def _give_again(transaction: Transaction, secret_id: int, ciphertext: bytes, source: Source) -> None:
    """So that the vault's newest key opens it. What was once the app's client secret stays called so."""
    values: dict[str, object] = {"ciphertext": ciphertext}
    if source == CLIENT_SECRET:
        values["source"] = source
    transaction.execute(update(webhook_secret).where(webhook_secret.c.id == secret_id).values(values))


def _stored_client_secret(
    transaction: Transaction, vault: Vault, shop_id: ShopId, secret: str
) -> bytes | None:
    """The stored form of the app's client secret, where `secret` is that."""
    c = shop_credential.c
    stored = select(c.ciphertext).where(c.shop_id == shop_id, c.kind.in_(BY_CLIENT_SECRET))
    ciphertext: bytes | None = transaction.execute(stored).scalar_one_or_none()
    return ciphertext if ciphertext is not None and _opened(vault, ciphertext) == secret else None


def _advice(row: Any, rows: Sequence[Any], present: int | None, now: datetime) -> tuple[bool, str]:
    """Whether nothing would be refused without it, and why. `rows`: all that are active."""
    others = [each for each in rows if each.id != row.id]
    if not others:
        return False, "the only one"
    used_at = row.last_used_at
    if used_at is not None and used_at > now - QUIET:
        return False, "in use"
    if row.created_at > now - QUIET:
        return False, "new"
    if row.id == present:
        return False, "the app's present client secret"
    since = row.created_at if used_at is None else used_at
    if not any(each.last_used_at is not None and each.last_used_at > since for each in others):
        return False, "no other one was used since"
    return True, "may be removed: never used" if used_at is None else "may be removed: others sign since"


def _present(transaction: Transaction, shop_id: ShopId, rows: Sequence[Any]) -> int | None:
    """The app's present client secret, which may be none of `rows`, the active ones: it was removed then.

    The newest client secret, where a fixed token opens the shop, or where what opens it was stored before
    both had one ciphertext.
    """
    c, opener = webhook_secret.c, shop_credential.c
    same = (c.shop_id == opener.shop_id) & (c.ciphertext == opener.ciphertext)
    found: int | None = transaction.execute(
        select(func.max(c.id)).join(shop_credential, same).where(c.shop_id == shop_id)
    ).scalar_one()
    if found is not None:
        return found
    return max((row.id for row in rows if row.source == CLIENT_SECRET), default=None)


def _opened_by_a_client_secret(transaction: Transaction, shop_id: ShopId) -> bool:
    kind = select(shop_credential.c.kind).where(shop_credential.c.shop_id == shop_id)
    return transaction.execute(kind).scalar_one_or_none() in BY_CLIENT_SECRET


def _opened(vault: Vault, ciphertext: bytes) -> str | None:
    try:
        return vault.decrypt(ciphertext)
    except Unreadable:
        return None
