"""Shopify's ids: integers of 13 or 14 digits, some of 18 (over 2^53, as its own test ids are), none twice."""

from itertools import count
from zlib import crc32

STEP = 32_768
"""How far apart Shopify's ids mostly are."""

LARGE = 600_000_000_000_000_000
LARGE_EVERY = 17


class Numbers:
    """Endless ids of each kind, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        # Far enough apart for millions of each: no id means two things.
        start = seed % 1_000 * 1_000_003
        self._product = _Series(7_100_000_000_000 + start)
        self._option = _Series(9_100_000_000_000 + start)
        self._image = _Series(21_000_000_000_000 + start)
        self._media = _Series(31_000_000_000_000 + start)
        self._variant = _Series(41_000_000_000_000 + start)
        self._inventory_item = _Series(51_000_000_000_000 + start)
        self._location = _Series(81_000_000_000_000 + start)

    def product(self) -> int:
        return self._product.draw()

    def option(self) -> int:
        return self._option.draw()

    def image(self) -> int:
        return self._image.draw()

    def media(self) -> int:
        return self._media.draw()

    def variant(self) -> int:
        return self._variant.draw()

    def inventory_item(self) -> int:
        return self._inventory_item.draw()

    def location(self) -> int:
        return self._location.draw()


def mixed(*numbers: int) -> int:
    """A number of 32 bits that only these give, as good as random: what is drawn so needs no memory."""
    return crc32(":".join(map(str, numbers)).encode())


class _Series:
    """Ids of one kind. Safe to draw from in several threads, as a generator is not: `count` steps at once."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._count = count(1)

    def draw(self) -> int:
        number = next(self._count)
        large = LARGE if number % LARGE_EVERY == 0 else 0
        return large + self._start + number * STEP
