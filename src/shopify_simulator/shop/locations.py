"""What happens to locations: they come, are renamed, closed, opened again, and go.

An id and a wish enter; the location is replaced and an event fires. What never happens here: an event of the
levels that lie there, or of the products whose quantities follow.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from shopify_simulator.shop.bodies import deleted_body
from shopify_simulator.shop.location import Address, Location, first_location, location_body
from shopify_simulator.shop.rules import Refused
from shopify_simulator.shop.storeroom import Storeroom


class UnknownLocation(LookupError):
    """The shop has no location of this id: it never had, or it was deleted."""


class Locations:
    """See the module. `new_id` gives ids. Fit for several threads."""

    def __init__(self, storeroom: Storeroom, *, new_id: Callable[[], int]) -> None:
        self._room = storeroom
        self._new_id = new_id
        self._first: tuple[int, ...] = ()

    def begin(self, count: int, at: datetime) -> None:
        """The first locations of an empty shop, at which every item is stocked; nobody is told."""
        with self._room.lock:
            made = [first_location(place, self._new_id(), at) for place in range(count)]
            self._room.inventory.locations.update((each.id, each) for each in made)
            self._first = self._room.inventory.begins_at = tuple(each.id for each in made)

    def all(self) -> list[Location]:
        """Inactive ones too, in the order in which they came to be."""
        with self._room.lock:
            return list(self._room.inventory.locations.values())

    def get(self, location_id: int) -> Location:
        """Raises UnknownLocation."""
        try:
            return self._room.inventory.locations[location_id]
        except KeyError:
            raise UnknownLocation(f"there is no location {location_id}") from None

    def create(self, name: str, address: Address | None = None) -> Location:
        """A new one, where nothing lies yet; fires locations/create. Raises Refused for a taken name."""
        with self._room.lock:
            self._check_name(name)
            now = self._room.now()
            made = Location(
                id=self._new_id(), name=name, address=address or Address(), created_at=now, updated_at=now
            )
            return self._put("locations/create", made)

    def change(
        self, location_id: int, *, name: str | None = None, address: Address | None = None
    ) -> Location:
        """A merchant edits what is given; fires locations/update. Raises UnknownLocation, Refused."""
        with self._room.lock:
            before = self.get(location_id)
            if name is not None and name != before.name:
                self._check_name(name)
            after = replace(before, name=name or before.name, address=address or before.address)
            return self._put("locations/update", self._stamped(after))

    def deactivate(self, location_id: int) -> Location:
        """Closes it, with all that lies there: that does not count until it is opened again.

        Fires locations/deactivate. Raises UnknownLocation; Refused where it is closed, or the last open one.
        """
        with self._room.lock:
            before = self.get(location_id)
            if not before.active:
                raise Refused(f"location {location_id} is not active")
            if sum(each.active for each in self.all()) == 1:
                raise Refused(f"location {location_id} is the last active one")
            after = self._stamped(before)
            return self._shift("locations/deactivate", replace(after, deactivated_at=after.updated_at))

    def activate(self, location_id: int) -> Location:
        """Opens it again; fires locations/activate. Raises UnknownLocation, Refused where it is open."""
        with self._room.lock:
            before = self.get(location_id)
            if before.active:
                raise Refused(f"location {location_id} is active")
            return self._shift("locations/activate", replace(self._stamped(before), deactivated_at=None))

    def delete(self, location_id: int) -> None:
        """It goes with its levels; fires locations/delete alone. Raises Refused while it is active."""
        with self._room.lock:
            if self.get(location_id).active:
                raise Refused(f"location {location_id} is active")
            inventory = self._room.inventory
            for item_id, levels in inventory.levels.items():
                inventory.levels[item_id] = tuple(each for each in levels if each.location_id != location_id)
            del inventory.locations[location_id]
            self._room.changes += 1
            body = deleted_body(location_id)
            if self._room.news.wanted("locations/delete"):
                self._room.news.tell("locations/delete", location_id, body, id_only=body)

    def present(self) -> None:
        """Fires locations/create for each as it is: the shop opens."""
        with self._room.lock:
            for each in self.all():
                self._tell("locations/create", each)

    def _stamped(self, location: Location) -> Location:
        return replace(location, updated_at=max(self._room.now(), location.updated_at))

    def _check_name(self, name: str) -> None:
        if not name.strip():
            raise Refused("name: can't be blank")
        if any(each.name == name for each in self.all()):
            raise Refused(f"name: {name!r} has already been taken")

    def _shift(self, topic: str, location: Location) -> Location:
        """Opens or closes one: what lies where is kept, and every quantity is counted anew."""
        inventory, products = self._room.inventory, self._room.products
        for product in products.values():
            inventory.keep(product.variants)
        self._put(topic, location)
        inventory.begins_at = tuple(each for each in self._first if inventory.is_open(each))
        for product in list(products.values()):
            self._room.recount(product, product.variants)
        return location

    def _put(self, topic: str, location: Location) -> Location:
        self._room.inventory.locations[location.id] = location
        self._room.changes += 1
        self._tell(topic, location)
        return location

    def _tell(self, topic: str, location: Location) -> None:
        if self._room.news.wanted(topic):
            body = location_body(location, self._room.offset)
            self._room.news.tell(topic, location.id, body, id_only=deleted_body(location.id))
