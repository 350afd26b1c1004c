"""All resources. Adding one is its file, an entry here, its tables with their writer, and a migration."""

from collections.abc import Mapping
from types import MappingProxyType

from backroom.resources.descriptor import Action, Resource
from backroom.resources.product import product

RESOURCES: tuple[Resource, ...] = (product,)

BY_NAME: Mapping[str, Resource] = MappingProxyType({resource.name: resource for resource in RESOURCES})
BY_PLURAL: Mapping[str, Resource] = MappingProxyType({resource.plural: resource for resource in RESOURCES})
BY_TOPIC: Mapping[str, tuple[Resource, Action]] = MappingProxyType(
    {topic: (resource, action) for resource in RESOURCES for topic, action in resource.topics.items()}
)
