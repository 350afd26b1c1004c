"""Values as the demo's screen shows them: short, in people's words, and harmless to a terminal.

Enters: foreign text and values of the history. Leaves: one line. What never happens here: an escape sequence,
a change of the writing direction, or a character whose width terminals do not agree on.
"""

import json
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

FIELDS: Final = {
    "shopify_handle": "handle",
    "sku_code": "SKU",
    "product_type": "type",
    "compare_at_price": "compare at",
    "shopify_inventory_item_id": "stock item",
    "is_active": "active",
    "active": "open",
    "requires_shipping": "shipped",
    "country_code_of_origin": "origin",
    "harmonized_system_code": "HS code",
}
ARROW: Final = " → "
SHORTEST_SHARED: Final = 6
"""Characters."""
_JOINED: Final = frozenset({"Mn", "Me"})
"""Marks that join the character before them: accents, and the selectors that make a sign an emoji."""


def harmless(text: str) -> str:
    """One line without what steers a terminal, or what it may draw wider than it counts."""
    plain = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(each for each in plain if each.isprintable() and unicodedata.category(each) not in _JOINED)


def spelt_out(value: Any) -> str:
    """A value as JSON has it."""
    return harmless(json.dumps(value, ensure_ascii=False, default=str))


def field_name(column: str) -> str:
    return FIELDS.get(column, column.replace("_", " "))


def change(column: str, old: Any, new: Any) -> tuple[str, str]:
    """What was before, and what is now."""
    if column in ("is_active", "active", "tracked", "requires_shipping"):
        return _yes(old), _yes(new)
    if isinstance(old, list) and isinstance(new, list):
        return _lost(_texts(old), _texts(new)), _lost(_texts(new), _texts(old))
    if isinstance(old, dict) and isinstance(new, dict) and [*old.values()] == [*new.values()]:
        # Options that have other names now.
        return apart(_short(list(old)), _short(list(new)))
    return apart(_short(old), _short(new))


def apart(old: str, new: str) -> tuple[str, str]:
    """Two texts without the long beginning that they share: what differs is what people look for."""
    pairs = enumerate(zip(old, new, strict=False))
    shared = next((place for place, (one, other) in pairs if one != other), min(len(old), len(new)))
    shared = max(old.rfind(each, 0, shared) for each in " -/,") + 1
    if shared < SHORTEST_SHARED:
        return old, new
    return f"…{old[shared:]}", f"…{new[shared:]}"


def _yes(value: Any) -> str:
    return "yes" if value else "no"


def _texts(values: Sequence[Any]) -> list[str]:
    """Tags and images are texts; an option is its name and its values."""
    texts: list[str] = []
    for each in values:
        texts += [each["name"], *each["values"]] if isinstance(each, dict) else [str(each)]
    return texts


def _lost(values: Sequence[str], others: Sequence[str]) -> str:
    """What is in the one list only; addresses by their last part."""
    own = [each.rpartition("/")[2].partition("?")[0] for each in values if each not in others]
    return harmless(", ".join(own)) or "-"


def _short(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, dict):
        return harmless(", ".join(map(str, value.values())))
    if isinstance(value, list):
        return harmless(", ".join(_texts(value)))
    return harmless(str(value))
