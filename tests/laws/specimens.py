"""A specimen of each registered resource, and deliveries of it.

`test_every_resource_has_a_specimen` fails for one without.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import pytest

from backroom.cache.tables import key_columns
from backroom.resources.descriptor import Action, Resource
from backroom.resources.registry import RESOURCES
from tests.house import House, instant
from tests.laws.products import ProductSpecimen
from tests.laws.specimen import Json, Specimen
from tests.laws.stock import InventoryItemSpecimen, InventorySpecimen, LocationSpecimen

SPECIMENS: Mapping[str, Specimen] = {
    specimen.resource.name: specimen
    for specimen in (ProductSpecimen(), LocationSpecimen(), InventoryItemSpecimen(), InventorySpecimen())
}
NUMBERS: Final = range(1, 100)
"""The numbers that law tests give to resources."""


def those(has: Callable[[Specimen], object]) -> pytest.MarkDecorator:
    """The test runs over the resources that have something, instead of over all of them."""
    registered = [SPECIMENS[resource.name] for resource in RESOURCES if resource.name in SPECIMENS]
    names = [specimen.resource.name for specimen in registered if has(specimen)]
    return pytest.mark.parametrize("specimen", names, indirect=True)


@dataclass(frozen=True, slots=True)
class Event:
    """One delivery of a schedule."""

    topic: str
    body: bytes
    webhook_id: str
    triggered: float | None

    def deliver(self, house: House) -> bool:
        """True where it is new."""
        answer = house.deliver(
            self.topic,
            self.body,
            webhook_id=self.webhook_id,
            triggered_at=None if self.triggered is None else instant(self.triggered),
        )
        assert isinstance(answer, bool)
        return answer


def topic_of(resource: Resource, action: Action) -> str:
    """A topic of the resource that does this."""
    return next(topic for topic, does in sorted(resource.topics.items(), reverse=True) if does is action)


def event(
    specimen: Specimen,
    body: Json | None,
    name: str,
    *,
    triggered: float | None = None,
    action: Action = Action.UPSERT,
) -> Event:
    """A delivery of a body."""
    assert body is not None, "the resource has no such body"
    return Event(topic_of(specimen.resource, action), msgspec.json.encode(body), name, triggered)


def deletion(specimen: Specimen, number: int, name: str, *, triggered: float | None = None) -> Event:
    """A delivery that says that a resource is gone."""
    body = specimen.deletion(number)
    return event(specimen, body, name, triggered=triggered, action=Action.DELETE)


def held_look(house: House, specimen: Specimen, number: int) -> int:
    """The look that the ERP's rows of a resource have."""
    return specimen.look(specimen.active_rows(house)[number])


def wanted(house: House, specimen: Specimen) -> set[int]:
    """The numbers of the resources that want a refetch."""
    resource = specimen.resource
    numbers = {specimen.key(number): number for number in NUMBERS}
    keys = key_columns(resource.cache)
    rows = [row for row in house.cache(resource.name) if row["wanted_at"] is not None]
    return {numbers[tuple(row[name] for name in keys)] for row in rows}
