"""The API's tokens: made, listed, revoked, recognised. Stored as SHA-256, shown once.

A token is `bkr_` and 256 random bits, so a plain hash is enough: there is nothing to guess.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import insert, select, update

from backroom.db.database import Transaction
from backroom.vocabulary.errors import Misuse, Unknown
from backroom.web.tables import api_token

TOKEN_PREFIX: Final = "bkr_"
LONGEST_NAME: Final = 80
USE_NOTED_EVERY: Final = timedelta(minutes=1)


class Role(StrEnum):
    """What a token may do; each may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What people may see of a token."""

    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, by a token that was recognised. `use_is_due` says that its use should be noted again."""

    token_id: int
    name: str
    role: Role
    use_is_due: bool


def create_token(transaction: Transaction, name: str, role: Role) -> str:
    """A new token; the only time that it is seen. Raises Misuse where an active one has the name."""
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise Misuse(f"a token's name is 1 to {LONGEST_NAME} printable characters")
    if any(token.name == name for token in list_tokens(transaction)):
        raise Misuse(f"there is a token {name!r} already; revoke it first")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    transaction.execute(
        insert(api_token).values(
            name=name, role=role.value, token_sha256=_hashed(token), created_at=transaction.now()
        )
    )
    return token


def list_tokens(transaction: Transaction) -> list[Token]:
    """The active tokens, by name."""
    rows = transaction.execute(
        select(api_token).where(api_token.c.revoked_at.is_(None)).order_by(api_token.c.name)
    )
    return [
        Token(name=row.name, role=Role(row.role), created_at=row.created_at, last_used_at=row.last_used_at)
        for row in rows
    ]


def revoke_token(transaction: Transaction, name: str) -> None:
    """It opens nothing from now on. Raises Unknown where no active token has the name."""
    revoked = transaction.execute(
        update(api_token)
        .where(api_token.c.name == name, api_token.c.revoked_at.is_(None))
        .values(revoked_at=transaction.now())
    )
    if revoked.rowcount == 0:
        raise Unknown(f"there is no active token {name!r}")


def recognise(transaction: Transaction, token: str) -> Caller | None:
    """Whose token this is, or None."""
    hashed = _hashed(token)
    row = transaction.execute(
        select(api_token).where(api_token.c.token_sha256 == hashed, api_token.c.revoked_at.is_(None))
    ).one_or_none()
    if row is None or not hmac.compare_digest(row.token_sha256, hashed):
        return None
    due = row.last_used_at is None or transaction.now() - row.last_used_at >= USE_NOTED_EVERY
    return Caller(token_id=row.id, name=row.name, role=Role(row.role), use_is_due=due)


def note_use(transaction: Transaction, caller: Caller) -> None:
    """Writes down that the token was used now."""
    transaction.execute(
        update(api_token).where(api_token.c.id == caller.token_id).values(last_used_at=transaction.now())
    )


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
