"""What the courier carries: one event for one subscription, ready to send, always the same bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A body with its address and its headers. `number`: the n-th parcel of this shop, from 1.

    `version`: the n-th event about this resource, from 1. `whole`: its body covers the whole resource.
    """

    number: int
    webhook_id: str
    event_id: str
    topic: str
    triggered_at: str
    resource_id: int
    version: int
    subscription_id: int
    uri: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    whole: bool

    @property
    def kind(self) -> str:
        """What the resource is: `products`."""
        return self.topic.partition("/")[0]
