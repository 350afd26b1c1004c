"""Control of the app on the shop: uninstalled, installed again, its scopes, the version of its webhooks.

What never happens here: a token in an answer.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from shopify_simulator.admin.installation import Installation
from shopify_simulator.control.answers import answer, read


class _AppWanted(msgspec.Struct, forbid_unknown_fields=True):
    scopes: list[str] | UnsetType = UNSET
    webhook_version: str | UnsetType = UNSET


class _ReinstallWanted(msgspec.Struct, forbid_unknown_fields=True):
    access_token: Annotated[str, msgspec.Meta(min_length=1)] | None = None


class InstallationControl:
    """The handlers, each over one installation. What may wait for the shop's lock runs in a thread."""

    def __init__(self, app: Installation) -> None:
        self._app = app

    async def look(self, request: Request) -> Response:
        return answer(
            {
                "installed": self._app.installed,
                "scopes": self._app.scopes,
                "webhook_version": self._app.webhook_version,
            }
        )

    async def set(self, request: Request) -> Response:
        """What is not named stays as it is."""
        wanted = await read(request, _AppWanted)
        if wanted.webhook_version is not UNSET:
            self._app.webhook_version = wanted.webhook_version
        if wanted.scopes is not UNSET:
            await run_in_threadpool(self._app.change_scopes, wanted.scopes)
        return await self.look(request)

    async def uninstall(self, request: Request) -> Response:
        await run_in_threadpool(self._app.uninstall)
        return await self.look(request)

    async def reinstall(self, request: Request) -> Response:
        wanted = await read(request, _ReinstallWanted)
        await run_in_threadpool(self._app.reinstall, wanted.access_token)
        return await self.look(request)

    def table(self) -> list[tuple[str, str, Callable[..., Any]]]:
        """Method, path and handler."""
        return [
            ("GET", "/control/app", self.look),
            ("POST", "/control/app", self.set),
            ("POST", "/control/app/uninstall", self.uninstall),
            ("POST", "/control/app/reinstall", self.reinstall),
        ]
