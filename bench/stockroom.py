"""The stock of the catalogue's variants, as bulk operations write it: locations, items, levels."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

from backroom.resources.inventory import inventory
from backroom.resources.inventory_item import inventory_item
from backroom.resources.location import location
from bench.catalogue import SIZES, VARIANTS, item_id, sku_of
from bench.exports import ExportFile, write_file

FIRST_LOCATION: Final = 60_000_000_000
_FIRST_LEVEL: Final = 100_000_000_000
_UPDATED_AT: Final = "2026-10-01T12:00:00Z"
_QUANTITIES: Final = (("available", 20), ("on_hand", 22), ("committed", 2), ("incoming", 0))


def write_locations(folder: Path, locations: int) -> ExportFile:
    """Numbered from 1, as below."""
    return write_file(folder, location, map(_location, range(1, locations + 1)), roots=locations)


def write_items(folder: Path, products: int) -> ExportFile:
    """One for each variant of the products."""
    lines = (_item(number, position) for number in range(1, products + 1) for position in range(VARIANTS))
    return write_file(folder, inventory_item, lines, roots=products * VARIANTS)


def write_levels(folder: Path, products: int, locations: int) -> ExportFile:
    """One for each variant's item at each location."""
    return write_file(folder, inventory, _levels(products, locations), roots=products * VARIANTS)


def _location(number: int) -> str:
    address = {
        "address1": f"{number} Dock Street",
        "address2": None,
        "city": "Berlin",
        "zip": f"10{number:03}",
        "provinceCode": None,
        "countryCode": "DE",
        "phone": None,
    }
    return json.dumps(
        {
            "id": f"gid://shopify/Location/{FIRST_LOCATION + number}",
            "name": f"Warehouse {number}",
            "isActive": True,
            "updatedAt": _UPDATED_AT,
            "address": address,
        },
        separators=(",", ":"),
    )


def _item(number: int, position: int) -> str:
    return json.dumps(
        {
            "id": f"gid://shopify/InventoryItem/{item_id(number, position)}",
            "sku": sku_of(number, SIZES[position]),
            "tracked": True,
            "requiresShipping": True,
            "unitCost": {"amount": f"{7 + number % 20}.5"},
            "countryCodeOfOrigin": "PT",
            "harmonizedSystemCode": "610910",
            "updatedAt": _UPDATED_AT,
        },
        separators=(",", ":"),
    )


def _levels(products: int, locations: int) -> Iterator[str]:
    numbers = count(_FIRST_LEVEL)
    # By hand: there may be millions of them.
    rest = ",".join(
        f'{{"name":"{name}","quantity":{quantity},"updatedAt":"{_UPDATED_AT}"}}'
        for name, quantity in _QUANTITIES
    )
    for number in range(1, products + 1):
        for position in range(VARIANTS):
            item = item_id(number, position)
            gid = f"gid://shopify/InventoryItem/{item}"
            yield f'{{"id":"{gid}","tracked":true,"updatedAt":"{_UPDATED_AT}"}}'
            for place in range(1, locations + 1):
                yield (
                    f'{{"id":"gid://shopify/InventoryLevel/{next(numbers)}?inventory_item_id={item}"'
                    f',"updatedAt":"{_UPDATED_AT}","isActive":true'
                    f',"location":{{"id":"gid://shopify/Location/{FIRST_LOCATION + place}"}}'
                    f',"quantities":[{rest}],"__parentId":"{gid}"}}'
                )
