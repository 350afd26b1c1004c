"""Single values of a body -> values of a snapshot: the same rules for every resource and both shapes.

UNSET means that the body did not say; None that it said "nothing". Leaves: Terminal, with a reason for
people, for what can not be stored.
"""

from datetime import datetime

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backroom.vocabulary.clock import parse_instant
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.money import Amount, parse_amount

LONGEST_INDEXED = 255
"""Shopify's own limit for handles and SKUs. PostgreSQL's indexes take no more than about 2,700 bytes."""
GREATEST_INTEGER = 2**31 - 1
"""Of an INTEGER column, and of GraphQL's Int."""
NUL = b"\\u0000"
"""How JSON spells it; a bare one is no JSON."""

Text = str | None | UnsetType


def said(value: Text) -> Text:
    """Empty is null: Shopify's two shapes differ in which of them they send."""
    return value if value is UNSET else value or None


def unless_blank(value: Text) -> Text:
    return None if isinstance(value, str) and not value.strip() else value


def indexed(value: Text, what: str) -> Text:
    """The value itself; raises Terminal where no index takes it."""
    if isinstance(value, str) and len(value) > LONGEST_INDEXED:
        raise Terminal(f"{what} is longer than {LONGEST_INDEXED} characters")
    return value


def within(value: int | None | UnsetType, greatest: int, what: str) -> int | None | UnsetType:
    """The value itself; raises Terminal where its column can not hold it."""
    if isinstance(value, int) and not -greatest <= value <= greatest:
        raise Terminal(f"{what} is out of range")
    return value


def amount(value: Text, what: str, of: int | None = None) -> Amount | None | UnsetType:
    """A decimal text as an integer; raises Terminal for what is none. `of`: whose it is.

    The reason is put together only where it is needed: of prices there are millions.
    """
    if isinstance(value, str) and value:
        try:
            return parse_amount(value)
        except ValueError as error:
            raise Terminal(f"{what if of is None else f'{what} {of}'}: {error}") from error
    return value if value is UNSET else None


def instant_of(text: str) -> datetime:
    """Raises Terminal."""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Terminal(f"updated_at: {error}") from error


def version_of(updated_at: Text) -> datetime | None:
    """Of a webhook's body; null where it does not say. Raises Terminal."""
    return instant_of(updated_at) if isinstance(updated_at, str) else None


def said_only(**fields: object) -> dict[str, object]:
    """Without the fields that the body did not carry."""
    return {name: value for name, value in fields.items() if value is not UNSET}


def searchable(text: Text) -> str | None:
    """A look-up column is for people's searches: it may lose a NUL or an end, not the delivery."""
    if not isinstance(text, str):
        return None
    return text[:LONGEST_INDEXED].replace("\x00", "\N{REPLACEMENT CHARACTER}")


def refuse_nul(raw: bytes, body: Struct) -> None:
    """A NUL fits no PostgreSQL text. The raw bytes show whether there may be one: few pay for more."""
    if NUL not in raw:
        return
    for name, value in msgspec.structs.asdict(body).items():
        if "\x00" in _all_text(value):
            raise Terminal(f"{name} contains a NUL character")


def _all_text(value: object) -> str:
    """All texts within a value, joined."""
    if isinstance(value, str):
        return value
    if isinstance(value, Struct):
        return "".join(map(_all_text, msgspec.structs.astuple(value)))
    return "".join(map(_all_text, value)) if isinstance(value, list) else ""
