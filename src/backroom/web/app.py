"""The web application: the webhook's door, health, metrics, and the API behind tokens.

Everything it needs is handed in; `compose` makes it. Which routes are open is decided here, in one place.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Lifespan, Receive, Scope, Send

from backroom import __version__
from backroom.observe.metrics import CONTENT_TYPE, Metrics
from backroom.web.health import Readiness, health_routes
from backroom.web.hooks import WEBHOOKS, WebhookDoor
from backroom.web.problems import PROBLEM_ANSWERS, Problems
from backroom.web.security import ApiHeaders, Doorkeeper
from backroom.web.tokens import Role

Status = Callable[[], Mapping[str, float | None]]
"""One snapshot of the numbers behind the gauges of /metrics."""


def create_app(
    *,
    door: WebhookDoor,
    doorkeeper: Doorkeeper,
    metrics: Metrics,
    status: Status,
    readiness: Readiness,
    api: APIRouter | None = None,
    lifespan: Lifespan[Any] | None = None,
) -> FastAPI:
    """The application. `api` is mounted under /api/v1; each of its routes needs a viewer's token at least."""
    app = _Application(
        door,
        title="Backroom",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.add_middleware(ApiHeaders)
    Problems(doorkeeper).install(app)
    app.router.routes.extend(health_routes(readiness))
    viewer = [Depends(doorkeeper.require(Role.VIEWER))]
    app.include_router(_metrics_router(metrics, status), dependencies=viewer)
    app.include_router(_openapi_router(), prefix="/api/v1", dependencies=viewer)
    if api is not None:
        app.include_router(api, prefix="/api/v1", dependencies=viewer, responses=PROBLEM_ANSWERS)
    return app


class _Application(FastAPI):
    """FastAPI behind the webhook's door: its dozen layers cost a receipt more than all of its own work."""

    def __init__(self, door: WebhookDoor, **settings: Any) -> None:
        super().__init__(**settings)
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and f"{scope['path']}/".startswith(f"{WEBHOOKS}/"):
            # Whatever the method: the door itself answers 405, before anybody asks for a token.
            await self._door(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _metrics_router(metrics: Metrics, status: Status) -> APIRouter:
    router = APIRouter()

    @router.get("/metrics", include_in_schema=False)
    def scrape() -> Response:
        return Response(metrics.render(status()), headers={"Content-Type": CONTENT_TYPE})

    return router


def _openapi_router() -> APIRouter:
    router = APIRouter()

    @router.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> JSONResponse:
        return JSONResponse(request.app.openapi())

    return router
