"""The merchant: whoever edits products, with a seeded mind and a memory of what was taken off.

An `Edit` looks at a product and answers how to change it, or None where it does not suit. What never happens
here and in the edits: a change of a product on the shelf; they change the copy that the shop hands them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from shopify_simulator.shop.codes import Codes
from shopify_simulator.shop.product import Product, Variant
from shopify_simulator.shop.shop import Shop

T = TypeVar("T")

MOST_REMEMBERED = 20
"""Removed variants that are remembered per product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """`removed`: the variants that were taken off, by product; they may come back."""

    shop: Shop
    random: Random
    codes: Codes
    removed: dict[int, list[Variant]] = field(default_factory=dict)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, of: Sequence[T]) -> T:
        return of[int(self.random.random() * len(of))]

    def remember(self, product: Product, variant: Variant) -> None:
        kept = self.removed.setdefault(product.id, [])
        kept.append(variant.copy())
        del kept[:-MOST_REMEMBERED]

    def forget(self, product_id: int) -> None:
        self.removed.pop(product_id, None)


Apply = Callable[[Product], None]
Edit = Callable[[Merchant, Product], Apply | None]
