"""Webhook subscriptions by the Admin API: listed, made, moved, ended. Those of the calling app alone; what
its own configuration (TOML, Dev Dashboard) says is not listed by Shopify.

Enters: topics and an address. Leaves: what Shopify holds. What never happens here: a decision about what
there should be (`registration/plan`), or a mutation sent twice where the first one may have made something.
Source: the Admin GraphQL schema, 2026-10, webhookSubscriptions and its mutations; `uri`, never `callbackUrl`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

from backroom.shopify.answers import LONGEST_QUOTE, PageInfo, decoded
from backroom.shopify.documents import (
    CREATE_SUBSCRIPTION,
    DELETE_SUBSCRIPTION,
    SUBSCRIPTIONS,
    UPDATE_SUBSCRIPTION,
)
from backroom.vocabulary.clock import aware
from backroom.vocabulary.errors import ScopeMissing, Terminal

if TYPE_CHECKING:
    from backroom.shopify.client import Client  # slow to import, and a plan asks nothing

PAGE: Final = 100
LONGEST_NAME: Final = 50
"""Source: the schema's `name` of a WebhookSubscription: letters, digits, `_` and `-`."""


class SubscriptionRefused(Terminal):
    """Shopify would not have this one subscription. The message quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One that Shopify holds. `topic` as Shopify's enum writes it: PRODUCTS_UPDATE.

    `narrowed_by`: which of its settings keep something from us (a filter, fewer fields, XML), or empty.
    `updated_at`: by Shopify's clock.
    """

    id: str
    topic: str
    uri: str
    name: str | None
    narrowed_by: str
    api_version: str
    updated_at: datetime


class _Version(msgspec.Struct):
    handle: str


class _Node(msgspec.Struct, rename="camel"):
    id: str
    topic: str
    uri: str
    format: str
    api_version: _Version
    updated_at: datetime
    include_fields: list[str] = []
    name: str | None = None
    filter: str | None = None


class _Connection(msgspec.Struct, rename="camel"):
    nodes: list[_Node]
    page_info: PageInfo


class _UserError(msgspec.Struct):
    message: str


class _Payload(msgspec.Struct, rename="camel"):
    user_errors: list[_UserError]
    webhook_subscription: _Node | None = None


def enum_of(topic: str) -> str:
    """`products/update` -> `PRODUCTS_UPDATE`"""
    return topic.upper().replace("/", "_")


def list_subscriptions(client: "Client") -> list[Subscription]:
    """All of them, in the order of their ids. Raises what `Client.ask` raises."""
    found: list[Subscription] = []
    after: str | None = None
    while True:
        answer = client.ask(SUBSCRIPTIONS, {"first": PAGE, "after": after})
        page = decoded(answer.data, dict[str, _Connection])["webhookSubscriptions"]
        found += map(_subscription, page.nodes)
        if not page.page_info.has_next_page:
            return found
        after = page.page_info.end_cursor


def create_subscription(client: "Client", topic: str, *, uri: str, name: str) -> Subscription:
    """Makes one. Raises SubscriptionRefused, ScopeMissing, and what `Client.ask` raises."""
    wanted = {"uri": uri, "name": name, "format": "JSON"}
    variables = {"topic": enum_of(topic), "wanted": wanted}
    return _made(client, CREATE_SUBSCRIPTION, variables, f"a subscription to {topic}")


def update_subscription(client: "Client", subscription_id: str, *, uri: str, name: str) -> Subscription:
    """Gives it another address and name, and leaves the rest. Raises as `create_subscription`."""
    variables = {"id": subscription_id, "wanted": {"uri": uri, "name": name}}
    return _made(client, UPDATE_SUBSCRIPTION, variables, f"the subscription {name}")


def delete_subscription(client: "Client", subscription_id: str) -> None:
    """Ends it. One that is not there any more has ended, too."""
    answer = client.ask(DELETE_SUBSCRIPTION, {"id": subscription_id}, repeatable=True)
    payload = decoded(answer.data, dict[str, _Payload | None])["webhookSubscriptionDelete"]
    for error in payload.user_errors if payload else ():
        if "does not exist" not in error.message.lower():
            _refuse(client, f"to end {subscription_id}", [error])


def _made(client: "Client", document: str, variables: Mapping[str, Any], what: str) -> Subscription:
    answer = client.ask(document, variables)
    (payload,) = decoded(answer.data, dict[str, _Payload | None]).values()
    if payload is None or payload.webhook_subscription is None or payload.user_errors:
        _refuse(client, what, payload.user_errors if payload else [])
    return _subscription(payload.webhook_subscription)


def _refuse(client: "Client", what: str, errors: list[_UserError]) -> NoReturn:
    said = " ".join("; ".join(error.message for error in errors[:3]).split())[:LONGEST_QUOTE]
    if "permission" in said or "access scope" in said:
        raise ScopeMissing(f"{client.shop.domain} denies the app {what}: grant the scope to the app ({said})")
    raise SubscriptionRefused(f"{client.shop.domain} refuses {what}: {said or 'it does not say why'}")


def _subscription(node: _Node) -> Subscription:
    narrowing = [
        f"the filter {node.filter}" if node.filter else "",
        f"the fields {', '.join(node.include_fields)}" if node.include_fields else "",
        f"the format {node.format}" if node.format != "JSON" else "",
    ]
    return Subscription(
        id=node.id,
        topic=node.topic,
        uri=node.uri,
        name=node.name or None,
        narrowed_by=", ".join(filter(None, narrowing)),
        api_version=node.api_version.handle,
        updated_at=aware(node.updated_at),
    )
