"""Codes and barcodes as shops have them: most good, some missing, some empty, some used twice.

A seeded Random enters; texts leave. What never happens here: a look at the shop.
"""

from itertools import cycle
from random import Random

POLICIES = (*["own"] * 7, "none", "empty", "mixed", "shared")
"""Shared: a code of another product at another price, as when a shop sells one thing in two listings."""

BARCODES = (*["ean"] * 5, "none", "empty")
MOST_REMEMBERED = 1_000


class Codes:
    """Hands out codes product by product; the same seed hands out the same ones."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._policies = cycle(random.sample(POLICIES, len(POLICIES)))
        self._barcodes = cycle(random.sample(BARCODES, len(BARCODES)))
        self._series = 1_000
        self._given: list[str] = []

    def for_product(self, stem: str, variants: int) -> list[tuple[str | None, str | None]]:
        """A code and a barcode for each of its variants."""
        self._series += 1
        policy, barcode = next(self._policies), next(self._barcodes)
        return [
            (self._code(policy, stem, number), self._barcode(barcode)) for number in range(1, variants + 1)
        ]

    def fresh(self, stem: str) -> str:
        """A code that no other variant has."""
        self._series += 1
        return self._own(stem, 1)

    def shared(self) -> str:
        """A code that another variant has already."""
        return self._random.choice(self._given) if self._given else self.fresh("TWIN")

    def ean(self) -> str:
        """Thirteen digits, the last one the check digit."""
        digits = [4, 0, *(int(self._random.random() * 10) for _ in range(10))]
        weighed = sum(digits[0::2]) + 3 * sum(digits[1::2])
        return "".join(map(str, [*digits, -weighed % 10]))

    def _code(self, policy: str, stem: str, number: int) -> str | None:
        if policy == "mixed":
            policy = ("own", "none", "empty")[number % 3]
        if policy == "shared" and number == 1:
            return self.shared()
        return {"none": None, "empty": ""}.get(policy, self._own(stem, number))

    def _own(self, stem: str, number: int) -> str:
        code = f"{stem}-{self._series}-{number:02}"
        if number == 1 and len(self._given) < MOST_REMEMBERED:
            self._given.append(code)
        return code

    def _barcode(self, policy: str) -> str | None:
        return {"none": None, "empty": ""}.get(policy) if policy != "ean" else self.ean()
