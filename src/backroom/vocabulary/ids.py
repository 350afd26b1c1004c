"""Ids that must not be mixed, and Shopify's two spellings of them (a number, and a gid)."""

import re
from typing import NewType

from backroom.vocabulary.errors import Terminal

ShopId = NewType("ShopId", int)
"""Our surrogate id of a shop."""
DeliveryId = NewType("DeliveryId", int)
"""Our surrogate id of a webhook delivery."""
RunId = NewType("RunId", int)
"""Our surrogate id of a run."""
ResourceKey = tuple[int, ...]
"""Shopify's id of a resource within a shop: one number for a product, two for an inventory level."""

GREATEST_ID = 2**63 - 1
"""Shopify's ids are unsigned 64-bit on paper, but none seen exceeds a signed one; BIGINT holds it."""

OURS = 0
"""A key that begins with it is of a row of ours that Shopify has no key for: Shopify's ids begin with 1."""

_KEY = re.compile(r"(0:)?[1-9]\d{0,18}(:[1-9]\d{0,18})*", re.ASCII)


def checked_id(value: int, *, what: str) -> int:
    """The id itself; raises Terminal if no BIGINT column can hold it."""
    if 0 < value <= GREATEST_ID:
        return value
    raise Terminal(f"{what} {_shortened(value)} is not a Shopify id")


def key_text(key: ResourceKey) -> str:
    """`(12,)` -> `12`, `(12, 7)` -> `12:7`: the form people and URLs use."""
    return ":".join(map(str, key))


def parse_key(text: str) -> ResourceKey:
    """The reverse of `key_text`; raises ValueError for anything else."""
    if not _KEY.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a key")
    return tuple(int(part) for part in text.split(":"))


def gid_number(gid: str) -> int:
    """`gid://shopify/Product/12` -> 12. Raises Terminal for anything that is no gid.

    Not for inventory levels: their gid carries an unrelated number.
    """
    number = gid.rpartition("/")[2]
    if gid.startswith("gid://shopify/") and number.isascii() and number.isdigit() and len(number) < 20:
        return checked_id(int(number), what="gid")
    raise Terminal(f"{gid[:80]!r} is not a Shopify gid")


def _shortened(value: int) -> str:
    return str(value) if -(10**30) < value < 10**30 else "with too many digits"
