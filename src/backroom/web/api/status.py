"""GET /status."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from backroom.db.database import Database
from backroom.flow.status import Status, read_status
from backroom.resources.descriptor import Resource
from backroom.web.api.asked import answer


def router(database: Database, resources: Sequence[Resource]) -> APIRouter:
    """The one route over all numbers."""
    routes = APIRouter(tags=["status"])

    @routes.get("/status", response_model=Status)
    def show_status() -> Response:
        """What waits, what is parked, what was given up; all from one snapshot."""
        with database.reading() as transaction:
            found = read_status(transaction, resources)
        return answer(found)

    return routes
