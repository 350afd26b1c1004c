"""GET /failures, and what people do about them: retry, discard."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from backroom.db.database import Database
from backroom.flow.failures import Failure, discard, read_failures, retry
from backroom.resources.descriptor import Resource
from backroom.vocabulary.pages import Page, place_of
from backroom.web.api.asked import NO_NUL, USUAL, Cursor, Limit, Operator, ShopDomain, answer, domain_of

FailureId = Annotated[str, Path(pattern=NO_NUL, description="like delivery:12 or product:34")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """How many rows this was done to: one id may stand for rows of several shops."""

    rows: int


def router(database: Database, resources: Sequence[Resource], operator: Operator) -> APIRouter:
    """Routes over what is parked or dead."""
    routes = APIRouter(prefix="/failures", tags=["failures"])

    @routes.get("", response_model=Page[Failure])
    def list_failures(limit: Limit = USUAL, cursor: Cursor = None) -> Response:
        """What waits for a retry or was given up, with its reason."""
        place = place_of(cursor, None)
        with database.reading() as transaction:
            page = read_failures(transaction, resources, place, limit)
        return answer(page)

    @routes.post("/{failure_id}/retry", response_model=Acted, dependencies=[Depends(operator)])
    def retry_failure(failure_id: FailureId, shop: ShopDomain = None) -> Response:
        """Try it again now, with all its attempts before it."""
        return answer(Acted(rows=retry(database, resources, [failure_id], domain_of(shop))))

    @routes.post("/{failure_id}/discard", response_model=Acted, dependencies=[Depends(operator)])
    def discard_failure(failure_id: FailureId, shop: ShopDomain = None) -> Response:
        """Give it up for good; a newer body is processed as ever."""
        return answer(Acted(rows=discard(database, resources, [failure_id], domain_of(shop))))

    return routes
