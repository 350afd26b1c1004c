"""Which subscriptions a shop should have: a topic each, all at one address, each under a name of ours.

Enters: the resources, and where we are reached. Leaves: what is wanted. What never happens here: a look at
what there is (`plan`).

By its name a delivery tells whose subscription it came by (X-Shopify-Name): ours, or the app's own.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from backroom.resources.descriptor import Resource
from backroom.shopify.subscriptions import LONGEST_NAME
from backroom.vocabulary.errors import Misuse

PATH: Final = "/api/webhooks"
OURS: Final = "backroom-"
"""What the names of our subscriptions begin with."""
HOUSE_TOPICS: Final = ("app/uninstalled", "app/scopes_update", "bulk_operations/finish")
"""About the app itself and its exports. They need no scope."""
COMPLIANCE_TOPICS: Final = ("customers/data_request", "customers/redact", "shop/redact")
"""Only an app's own configuration may have them."""


class NoAddress(Misuse):
    """Nobody has said where Shopify reaches us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One subscription as it should be. `resource`: a plural; null where the topic is about none."""

    topic: str
    name: str
    uri: str
    scopes: tuple[str, ...] = ()
    resource: str | None = None


def address_of(public_url: str | None) -> str:
    """Where webhooks come in. Raises NoAddress."""
    if public_url is None:
        raise NoAddress(
            "BACKROOM_PUBLIC_URL is not set: say at which https address Shopify reaches this Backroom, like"
            " https://backroom.example.com"
        )
    return public_url.rstrip("/") + PATH


def desired(resources: Iterable[Resource], public_url: str | None) -> list[Wanted]:
    """The topics of the resources, then those about the app itself. Raises NoAddress."""
    uri = address_of(public_url)
    ours = [
        Wanted(topic=topic, name=name_of(topic), uri=uri, scopes=resource.scopes, resource=resource.plural)
        for resource in resources
        for topic in resource.topics
    ]
    return ours + [Wanted(topic=topic, name=name_of(topic), uri=uri) for topic in HOUSE_TOPICS]


def name_of(topic: str) -> str:
    """`products/update` -> `backroom-products-update`"""
    name = OURS + topic.replace("/", "-").replace("_", "-")
    if len(name) <= LONGEST_NAME:
        return name
    mark = hashlib.sha256(topic.encode()).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - 9]}-{mark}"
