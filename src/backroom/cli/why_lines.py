"""An answer of `why` as lines for people.

Enters: answers, sums and entries of a history. Leaves: lines of text. What never happens here: a statement.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from backroom.cli.legible import printable, when
from backroom.vocabulary.shown import json_text

if TYPE_CHECKING:
    from backroom.erp.changes import Lineage
    from backroom.erp.history import HistoryEntry
    from backroom.erp.why import LevelState, Why
    from backroom.erp.why_codes import LostCode, Sought
    from backroom.erp.why_sums import StockSum

_NEVER_TOLD: Final = ("on_hand", "committed", "incoming")
"""No webhook says them: they are as old as the last pull."""
_TEXTS: Final = frozenset(
    {
        "name",
        "title",
        "sku_code",
        "barcode",
        "external_id",
        "shopify_handle",
        "status",
        "vendor",
        "product_type",
    }
)


def sum_lines(sought: "Sought", sums: "Sequence[StockSum]") -> list[str]:
    """A line for each SKU with the code: `available of CODE is 15 (2 of 3 locations count)`.

    And below it, of one that is inactive, since when it is and by what.
    """
    name = printable(sought) if isinstance(sought, str) else f"SKU {sought}"
    lines = []
    for each in sums:
        lines.append(f"available of {name}{f', SKU {each.sku_id},' if len(sums) > 1 else ''} is {_sum(each)}")
        if each.ended:
            lines.append(f"  inactive {_since(each.ended)}")
    return lines


def lost_lines(lost: "Sequence[LostCode]", more: bool, field: str) -> list[str]:
    """A line for each SKU that had a code which no SKU has now, with the command that asks on."""
    lines = [
        f"  SKU {each.sku_id} had it until {when(each.at)}, changed by {_cause(each)}; "
        f"{_code_now(each)}: `backroom why sku --id {each.sku_id} {field}`"
        for each in lost
    ]
    return [*lines, "  and more of them did"] if more else lines


def _code_now(lost: "LostCode") -> str:
    return "it has none now" if lost.code_now is None else f"its code is now {printable(lost.code_now)}"


def _sum(each: "StockSum") -> str:
    if not each.is_active:
        return "not known: the SKU is inactive"
    if each.tracked is False:
        return "not tracked"
    if each.available is None:
        return "not known: " + (
            "one of its levels is not tracked" if each.locations else "no stock is known of it"
        )
    if not each.locations:
        return f"{each.available} (no location has it)"
    count = "location counts" if each.locations == 1 else "locations count"
    return f"{each.available} ({each.counted} of {each.locations} {count})"


def answer_lines(answer: "Why") -> list[str]:
    """The row, its value, since when and by what, and what it was before."""
    where = f" of {answer.shop}" if answer.shop else ""
    row = answer.shopify_id or answer.entity_id
    name = f" {printable(answer.name)}" if answer.name else ""
    lines = [
        f"{answer.entity.replace('_', ' ')} {row}{name}{_place(answer)}{where}",
        *([] if answer.level is None else _standing(answer.level)),
        f"  {_now(answer)}",
    ]
    if answer.at is None:
        return [*lines, "  the history does not say since when"]
    lines.append(f"  since {when(answer.at)}, by {_cause(answer)}")
    if answer.created:
        return [*lines, "  it was created with this value"]
    return [*lines, f"  before, it was {_value(answer.field, answer.before)}"]


def history_lines(entries: "Sequence[HistoryEntry]", field: str) -> list[str]:
    """The changes of the field, and those of a level's being connected."""
    return [f"  {when(entry.at)}  {_change(entry, field)}, by {_cause(entry)}" for entry in entries]


def _standing(level: "LevelState") -> list[str]:
    """What keeps a level's number out of the sum."""
    lines = []
    if not level.variant_is_active:
        lines.append(f"  its variant is inactive {_since(level.variant_ended)}".rstrip())
    if not level.is_active:
        lines.append(f"  disconnected {_since(level.disconnected)}".rstrip())
    if not level.counts:
        lines.append("  its location is closed: it is not part of the sum")
    return lines


def _now(answer: "Why") -> str:
    level, value = answer.level, _value(answer.field, answer.value)
    if level is None:
        return f"{answer.field} is {value}"
    verb = "is" if level.is_active and level.variant_is_active else "was"
    if answer.field in _NEVER_TOLD:
        as_of = f", as of {when(level.quantities_at)}" if level.quantities_at else ""
        return f"{answer.field} {verb} {value}{as_of}"
    if level.is_active and level.tracked is False and answer.value is not None:
        return f"{answer.field} is not tracked; the last number was {value}"
    return f"{answer.field} {verb} {value}"


def _place(answer: "Why") -> str:
    if answer.location_id is None:
        return ""
    return f" at {printable(answer.location) if answer.location else f'location {answer.location_id}'}"


def _since(origin: "Lineage | None") -> str:
    """Empty where the history does not say."""
    return f"since {when(origin.at)}, by {_cause(origin)}" if origin else ""


def _cause(origin: "Why | Lineage | HistoryEntry | LostCode") -> str:
    if origin.run_id is not None:
        return f"run {origin.run_id}, which asked Shopify for it"
    if origin.delivery_id is None:
        return "no delivery"
    triggered = f", triggered {when(origin.triggered_at)}" if origin.triggered_at else ""
    return f"delivery {origin.delivery_id} ({printable(origin.topic or '')}{triggered})"


def _change(entry: "HistoryEntry", field: str) -> str:
    if entry.created:
        return "created"
    if entry.field == "is_active" != field:
        return "connected again" if entry.new else "disconnected"
    return f"{_value(field, entry.old)} to {_value(field, entry.new)}"


def _value(field: str, value: Any) -> str:
    if value is None:
        return "not tracked" if field == "available" else "empty" if field in _TEXTS else "nothing"
    return printable(value if isinstance(value, str) else json_text(value))
