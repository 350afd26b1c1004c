"""Control of the Admin API: its plan, its bulk operations, its faults, and what was counted.

What never happens here: a token in an answer, but for the pair that an installation gives.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from shopify_simulator.admin.admin import Admin
from shopify_simulator.admin.faults import FAULTS, AdminFaults
from shopify_simulator.admin.installation import Installation
from shopify_simulator.admin.operations import Operation
from shopify_simulator.admin.writer import BulkWays, Order
from shopify_simulator.control.answers import answer, read

Chances = dict[str, float]


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _PointsWanted(_Wanted):
    maximum: float
    rate: float


class _BulkWanted(_Wanted):
    seconds: float | UnsetType = UNSET
    order: Order | UnsetType = UNSET
    torn: bool | UnsetType = UNSET
    most_at_once: int | UnsetType = UNSET
    seed: int | UnsetType = UNSET


class _AdminWanted(_Wanted):
    points: _PointsWanted | UnsetType = UNSET
    most_for_one: int | UnsetType = UNSET
    plan: str | UnsetType = UNSET
    scopes: list[str] | UnsetType = UNSET
    versions: list[str] | UnsetType = UNSET
    bulk: _BulkWanted | UnsetType = UNSET
    forget_counts: bool = False


class _FaultsWanted(_Wanted):
    seed: int | UnsetType = UNSET
    request: Chances = {}
    grant: Chances = {}
    download: Chances = {}
    bulk: Chances = {}
    hang_seconds: float | UnsetType = UNSET
    slow_seconds: float | UnsetType = UNSET
    lag_seconds: float | UnsetType = UNSET
    shop: str = "open"


class _ScriptsWanted(_Wanted):
    request: list[str] | UnsetType = UNSET
    grant: list[str] | UnsetType = UNSET
    download: list[str] | UnsetType = UNSET
    bulk: list[str] | UnsetType = UNSET


class _TokensWanted(_Wanted):
    expire: Literal["access", "refresh", "none"] = "none"
    install: bool = False


class AdminControl:
    """The handlers, each over one Admin API and the app that may ask it."""

    def __init__(self, admin: Admin, app: Installation) -> None:
        self._admin = admin
        self._app = app

    async def look(self, request: Request) -> Response:
        admin = self._admin
        level = admin.bucket.look()
        return answer(
            {
                "counts": admin.ledger.sheet(),
                "points": {
                    "maximum": level.maximum,
                    "rate": level.rate,
                    "available": level.available,
                    "overflown": level.overflown,
                },
                "most_for_one": admin.engine.most_for_one,
                "plan": admin.plan,
                "scopes": admin.tokens.scopes,
                "versions": admin.versions,
                "bulk": asdict(admin.bulk.ways),
                "operations": [_operation(each) for each in admin.bulk.all()],
            }
        )

    async def set(self, request: Request) -> Response:
        """What is not named stays as it is."""
        wanted = await read(request, _AdminWanted)
        admin = self._admin
        if wanted.bulk is not UNSET:
            admin.bulk.ways = BulkWays(**{**asdict(admin.bulk.ways), **msgspec.to_builtins(wanted.bulk)})
        if wanted.points is not UNSET:
            admin.bucket.resize(wanted.points.maximum, wanted.points.rate)
        if wanted.most_for_one is not UNSET:
            admin.engine.most_for_one = wanted.most_for_one
        if wanted.plan is not UNSET:
            admin.plan = wanted.plan
        if wanted.scopes is not UNSET:
            await run_in_threadpool(self._app.change_scopes, wanted.scopes)
        if wanted.versions is not UNSET:
            admin.set_versions(wanted.versions)
        if wanted.forget_counts:
            admin.ledger.reset()
        return await self.look(request)

    async def faults(self, request: Request) -> Response:
        mishaps = self._admin.mishaps
        return answer({**asdict(mishaps.faults), "scripts": {kind: mishaps.left(kind) for kind in FAULTS}})

    async def set_faults(self, request: Request) -> Response:
        """What is not named does not happen; the seed and the reaches stay as they are unless named."""
        wanted = msgspec.to_builtins(await read(request, _FaultsWanted))
        self._admin.set_faults(AdminFaults(**{**asdict(self._admin.mishaps.faults), **wanted}))
        return await self.faults(request)

    async def script(self, request: Request) -> Response:
        """What exactly happens to the next ones; a kind that is not named keeps its script."""
        wanted = await read(request, _ScriptsWanted)
        for kind in FAULTS:
            names = getattr(wanted, kind)
            if names is not UNSET:
                self._admin.mishaps.script(kind, names)
        return await self.faults(request)

    async def tokens(self, request: Request) -> Response:
        """Ends tokens; `install` gives what the installation of a public app does."""
        wanted = await read(request, _TokensWanted)
        if wanted.expire == "access":
            self._admin.tokens.expire()
        elif wanted.expire == "refresh":
            self._admin.tokens.expire_refreshes()
        return answer(self._admin.tokens.offline_pair() if wanted.install else {})

    def table(self) -> list[tuple[str, str, Callable[..., Any]]]:
        """Method, path and handler."""
        return [
            ("GET", "/control/admin", self.look),
            ("POST", "/control/admin", self.set),
            ("GET", "/control/admin/faults", self.faults),
            ("POST", "/control/admin/faults", self.set_faults),
            ("POST", "/control/admin/scripts", self.script),
            ("POST", "/control/admin/tokens", self.tokens),
        ]


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.number,
        "status": operation.status,
        "objects": operation.object_count,
        "roots": operation.root_object_count,
        "bytes": operation.file_size,
    }
