"""Pages of connections: ordered items and arguments enter, a slice with cursors leaves.

A cursor names the sort key's value and the id of the last item, so it keeps working while the shop lives, and
whoever asks for the next page gets what sorts after it now. What never happens here: a look at the shop.

Source: shopify.dev/docs/api/usage/pagination-graphql, shopify.dev/docs/api/usage/limits.
"""

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from shopify_simulator.admin.refusals import wrong_argument

MOST_ON_A_PAGE: Final = 250
DEEPEST: Final = 25_000
"""Shopify pages no deeper into a connection than this."""

WHOLE: Final = "whole"
"""Among a connection's arguments: all of it, as bulk operations have it."""

Key = tuple[Any, int]
Place = Callable[[Any], Key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A page, in the order asked for. `place` gives the key that an item is sorted by."""

    items: Sequence[Any]
    place: Place
    has_next: bool
    has_previous: bool

    def cursor(self, item: Any) -> str:
        return written(self.place(item))


def written(key: Key) -> str:
    """The cursor behind an item of this key."""
    value, number = key
    # Whole, not as Shopify writes instants: what shares its second may sort before and after it.
    text = value.isoformat() if isinstance(value, datetime) else value
    return base64.b64encode(json.dumps({"last_id": number, "last_value": text}).encode()).decode()


def read(cursor: str, like: type) -> Key:
    """The key that a cursor names; `like` is the type of the sort key's values. Raises AdminError."""
    try:
        held = json.loads(base64.b64decode(cursor, validate=True))
        value, number = held["last_value"], int(held["last_id"])
        value = datetime.fromisoformat(value) if like is datetime else value
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise wrong_argument("Invalid cursor for current pagination sort.") from None
    if not isinstance(value, like):
        raise wrong_argument("Invalid cursor for current pagination sort.")
    return value, number


@lru_cache(maxsize=8_192)
def stamp(instant: datetime) -> str:
    """`2026-10-10T12:00:00Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def cut(ordered: Sequence[Any], place: Place, like: type, arguments: Mapping[str, Any]) -> Slice:
    """The page that a connection's arguments ask for; `ordered` ascends by `place`. Raises AdminError."""
    if arguments.get(WHOLE):
        everything = ordered[::-1] if arguments.get("reverse") else ordered
        return Slice(items=everything, place=place, has_next=False, has_previous=False)
    size = _size(arguments)
    begin, end = _bounds(ordered, place, like, arguments)
    if max(begin, 0) > DEEPEST:
        raise wrong_argument(f"Pagination is limited to {DEEPEST} objects.")
    if arguments.get("last") is not None:
        low, high = max(begin, end - size), end
    else:
        low, high = begin, min(end, begin + size)
    items = _between(ordered, low, high, reverse=bool(arguments.get("reverse")))
    return Slice(items=items, place=place, has_next=high < len(ordered), has_previous=low > 0)


def _size(arguments: Mapping[str, Any]) -> int:
    first: Any = arguments.get("first")
    last: Any = arguments.get("last")
    if first is None and last is None:
        raise wrong_argument("you must provide one of first or last")
    if first is not None and last is not None:
        raise wrong_argument("providing both first and last is not supported")
    size: int = first if last is None else last
    if not 0 < size <= MOST_ON_A_PAGE:
        raise wrong_argument(f"first or last must be from 1 to {MOST_ON_A_PAGE}, not {size}")
    return size


def _bounds(
    ordered: Sequence[Any], place: Place, like: type, arguments: Mapping[str, Any]
) -> tuple[int, int]:
    """From where to where the page may reach, counted in the order asked for."""
    count, reverse = len(ordered), bool(arguments.get("reverse"))
    begin, end = 0, count
    if (after := arguments.get("after")) is not None:
        key = read(after, like)
        begin = count - _left(ordered, key, place) if reverse else _right(ordered, key, place)
    if (before := arguments.get("before")) is not None:
        key = read(before, like)
        end = count - _right(ordered, key, place) if reverse else _left(ordered, key, place)
    return begin, max(begin, end)


def _left(ordered: Sequence[Any], key: Key, place: Place) -> int:
    return bisect_left(ordered, key, key=place)


def _right(ordered: Sequence[Any], key: Key, place: Place) -> int:
    return bisect_right(ordered, key, key=place)


def _between(ordered: Sequence[Any], low: int, high: int, *, reverse: bool) -> Sequence[Any]:
    if not reverse:
        return ordered[low:high]
    count = len(ordered)
    return ordered[count - high : count - low][::-1]
