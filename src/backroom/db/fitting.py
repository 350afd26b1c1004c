"""As many rows as fit in memory together. Drivers fetch whole results, so sizes are asked for first."""

from collections.abc import Iterable
from typing import Final, TypeVar

K = TypeVar("K")

TOGETHER_BYTES: Final = 16 * 1024 * 1024
"""Bodies in memory at a time; one larger body goes alone."""
DECODED_BYTES: Final = 1 << 20
"""Bodies that are decoded at a time: what becomes of them takes many times the room."""


def fitting(sized: Iterable[tuple[K, int]], greatest_bytes: int = TOGETHER_BYTES) -> list[K]:
    """The first keys whose sizes (bytes) together stay within the limit; at least one, if there is one."""
    keys: list[K] = []
    total = 0
    for key, size in sized:
        total += size
        if keys and total > greatest_bytes:
            break
        keys.append(key)
    return keys
