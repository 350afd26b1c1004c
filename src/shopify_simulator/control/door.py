"""The door of an API that asks for no password: requests enter, and those of web pages do not.

A page in a browser reaches loopback, too. It names itself in `Origin`, or, where its own name was made to
mean 127.0.0.1, in `Host`. What never happens here: a look at a body.
"""

import ipaddress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from shopify_simulator.control.answers import answer


class Door:
    """An ASGI app before another one. `any_host`: it is known to others by names that we do not know."""

    def __init__(self, app: ASGIApp, *, any_host: bool = False) -> None:
        self._app = app
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if "origin" in headers:
            refusal = "no web page may use this"
        elif not (self._any_host or is_loopback(_name_of(headers.get("host", "")))):
            refusal = "the Host is no loopback address"
        else:
            await self._app(scope, receive, send)
            return
        await answer({"error": refusal}, 403)(scope, receive, send)


def is_loopback(host: str) -> bool:
    """Whether this address, or this name, means the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name_of(host: str) -> str:
    """`[::1]:8100` -> `::1`, `localhost:8100` -> `localhost`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
