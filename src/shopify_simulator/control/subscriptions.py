"""Control of subscriptions: who is told of what, whoever made it; lost and misrouted ones.

What never happens here: word to the app that something was changed. It has to find out.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from shopify_simulator.control.answers import NotThere, answer, read
from shopify_simulator.shop.subscription import Format, Maker, Settings
from shopify_simulator.simulation import Simulation


class _Wanted(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    uri: str | UnsetType = UNSET
    name: str | None | UnsetType = UNSET
    filter: str | None | UnsetType = UNSET
    format: Format | UnsetType = UNSET
    include_fields: tuple[str, ...] | UnsetType = UNSET
    metafield_namespaces: tuple[str, ...] | UnsetType = UNSET

    def settings(self) -> Settings:
        """Those that were given."""
        given: Settings = {}
        if self.uri is not UNSET:
            given["uri"] = self.uri
        if self.name is not UNSET:
            given["name"] = self.name
        if self.filter is not UNSET:
            given["filter"] = self.filter
        if self.format is not UNSET:
            given["format"] = self.format
        if self.include_fields is not UNSET:
            given["include_fields"] = self.include_fields
        if self.metafield_namespaces is not UNSET:
            given["metafield_namespaces"] = self.metafield_namespaces
        return given


class _NewWanted(_Wanted, kw_only=True):
    topic: str
    made_by: Maker = "app"


class SubscriptionControl:
    """The handlers, each over one simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._subscriptions = simulation.subscriptions

    async def look(self, request: Request) -> Response:
        """All that are told something now, with their makers."""
        return answer(self._subscriptions.all())

    async def make(self, request: Request) -> Response:
        wanted = await read(request, _NewWanted)
        made = self._subscriptions.add(topic=wanted.topic, made_by=wanted.made_by, **wanted.settings())
        return answer(made, 201)

    async def change(self, request: Request) -> Response:
        """Another address, filter or format, whoever made it; what is not named stays."""
        wanted = await read(request, _Wanted)
        subscription_id: int = request.path_params["id"]
        changed = self._subscriptions.change(subscription_id, **wanted.settings())
        if changed is None:
            raise NotThere(f"no subscription {subscription_id}")
        return answer(changed)

    async def end(self, request: Request) -> Response:
        subscription_id: int = request.path_params["id"]
        if not self._simulation.unsubscribe(subscription_id):
            raise NotThere(f"no subscription {subscription_id}")
        return answer({"deleted": subscription_id})

    async def lose(self, request: Request) -> Response:
        """Those that the Admin API made: all, or those of a `topic`."""
        return answer({"deleted": self._simulation.lose_subscriptions(request.query_params.get("topic"))})

    def table(self) -> list[tuple[str, str, Callable[..., Any]]]:
        """Method, path and handler."""
        return [
            ("GET", "/control/subscriptions", self.look),
            ("POST", "/control/subscriptions", self.make),
            ("DELETE", "/control/subscriptions", self.lose),
            ("PATCH", "/control/subscriptions/{id:int}", self.change),
            ("DELETE", "/control/subscriptions/{id:int}", self.end),
        ]
