"""Whether a body says what the cache holds, whatever shape each of them has.

Asked only where a pull and a webhook of one instant meet: their bytes always differ. What never happens here:
a write.
"""

from typing import Any

from backroom.cache.rows import Body, CacheRow, SaysTheSame
from backroom.cache.store import CacheStore
from backroom.resources.descriptor import Resource
from backroom.vocabulary.errors import Terminal


def comparing(store: CacheStore, resource: Resource) -> SaysTheSame:
    """Compares what both shapes carry. What can not be decoded, or is not whole, says something else."""

    def says_the_same(row: CacheRow, body: Body) -> bool:
        if row.partial or body.version.partial:
            return False
        held = _snapshot(resource, row.shape, row.new_body or store.body(row.key))
        return held is not None and held == _snapshot(resource, body.shape, body.raw)

    return says_the_same


def _snapshot(resource: Resource, shape: str, raw: bytes | None) -> Any | None:
    if raw is None:
        return None
    try:
        return resource.shared(resource.decode[shape](raw))
    except Terminal:
        return None
