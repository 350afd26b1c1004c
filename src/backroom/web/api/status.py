"""GET /status."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from fastapi import APIRouter
from starlette.responses import Response

from backroom.db.database import Database
from backroom.drift.findings import count_open
from backroom.erp.lone_levels import count_lone_levels
from backroom.flow.status import Status, read_status
from backroom.jobs.runs import count_active
from backroom.jobs.warnings import Concern, Told, read_concerns
from backroom.resources.descriptor import Resource
from backroom.web.api.asked import answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStatus(Status):
    """All numbers, and what there is to be warned of."""

    warnings: list[Concern]


def router(database: Database, resources: Sequence[Resource], told: Told | None) -> APIRouter:
    """The one route over all numbers."""
    routes = APIRouter(tags=["status"])

    @routes.get("/status", response_model=ShownStatus)
    def show_status() -> Response:
        """What waits, what is parked, what was given up, what to see to; all from one snapshot."""
        with database.reading() as transaction:
            found = read_status(
                transaction,
                resources,
                running=count_active(transaction),
                drifting=count_open(transaction),
                lone_levels=count_lone_levels(transaction),
            )
            concerns = read_concerns(transaction, told) if told else []
        numbers = {each.name: getattr(found, each.name) for each in fields(found)}
        return answer(ShownStatus(**numbers, warnings=concerns))

    return routes
