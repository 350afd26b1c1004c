"""The judgement of stock: each location, inventory item and level of the shop is there, and no other one.

Enters: the shop's truth, and what Backroom holds. Leaves: what was compared and what differed, in a verdict.
Pure. What never happens here: a row that is inactive taken for a difference, where the shop has nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from backroom.demo.expected_stock import (
    expected_item,
    expected_level,
    expected_location,
    expected_quantities,
)
from backroom.demo.held import Held, StockKey
from backroom.demo.verdict import CREATIONS, Verdict

Json = Mapping[str, Any]
Expect = Callable[[Json], Mapping[str, Any]]

KINDS: Final[tuple[tuple[str, str, tuple[str, ...], Expect], ...]] = (
    ("location", "locations", ("id",), expected_location),
    ("inventory_item", "inventory_items", ("id",), expected_item),
    ("inventory_level", "inventory_levels", ("inventory_item_id", "location_id"), expected_level),
)
"""The ERP's table, what the truth calls it, its ids there, and what the row should say."""


def judge_stock(verdict: Verdict, truth: Json, held: Held, *, pulled: bool) -> None:
    """Adds to the verdict; nothing where the truth was asked without stock.

    `pulled`: with what only a pull tells, because one came after the last change.
    """
    for table, plural, ids, expect in KINDS:
        if plural in truth:
            there = {tuple(row[name] for name in ids): row for row in truth[plural] if _is_there(row)}
            for key, row in sorted(there.items()):
                wanted = {**expect(row), **(expected_quantities(row) if pulled and "on_hand" in row else {})}
                _judge(verdict, held, table, key, wanted)
            _judge_gone(verdict, held, table, there)


def _is_there(row: Json) -> bool:
    """A level stays in the truth after it was disconnected."""
    return bool(row.get("is_active", True))


def _judge(verdict: Verdict, held: Held, table: str, key: StockKey, wanted: Mapping[str, Any]) -> None:
    what = _named(table, key)
    row = held.stock[table].get(key)
    if row is None:
        verdict.differ(what, table, "one", "none")
        return
    verdict.stock[table] += 1
    verdict.compare(what, wanted, row)
    entries = held.creations.get((table, row[f"{table}.id"]), 0)
    verdict.compare(what, {CREATIONS: 1}, {CREATIONS: entries})


def _judge_gone(verdict: Verdict, held: Held, table: str, there: Mapping[StockKey, Json]) -> None:
    """Deleted or disconnected: kept, and inactive. Or of a shop that never was."""
    active = f"{table}.is_active"
    for key in sorted(held.stock[table].keys() - there.keys()):
        verdict.compare(_named(table, key), {active: False}, held.stock[table][key])


def _named(table: str, key: StockKey) -> str:
    """`inventory level 5:7`."""
    return f"{table.replace('_', ' ')} {':'.join(map(str, key))}"
