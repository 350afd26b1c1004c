"""What a product's webhook says of stock: a total for each variant, over the shop's active locations.

It is no level and writes none; a reconcile of stock compares it. A pulled product does not carry it.
Source: shopify.dev/docs/api/webhooks, products/update, 2023-07 to 2026-10: inventory_quantity.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from backroom.resources.json_body import read_json
from backroom.vocabulary.ids import GREATEST_ID


class VariantTotal(Struct):
    """A variant's."""

    inventory_item_id: int | None = None
    inventory_quantity: int | None = None


class ProductTotals(Struct):
    """Those of its variants that the body has."""

    variants: list[VariantTotal] = []


_TOTALS: Final = msgspec.json.Decoder(ProductTotals)


def read_totals(raw: bytes) -> Mapping[int, int]:
    """{inventory item: its total}; what is not told is left out. Raises Terminal."""
    return {
        each.inventory_item_id: each.inventory_quantity
        for each in read_json(raw, _TOTALS).variants
        if each.inventory_item_id is not None
        and each.inventory_quantity is not None
        and 0 < each.inventory_item_id <= GREATEST_ID
    }
