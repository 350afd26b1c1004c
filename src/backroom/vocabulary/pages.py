"""Keyset pages: `{"items": [...], "next": cursor}`, and cursors that callers hand back as they got them.

A page never counts and never skips: it goes on after the last row that was seen, so that rows which come
or go meanwhile neither repeat nor hide others.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from backroom.vocabulary.errors import Misuse
from backroom.vocabulary.ids import GREATEST_ID

USUAL_LIMIT: Final = 50
LARGEST_LIMIT: Final = 500
_NUMBERS: Final = re.compile(r"\d{1,19}(\.\d{1,19})*", re.ASCII)

T = TypeVar("T")
Place = tuple[int, ...]
"""Where a page ended: the numbers that its order is by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some rows, and the cursor for the following ones; null where these were the last."""

    items: list[T]
    next: str | None


def cursor_of(place: Place) -> str:
    """A place as an opaque text that fits an address."""
    return base64.urlsafe_b64encode(".".join(map(str, place)).encode()).decode().rstrip("=")


def place_of(cursor: str | None, width: int | None) -> Place | None:
    """The place of a cursor with so many numbers (None: any); None for the first page. Raises Misuse.

    An empty one is none: what a loop sends that has no `next` yet.
    """
    if not cursor:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
    except (binascii.Error, ValueError):
        text = ""
    place = tuple(map(int, text.split("."))) if _NUMBERS.fullmatch(text) else ()
    if (
        not place
        or len(place) != (width or len(place))
        or max(place) > GREATEST_ID
        or cursor_of(place) != cursor
    ):
        raise Misuse("the cursor is not one of ours: hand back `next` as it was given, with the same filters")
    return place


def checked_limit(limit: int) -> int:
    """The limit itself; raises Misuse outside of 1 to 500."""
    if 1 <= limit <= LARGEST_LIMIT:
        return limit
    raise Misuse(f"a page holds 1 to {LARGEST_LIMIT} rows, not {limit}")
