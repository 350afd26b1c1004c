"""Is it alive, and is it ready? Asked by load balancers, so it needs no login and costs next to nothing."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Readiness = Callable[[], str | None]
"""None when ready, else the reason in a few words; never an error's own text."""


def health_routes(readiness: Readiness) -> list[Route]:
    """`/healthz`: the process answers. `/readyz`: it can take deliveries."""

    async def alive(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    # Synchronous, so it runs in a thread: a database that is away would hold up the loop.
    def ready(_request: Request) -> JSONResponse:
        reason = readiness()
        if reason is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "reason": reason}, 503, {"Retry-After": "1"})

    return [
        Route("/healthz", alive, methods=["GET"], name="healthz", include_in_schema=False),
        Route("/readyz", ready, methods=["GET"], name="readyz", include_in_schema=False),
    ]
