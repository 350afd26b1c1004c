"""What lies where: locations, the items' traits and levels. Variants enter, items and levels leave.

An item that nobody touched has the traits and levels that it begins with, drawn anew whenever they are asked
for: only what was touched is kept. What never happens here: an event, or a lock. Records are replaced, never
changed, so whoever copies the three tables may read the copy whatever the shop does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shopify_simulator.shop.item import InventoryItem, Traits, first_traits
from shopify_simulator.shop.level import Level, first_levels
from shopify_simulator.shop.location import Location
from shopify_simulator.shop.product import Variant


@dataclass(slots=True, kw_only=True)
class Inventory:
    """See the module. `begins_at`: the locations at which new items are stocked by themselves."""

    locations: dict[int, Location] = field(default_factory=dict)
    begins_at: tuple[int, ...] = ()
    traits: dict[int, Traits] = field(default_factory=dict)
    levels: dict[int, tuple[Level, ...]] = field(default_factory=dict)

    def item(self, variant: Variant) -> InventoryItem:
        """The variant's item as it is now."""
        number = variant.inventory_item_id
        return InventoryItem(
            id=number,
            sku=variant.sku,
            created_at=variant.created_at,
            traits=self.traits.get(number) or first_traits(variant),
        )

    def levels_of(self, variant: Variant) -> Sequence[Level]:
        """All levels of the variant's item, inactive ones too, in the order in which they came to be."""
        held = self.levels.get(variant.inventory_item_id)
        return first_levels(variant, self.begins_at) if held is None else held

    def quantity(self, levels: Iterable[Level]) -> int:
        """What is available of them at active locations: a variant's `inventory_quantity`."""
        return sum(each.available for each in levels if each.active and self.is_open(each.location_id))

    def is_open(self, location_id: int) -> bool:
        """Whether there is such a location, and it is active."""
        found = self.locations.get(location_id)
        return found is not None and found.active

    def keep(self, variants: Iterable[Variant]) -> None:
        """Their levels are kept from now on, whatever becomes of their quantities or of the locations."""
        for variant in variants:
            self.levels.setdefault(variant.inventory_item_id, tuple(self.levels_of(variant)))

    def forget(self, item_id: int) -> None:
        """The item is gone, with its levels."""
        self.traits.pop(item_id, None)
        self.levels.pop(item_id, None)

    def copy(self) -> "Inventory":
        """The inventory of this moment. To be taken under the shop's lock."""
        return Inventory(
            locations=dict(self.locations),
            begins_at=self.begins_at,
            traits=dict(self.traits),
            levels=dict(self.levels),
        )
