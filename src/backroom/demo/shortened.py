"""Which products' bodies were cut down to an id on their way, from the shop's record of its deliveries.

Enters: rows of /control/deliveries. Leaves: ids. What never happens here: a look at what Backroom holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortened:
    """Products of which a body came as an id alone.

    `ever`: for any of its versions; `newest`: for its newest one. `complete`: the record reaches back to the
    beginning, so that a product that is not in `ever` never was.
    """

    ever: frozenset[int]
    newest: frozenset[int]
    complete: bool


def shortened(deliveries: Iterable[Mapping[str, Any]], made: int) -> Shortened:
    """`made`: how many deliveries there were in all. A deletion's body is an id by nature."""
    rows = list(deliveries)
    told = [row for row in rows if row["topic"] != "products/delete"]
    newest: dict[int, str] = {}
    for row in sorted(told, key=lambda row: str(row["triggered_at"])):
        newest[row["resource_id"]] = row["event_id"]
    cut = [row for row in told if row["state"] == "delivered" and "id_only" in row["faults"]]
    return Shortened(
        ever=frozenset(row["resource_id"] for row in cut),
        newest=frozenset(row["resource_id"] for row in cut if newest[row["resource_id"]] == row["event_id"]),
        complete=len(rows) == made,
    )
