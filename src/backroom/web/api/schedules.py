"""GET /schedules."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from backroom.db.database import Database
from backroom.jobs.scheduled import Scheduled, read_scheduled
from backroom.jobs.warnings import Told
from backroom.resources.descriptor import Resource
from backroom.web.api.asked import ShopDomain, answer, domain_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedules:
    """All of them: a shop has one a kind."""

    items: list[Scheduled]


def router(database: Database, resources: Sequence[Resource], told: Told | None) -> APIRouter:
    """The one route over schedules. People change them with the command."""
    routes = APIRouter(tags=["schedules"])
    plurals = frozenset(resource.plural for resource in resources)
    public_url = None if told is None else told.public_url

    @routes.get("/schedules", response_model=Schedules)
    def list_schedules(shop: ShopDomain = None) -> Response:
        """Which runs begin by themselves, shop by shop: how often, when next, and how the last one went."""
        with database.reading() as transaction:
            found = read_scheduled(transaction, plurals, public_url, domain_of(shop))
        return answer(Schedules(items=found))

    return routes
