"""What has to be in the ERP once everything was asked for: the shop's truth, all of it, and nothing else.

Stricter than the demo's verdict, which forgives what only a fetch can mend.
"""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from backroom.demo.expected import GONE_PRODUCT, GONE_VARIANT, expected_product, expected_variant
from backroom.demo.held import Held, HeldProduct
from shopify_simulator.simulation import Simulation

Json = Mapping[str, Any]
OURS = ("id", "shop_id", "product_id", "listing_id", "sku_id", "created_at")
"""Surrogate ids and instants of ours: no part of what Shopify says."""


class Compared(Protocol):
    """A shop, and what Backroom holds of it."""

    simulation: Simulation

    def held(self) -> Held: ...


def truth_of(shop: Compared) -> Json:
    """As /control/truth answers it."""
    found: Json = json.loads(json.dumps(shop.simulation.truth(), default=str))
    return found


def assert_true(shop: Compared) -> None:
    """Every product of the shop, field by field; what is gone is inactive; nothing is wanted or parked."""
    held = shop.held()
    assert differences(truth_of(shop), held)[:5] == []
    assert (held.wanted, held.parked, held.dead) == ({}, 0, 0)
    assert set(held.creations.values()) <= {1}


def differences(truth: Json, held: Held) -> list[str]:
    """What is not as it should be, one line each."""
    found = []
    for product in truth["products"]:
        mine = held.products.get(product["id"])
        if mine is None:
            found.append(f"product {product['id']} is missing")
        else:
            found += _of_product(product, mine)
    alive = {product["id"] for product in truth["products"]}
    for product_id in held.products.keys() - alive:
        found += _compared(f"gone product {product_id}", GONE_PRODUCT, held.products[product_id].row)
    return found


def _of_product(product: Json, mine: HeldProduct) -> list[str]:
    found = _compared(f"product {product['id']}", expected_product(product), mine.row)
    wanted = {variant["id"]: variant for variant in product["variants"]}
    for variant_id in wanted.keys() | mine.variants.keys():
        what = f"variant {variant_id} of product {product['id']}"
        row = mine.variants.get(variant_id)
        if row is None:
            found.append(f"{what} is missing")
        elif variant_id in wanted:
            values = expected_variant(wanted[variant_id], mine.row["listing.product_id"])
            found += _compared(what, values, row)
        else:
            found += _compared(f"gone {what}", GONE_VARIANT, row)
    return found


def _compared(what: str, wanted: Json, row: Json) -> list[str]:
    return [
        f"{what}: {name} is {row[name]!r}, not {value!r}"
        for name, value in wanted.items()
        if row[name] != value
    ]


def active_rows(held: Held) -> dict[int, Any]:
    """The active rows by Shopify's ids, every column but surrogate ids and our own instants."""
    return {
        product_id: {
            **_plain(each.row),
            "variants": {
                variant_id: _plain(row)
                for variant_id, row in each.variants.items()
                if row["listing_variant.is_active"]
            },
        }
        for product_id, each in held.products.items()
        if each.row["listing.is_active"]
    }


def _plain(row: Json) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name.partition(".")[2] not in OURS}
