"""What Shopify said of a resource, read for comparing: its version, the state of its snapshot, its title.

Enters: a body, from an export or asked for by its id. Leaves: `Theirs`. Pure. States are of what both of
Shopify's shapes carry: what a webhook does not tell of can not drift.
"""

from typing import Any

import msgspec

from backroom.cache.store import DirtyRow
from backroom.drift.rules import Theirs
from backroom.flow.pieces import Piece
from backroom.flow.process import read_row, state_hash
from backroom.resources.descriptor import Arrival, Resource
from backroom.vocabulary.errors import Terminal


def theirs_of(resource: Resource, body: Piece, *, with_snapshot: bool = False) -> Theirs:
    """Raises Terminal for a body that names no resource. One that can't be decoded has no state."""
    head = resource.identify_fetched(body.raw)
    decoded = _snapshot(resource, body) if body.whole else None
    snapshot = None if decoded is None else resource.shared(decoded)
    return Theirs(
        key=head.key,
        updated_at=head.updated_at,
        state=None if snapshot is None else state_hash(resource, snapshot, False),
        title=head.lookups.get("title"),
        doubtful=not body.whole,
        snapshot=snapshot if with_snapshot else None,
    )


def told_apart(theirs: Any, ours: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of two snapshots that differ; of lists of parts only the parts that the other has not."""
    first, second = msgspec.to_builtins(theirs), msgspec.to_builtins(ours)
    names = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    pairs = {name: _apart(first.get(name), second.get(name)) for name in names}
    return (
        {name: pair[0] for name, pair in pairs.items()},
        {name: pair[1] for name, pair in pairs.items()},
    )


def _apart(theirs: Any, ours: Any) -> tuple[Any, Any]:
    lists = isinstance(theirs, list | tuple) and isinstance(ours, list | tuple)
    if not lists or not all(isinstance(part, dict) for part in (*theirs, *ours)):
        return theirs, ours
    return [part for part in theirs if part not in ours], [part for part in ours if part not in theirs]


def state_of(resource: Resource, row: DirtyRow) -> tuple[bytes, Arrival | None]:
    """A cache row's state, and what `read_row` reads of it. Raises Terminal."""
    state, arrival = read_row(resource, row)
    shared = None if arrival is None else resource.shared(arrival.snapshot)
    if arrival is None or shared is arrival.snapshot:
        return state, arrival
    return state_hash(resource, shared, row.partial), arrival


def _snapshot(resource: Resource, body: Piece) -> Any:
    try:
        return resource.decode["graphql"](body.raw)
    except Terminal:
        return None
