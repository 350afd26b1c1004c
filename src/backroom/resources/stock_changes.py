"""Arrivals of stock's resources -> changes for the ERP writer: their snapshots' fields are its columns."""

from collections.abc import Sequence

import msgspec

from backroom.erp.stock import StockChange
from backroom.resources.descriptor import Arrival
from backroom.resources.values import said_only


def stock_changes(arrivals: Sequence[Arrival], own_id: str | None = None) -> list[StockChange]:
    """What the bodies said. `own_id`: the field that is the key already, where there is one."""
    return [_change(arrival, own_id) for arrival in arrivals]


def _change(arrival: Arrival, own_id: str | None) -> StockChange:
    fields = msgspec.structs.asdict(arrival.snapshot)
    if own_id is not None:
        del fields[own_id]
    return StockChange(key=arrival.key, fields=said_only(**fields), cause=arrival.cause)
