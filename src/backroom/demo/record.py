"""What the shop's record of its deliveries tells of each product: how it came, and in which order.

Enters: rows of /control/deliveries, and /control/status. Leaves: ids and counts. What never happens here: a
look at what Backroom holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

Json = Mapping[str, Any]
DELETION: Final = "products/delete"
UNORDERED_SECONDS: Final = 1.0
"""The record knows when an attempt began. Two that began within this time may have come in either order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Ids of products, and counts of deliveries. A deletion's body is an id by nature, and none of these.

    `cut`: a body came as an id alone, for any version; `newest_cut`: for the newest one. `dropped`: their
    newest version was never sent. `late`: a body that is newer than all before it came after the deletion;
    `unsure`: one may have come. `complete`: the record reaches back to the beginning, so that what it does
    not name never was.
    """

    cut: frozenset[int]
    newest_cut: frozenset[int]
    dropped: frozenset[int]
    late: frozenset[int]
    unsure: frozenset[int]
    complete: bool
    dropped_in_all: int
    given_up: int
    removed_subscriptions: int

    def excuses(self, product_id: int) -> bool:
        """Whether a fault explains that its newest version never came. Nothing else is an excuse."""
        return product_id in self.dropped or (not self.complete and self.dropped_in_all > 0)


def read_record(deliveries: Iterable[Json], status: Json) -> Record:
    """`deliveries`: all that the shop keeps."""
    rows = sorted(deliveries, key=lambda row: str(row["triggered_at"]))
    bodies = [row for row in rows if row["topic"] != DELETION]
    cut = [row for row in bodies if row["state"] == "delivered" and "id_only" in row["faults"]]
    newest, newest_body = _newest(rows), _newest(bodies)
    arrivals = _around_deletions(rows)
    return Record(
        cut=_ids(cut),
        newest_cut=_ids(row for row in cut if newest_body[row["resource_id"]] == row["event_id"]),
        dropped=_ids(
            row for row in rows if row["state"] == "dropped" and newest[row["resource_id"]] == row["event_id"]
        ),
        late=frozenset(number for number, (gone, came) in arrivals.items() if _is_late(gone, came)),
        unsure=frozenset(number for number, (gone, came) in arrivals.items() if _may_be_late(gone, came)),
        complete=len(rows) == status["deliveries"],
        dropped_in_all=status["dropped"],
        given_up=status["given_up"],
        removed_subscriptions=status["removed_subscriptions"],
    )


def _ids(rows: Iterable[Json]) -> frozenset[int]:
    return frozenset(row["resource_id"] for row in rows)


def _newest(rows: Iterable[Json]) -> dict[int, str]:
    """The newest event of each product. `rows`: in the order of their events."""
    return {row["resource_id"]: row["event_id"] for row in rows}


def _around_deletions(rows: Iterable[Json]) -> dict[int, tuple[datetime, list[Json]]]:
    """{product id: when its deletion arrived, its delivered bodies in the order of their events}"""
    delivered = [row for row in rows if row["state"] == "delivered"]
    found: dict[int, tuple[datetime, list[Json]]] = {
        row["resource_id"]: (_arrived_at(row), []) for row in delivered if row["topic"] == DELETION
    }
    for row in delivered:
        if row["topic"] != DELETION and row["resource_id"] in found:
            found[row["resource_id"]][1].append(row)
    return found


def _is_late(gone: datetime, bodies: Sequence[Json]) -> bool:
    """An id wants a refetch whenever it comes. A whole body has to be newer than the one that is held.

    Of the whole ones the newest is, unless it is the catalogue's opening, which may repeat an earlier one.
    """
    whole = [row for row in bodies if "id_only" not in row["faults"]][-1:]
    telling = [row for row in bodies if "id_only" in row["faults"]] + [
        row for row in whole if row["topic"] == "products/update"
    ]
    return any(_arrived_at(row) > gone + timedelta(seconds=UNORDERED_SECONDS) for row in telling)


def _may_be_late(gone: datetime, bodies: Sequence[Json]) -> bool:
    return any(_arrived_at(row) >= gone - timedelta(seconds=UNORDERED_SECONDS) for row in bodies)


def _arrived_at(row: Json) -> datetime:
    """The beginning of the first attempt that was accepted; what comes again afterwards is not new."""
    accepted = [attempt["at"] for attempt in row["attempts"] if 200 <= (attempt.get("status") or 0) < 300]
    return min(map(datetime.fromisoformat, accepted))
