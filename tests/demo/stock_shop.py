"""A shop's stock, told twice: bodies that Backroom gets, and the same as its control API's truth says it."""

from typing import Final

from backroom.resources.inventory import inventory
from backroom.resources.inventory_item import inventory_item
from backroom.resources.location import location
from tests.bodies import Json
from tests.house import House, instant
from tests.stock_bodies import item as item_body
from tests.stock_bodies import level as level_body
from tests.stock_bodies import location as location_body
from tests.stock_bodies import pulled_item, pulled_level, pulled_location

PLACE: Final = 7
ITEM: Final = 2101
LEVEL: Final = f"inventory level {ITEM}:{PLACE}"


def stock_up(house: House) -> None:
    """Pulls a location, an item, and the level of both."""
    made = item_body(
        ITEM, cost="12.50", sku="LINEN-S", country_code_of_origin="PT", harmonized_system_code="610910"
    )
    house.fetched(location, pulled_location(location_body(PLACE)))
    house.fetched(inventory_item, pulled_item(made))
    house.fetched(inventory, pulled_level(level_body(ITEM, PLACE), committed=2, incoming=4, level_at=9))
    house.settle()


def stock_truth() -> Json:
    """What /control/truth says of it."""
    return {
        "locations": [
            {
                "id": PLACE,
                "name": f"Location {PLACE}",
                "active": True,
                "address1": "34 Example Street",
                "address2": None,
                "city": "Ottawa",
                "zip": "K1N 5T5",
                "province_code": "ON",
                "country_code": "CA",
                "phone": "555-555-5555",
                "updated_at": instant(0).isoformat(),
            }
        ],
        "inventory_items": [
            {
                "id": ITEM,
                "sku": "LINEN-S",
                "tracked": True,
                "requires_shipping": True,
                "cost": "12.50",
                "country_code_of_origin": "PT",
                "province_code_of_origin": None,
                "harmonized_system_code": "610910",
                "updated_at": instant(0).isoformat(),
            }
        ],
        "inventory_levels": [
            {
                "inventory_item_id": ITEM,
                "location_id": PLACE,
                "available": 5,
                "on_hand": 7,
                "committed": 2,
                "incoming": 4,
                "updated_at": instant(0).isoformat(),
                "quantities_at": instant(9).isoformat(),
                "is_active": True,
            }
        ],
    }
