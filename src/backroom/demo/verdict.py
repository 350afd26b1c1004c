"""The verdict: what was compared of a shop's truth and Backroom's tables, and what differed.

Enters: what should be and what is, one thing after the other. Leaves: counts and differences. What never
happens here: a look at the shop or at the tables (`judge` says what is compared with what).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

CREATIONS: Final = "entries of its creation in the history"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be. `what`: a product, a level ...; `field`: `table.column`."""

    what: str
    field: str
    wanted: Any
    held: Any


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What was compared, and what differed."""

    products: int = 0
    variants: int = 0
    stock: Counter[str] = field(default_factory=Counter)
    """By the ERP's table: locations, inventory items and levels that the shop has."""
    fields: int = 0
    deleted: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """False as well where nothing was there to compare: such a check would prove nothing."""
        return not self.differences and self.products > 0

    def compare(self, what: str, wanted: Mapping[str, Any], held: Mapping[str, Any]) -> None:
        for name, value in wanted.items():
            self.fields += 1
            if held[name] != value:
                self.differ(what, name, value, held[name])

    def differ(self, what: str, name: str, wanted: Any, held: Any) -> None:
        self.differences.append(Difference(what, name, wanted, held))
