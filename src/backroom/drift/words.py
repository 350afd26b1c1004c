"""What a finding says, as people read it: one line, from the row alone.

Enters: a finding's parts. Leaves: `listing 12, title: Shirt -> Shirts`. What never happens here: a whole long
value; both are cut where told, and the read model has them whole.
"""

from typing import Any, Final

import msgspec

NOTHING: Final = "nothing"
_WHOLE_SECOND: Final = ".000000Z"
"""The end of most of Shopify's instants, in the one form of ours: it would take the room of what differs."""
_WHOLES: Final = {
    ("cache", "missing"): "Shopify has it, the cache has not",
    ("cache", "extra"): "the cache has it, Shopify has not",
    ("cache", "deleted"): "deleted in Shopify, and not here",
    ("cache", "stale"): "an older version here",
    ("cache", "value"): "the same version with other content here",
    ("erp", "missing"): "has no row",
    ("erp", "extra"): "nothing in the cache stands behind it",
    ("erp", "value"): "can not be applied to the rows",
}
_MARKED: Final = "Shopify has it, here it is marked as deleted"
_AHEAD: Final = "a later version here than Shopify has"


def in_words(
    *,
    leg: str,
    kind: str,
    entity: str | None,
    entity_id: int | None,
    field: str | None,
    ours: Any,
    theirs: Any,
    longest: int | None = None,
) -> str:
    """What differs. `longest`: characters that each of the two values may have; None: all of them."""
    row = f"{(entity or '').replace('_', ' ')} {entity_id or ''}".strip()
    if kind == "unlinked" and theirs is None:
        return f"{row}, {field}: {shown(ours, longest)} is of another product"
    if field is not None:
        said = _pair(field, ours, theirs, longest)
        return f"{row}, {said}" if row else said
    said = _WHOLES.get((leg, kind), kind)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if kind == "value" and ours.get("updated_at", "") > theirs.get("updated_at", "9"):
            said = _AHEAD
        said = _told_apart(said, ours, theirs, longest)
        if kind == "missing" and "deleted_at" in ours:
            said = _MARKED
    return f"{row}: {said}" if row else said


def _told_apart(said: str, ours: dict[str, Any], theirs: dict[str, Any], longest: int | None) -> str:
    names = [name for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)]
    pairs = [_pair(name, ours.get(name), theirs.get(name), longest) for name in names]
    return f"{said}: {', '.join(pairs)}" if pairs else said


def _pair(name: str, ours: Any, theirs: Any, longest: int | None) -> str:
    return f"{name}: {shown(ours, longest)} -> {shown(theirs, longest)}"


def shown(value: Any, longest: int | None = None) -> str:
    """A value on one line: texts as they are, all else as JSON."""
    if value is None:
        return NOTHING
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if text.endswith(_WHOLE_SECOND):
        text = f"{text.removesuffix(_WHOLE_SECOND)}Z"
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"
