"""All resources. Adding one is its file, an entry here, its tables with their writer, and a migration."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from backroom.resources.descriptor import Action, Resource
from backroom.resources.inventory import inventory
from backroom.resources.inventory_item import inventory_item
from backroom.resources.location import location
from backroom.resources.product import product

RESOURCES: tuple[Resource, ...] = (product, location, inventory_item, inventory)

BY_NAME: Mapping[str, Resource] = MappingProxyType({resource.name: resource for resource in RESOURCES})
BY_PLURAL: Mapping[str, Resource] = MappingProxyType({resource.plural: resource for resource in RESOURCES})


def topics_of(resources: Sequence[Resource]) -> Mapping[str, tuple[Resource, Action]]:
    """{topic: the resource it is about, what it does}"""
    return MappingProxyType(
        {topic: (resource, action) for resource in resources for topic, action in resource.topics.items()}
    )


BY_TOPIC: Mapping[str, tuple[Resource, Action]] = topics_of(RESOURCES)
