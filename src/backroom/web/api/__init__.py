"""The read API and its few actions: one router a noun, all put together in `build_router`."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Depends

from backroom.db.database import Database
from backroom.jobs.warnings import Told
from backroom.resources.descriptor import Resource
from backroom.web.api import (
    cache,
    changes,
    deliveries,
    drift,
    failures,
    levels,
    products,
    runs,
    schedules,
    skus,
    status,
)
from backroom.web.api.asked import only_known
from backroom.web.tokens import Caller, Role

Require = Callable[[Role], Callable[..., Caller]]
"""Makes the dependency that lets a role in."""


def build_router(
    database: Database, resources: Sequence[Resource], require: Require, told: Told | None = None
) -> APIRouter:
    """All routes below /api/v1. Reading asks for what the app asks for; actions ask for an operator.

    `told`: what warnings and schedules go by; without it there are no warnings.
    """
    operator = require(Role.OPERATOR)
    caches = {resource.name: resource.cache for resource in resources}
    router = APIRouter(dependencies=[Depends(only_known)])
    router.include_router(products.router(database, caches["product"]))
    router.include_router(skus.router(database))
    router.include_router(levels.router(database, caches["inventory"]))
    router.include_router(deliveries.router(database, operator))
    router.include_router(cache.router(database, resources))
    router.include_router(changes.router(database))
    router.include_router(failures.router(database, resources, operator))
    router.include_router(runs.router(database, operator))
    router.include_router(drift.router(database, operator))
    router.include_router(schedules.router(database, resources, told))
    router.include_router(status.router(database, resources, told))
    return router
