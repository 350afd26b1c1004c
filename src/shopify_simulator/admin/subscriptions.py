"""Webhook subscriptions in the Admin API: those that it made itself, asked for, made, changed and ended.

Who looks and the arguments enter; subscriptions, and what Shopify's user errors say, leave. What never
happens here: a look at what the app's configuration or the merchant made.

Source: the schema of 2026-10. The errors' words and paths are those that clients of Shopify's were seen to
get (`callbackUrl` also where `uri` was given); that a missing scope is told under `topic` is a guess.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from shopify_simulator.admin.asked import parsed
from shopify_simulator.admin.look import Look
from shopify_simulator.admin.readers import Arguments, Readers, connection, edge, gid
from shopify_simulator.admin.search import Fields, instant, search_of
from shopify_simulator.admin.slices import Key, Slice, cut, stamp
from shopify_simulator.admin.versions import listed
from shopify_simulator.shop.subscription import Settings, Subscription, SubscriptionRefused
from shopify_simulator.shop.topics import BY_NAME, may_hear, scopes_for

KIND: Final = "WebhookSubscription"
_NAMES: Final[Mapping[str, str]] = {topic: name for name, topic in BY_NAME.items()}
_SORTS: Final[Mapping[str, tuple[Callable[[Subscription], Key], type]]] = {
    "CREATED_AT": (lambda each: (each.created_at, each.id), datetime),
    "ID": (lambda each: (each.id, each.id), int),
}
_SEARCHED: Final[Fields] = {
    "id": (lambda each: each.id, int),
    "created_at": (lambda each: each.created_at, instant),
    "updated_at": (lambda each: each.updated_at, instant),
}
_PATHS: Final[Mapping[str, list[str]]] = {
    "uri": ["webhookSubscription", "callbackUrl"],
    "name": ["webhookSubscription", "name"],
    "format": ["webhookSubscription", "format"],
    "topic": ["topic"],
    "id": ["id"],
}


def one(look: Look, number: int) -> Subscription | None:
    """The one that has this number, if the Admin API made it."""
    return next((each for each in look.subscriptions.of_api() if each.id == number), None)


def _found(look: Look, identity: str) -> Subscription | None:
    kind, number = parsed(identity)
    return one(look, number) if kind == KIND else None


def _subscription(_root: Any, look: Look, arguments: Arguments) -> Subscription | None:
    return _found(look, arguments["id"])


def _subscriptions(_root: Any, look: Look, arguments: Arguments) -> Slice:
    search = search_of(arguments.get("query"), _SEARCHED)
    look.search(search, arguments.get("query") or "", "webhookSubscriptions")
    place, like = _SORTS[arguments["sortKey"]]
    ordered = sorted(filter(_wanted(arguments), look.subscriptions.of_api()), key=place)
    return cut([each for each in ordered if search.finds(each)], place, like, arguments)


def _wanted(arguments: Arguments) -> Callable[[Subscription], bool]:
    """What is not given, or null, is all."""
    names, uri, form = (arguments.get(name) for name in ("topics", "uri", "format"))
    topics = None if names is None else {BY_NAME[name] for name in names}
    return lambda each: (
        (topics is None or each.topic in topics)
        and (uri is None or each.uri == uri)
        and (form is None or each.format == form)
    )


def _create(_root: Any, look: Look, arguments: Arguments) -> dict[str, Any]:
    topic = BY_NAME[arguments["topic"]]
    settings = _settings(arguments["webhookSubscription"])

    def make() -> Subscription:
        _need_scope(look, topic)
        return look.subscriptions.add(topic=topic, made_by="api", **settings)

    return _answer(make)


def _update(_root: Any, look: Look, arguments: Arguments) -> dict[str, Any]:
    settings = _settings(arguments["webhookSubscription"])

    def change() -> Subscription:
        held = _found(look, arguments["id"])
        if held is None:
            raise _not_there()
        _need_scope(look, held.topic)
        changed = look.subscriptions.change(held.id, **settings)
        if changed is None:  # ended meanwhile
            raise _not_there()
        return changed

    return _answer(change)


def _delete(_root: Any, look: Look, arguments: Arguments) -> dict[str, Any]:
    held = _found(look, arguments["id"])
    if held is None or not look.unsubscribe(held.id):
        return {"deletedWebhookSubscriptionId": None, "userErrors": [_error(_not_there())]}
    return {"deletedWebhookSubscriptionId": gid(KIND, held.id), "userErrors": []}


def _not_there() -> SubscriptionRefused:
    return SubscriptionRefused("id", "Webhook subscription does not exist")


def _need_scope(look: Look, topic: str) -> None:
    if not may_hear(topic, look.scopes):
        raise SubscriptionRefused(
            "topic",
            f"You do not have permission to create or update webhooks with {topic} topic. This topic usually"
            f" requires one of the following scopes: {', '.join(scopes_for(topic))}",
        )


def _settings(given: Mapping[str, Any]) -> Settings:
    """Those that were given; null means what it was without."""
    settings: Settings = {}
    if "uri" in given:
        settings["uri"] = given["uri"] or ""
    if "name" in given:
        settings["name"] = given["name"]
    if "filter" in given:
        settings["filter"] = given["filter"]
    if "format" in given:
        settings["format"] = given["format"] or "JSON"
    if "includeFields" in given:
        settings["include_fields"] = tuple(given["includeFields"] or ())
    if "metafieldNamespaces" in given:
        settings["metafield_namespaces"] = tuple(given["metafieldNamespaces"] or ())
    return settings


def _answer(act: Callable[[], Subscription]) -> dict[str, Any]:
    try:
        return {"webhookSubscription": act(), "userErrors": []}
    except SubscriptionRefused as refused:
        return {"webhookSubscription": None, "userErrors": [_error(refused)]}


def _error(refused: SubscriptionRefused) -> dict[str, Any]:
    return {"field": _PATHS.get(refused.field), "message": refused.message}


def _version(subscription: Subscription, look: Look, _arguments: Arguments) -> tuple[str, str, bool]:
    """The app's. One that is supported no more is still the app's."""
    handle = subscription.api_version
    return next((each for each in listed(look.versions) if each[0] == handle), (handle, handle, False))


def _held(name: str) -> Any:
    return lambda source, _look, _arguments: source[name]


QUERIES: Final[Readers] = {"webhookSubscription": _subscription, "webhookSubscriptions": _subscriptions}
MUTATIONS: Final[Readers] = {
    "webhookSubscriptionCreate": _create,
    "webhookSubscriptionDelete": _delete,
    "webhookSubscriptionUpdate": _update,
}
_PAYLOAD: Final[Readers] = {name: _held(name) for name in ("webhookSubscription", "userErrors")}
TYPES: Final[Mapping[str, Readers]] = {
    KIND: {
        "id": lambda each, *_: gid(KIND, each.id),
        "legacyResourceId": lambda each, *_: str(each.id),
        "topic": lambda each, *_: _NAMES[each.topic],
        "uri": lambda each, *_: each.uri,
        "name": lambda each, *_: each.name,
        "filter": lambda each, *_: each.filter,
        "format": lambda each, *_: each.format,
        "includeFields": lambda each, *_: list(each.include_fields),
        "metafieldNamespaces": lambda each, *_: list(each.metafield_namespaces),
        "apiVersion": _version,
        "createdAt": lambda each, *_: stamp(each.created_at),
        "updatedAt": lambda each, *_: stamp(each.updated_at),
    },
    f"{KIND}Connection": connection(),
    f"{KIND}Edge": edge(),
    f"{KIND}CreatePayload": _PAYLOAD,
    f"{KIND}UpdatePayload": _PAYLOAD,
    f"{KIND}DeletePayload": {name: _held(name) for name in ("deletedWebhookSubscriptionId", "userErrors")},
}
