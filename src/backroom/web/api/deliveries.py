"""GET /deliveries, one of them with its body, and its replay."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from backroom.db.database import Database
from backroom.ingress.deliveries import (
    PLACE_WIDTH,
    DeliveryDetail,
    DeliveryFilter,
    DeliverySummary,
    Outcome,
    State,
    read_deliveries,
    read_delivery,
    replay,
)
from backroom.vocabulary.pages import Page, place_of
from backroom.web.api.asked import (
    USUAL,
    Cursor,
    DeliveryNumber,
    Limit,
    Operator,
    ShopDomain,
    Text,
    answer,
    domain_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How many deliveries are pending again."""

    replayed: int


def router(database: Database, operator: Operator) -> APIRouter:
    """Routes over the inbox and its history."""
    routes = APIRouter(prefix="/deliveries", tags=["deliveries"])

    @routes.get("", response_model=Page[DeliverySummary])
    def list_deliveries(
        topic: Text = None,
        state: Annotated[State | None, Query()] = None,
        outcome: Annotated[Outcome | None, Query()] = None,
        shop: ShopDomain = None,
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Response:
        """Deliveries without their bodies, newest first."""
        wanted = DeliveryFilter(topic=topic, state=state, outcome=outcome, shop=domain_of(shop))
        place = place_of(cursor, PLACE_WIDTH)
        with database.reading() as transaction:
            page = read_deliveries(transaction, wanted, place, limit)
        return answer(page)

    @routes.get("/{delivery_id}", response_model=DeliveryDetail)
    def show_delivery(delivery_id: DeliveryNumber) -> Response:
        """One delivery as it was received."""
        with database.reading() as transaction:
            found = read_delivery(transaction, delivery_id)
        return answer(found)

    @routes.post("/{delivery_id}/replay", response_model=Replayed, dependencies=[Depends(operator)])
    def replay_delivery(delivery_id: DeliveryNumber) -> Response:
        """Sort a delivery once more. An older version than the one that is held changes nothing."""
        with database.writing() as transaction:
            replayed = replay(transaction, [delivery_id])
        return answer(Replayed(replayed=replayed))

    return routes
