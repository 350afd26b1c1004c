"""GET /runs, one of them, and asking for one; cancelling and resuming."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from backroom.db.database import Database, Transaction
from backroom.jobs.reconciling import RECONCILE, new_reconcile
from backroom.jobs.requests import NewRun, RunRefused, cancel_run, queue_run, resume_run
from backroom.jobs.runs import PLACE_WIDTH, Run, RunFilter, State, read_run, read_runs
from backroom.jobs.syncs import new_sync, shops_to_sync, since_of
from backroom.resources.registry import BY_PLURAL
from backroom.shops.shops import Shop
from backroom.vocabulary.errors import Misuse
from backroom.vocabulary.ids import GREATEST_ID
from backroom.vocabulary.pages import Page, place_of
from backroom.web.api.asked import (
    NO_NUL,
    USUAL,
    Cursor,
    JsonRoute,
    Limit,
    Operator,
    ShopDomain,
    answer,
    conflicts,
    domain_of,
)
from backroom.web.tokens import Caller

RunNumber = Annotated[int, Path(ge=1, le=GREATEST_ID)]


class Wanted(BaseModel):
    """What to run. `shop` may be left out where there is one shop only.

    `full` and `since` are a sync's; `repair` is a reconcile's, which changes nothing without it.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["sync", "reconcile"]
    resource: Annotated[str, Field(max_length=60, description=f"one of {', '.join(BY_PLURAL)}")]
    shop: Annotated[str | None, Field(max_length=255, pattern=NO_NUL)] = None
    full: bool = False
    since: Annotated[
        str | None, Field(max_length=60, description="2026-11-28T09:00:00Z, or how long ago: 90m, 36h, 7d")
    ] = None
    repair: bool = False


def router(database: Database, operator: Operator) -> APIRouter:
    """Routes over runs."""
    routes = APIRouter(prefix="/runs", tags=["runs"], route_class=JsonRoute)

    @routes.get("", response_model=Page[Run])
    def list_runs(
        shop: ShopDomain = None,
        state: Annotated[State | None, Query()] = None,
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Response:
        """Runs, newest first."""
        wanted = RunFilter(shop=domain_of(shop), state=state)
        place = place_of(cursor, PLACE_WIDTH)
        with database.reading() as transaction:
            page = read_runs(transaction, wanted, place, limit)
        return answer(page)

    @routes.post("", response_model=Run)
    def begin_run(wanted: Wanted, caller: Annotated[Caller, Depends(operator)]) -> Response:
        """Queue a run. 409 where one of this shop and resource is queued or running already."""
        if wanted.resource not in BY_PLURAL:
            raise Misuse(f"no such resource: {wanted.resource} (there are {', '.join(BY_PLURAL)})")
        with conflicts(RunRefused), database.writing() as transaction:
            shops = shops_to_sync(transaction, wanted.shop)
            if len(shops) > 1:
                raise Misuse("there are several shops: say which one")
            new = _new(transaction, shops[0], wanted, f"token {caller.name}")
            queued = read_run(transaction, queue_run(transaction, new))
        return answer(queued)

    @routes.get("/{run_id}", response_model=Run)
    def show_run(run_id: RunNumber) -> Response:
        """One run: how far it is, and why it ended."""
        with database.reading() as transaction:
            found = read_run(transaction, run_id)
        return answer(found)

    @routes.post("/{run_id}/cancel", response_model=Run, dependencies=[Depends(operator)])
    def cancel(run_id: RunNumber) -> Response:
        """Cancel it: at once where it waits, else before its next chunk. 409 where it is over."""
        with conflicts(RunRefused), database.writing() as transaction:
            cancel_run(transaction, run_id)
            found = read_run(transaction, run_id)
        return answer(found)

    @routes.post("/{run_id}/resume", response_model=Run, dependencies=[Depends(operator)])
    def resume(run_id: RunNumber) -> Response:
        """Go on with a failed or cancelled run where it was. 409 where it is neither."""
        with conflicts(RunRefused), database.writing() as transaction:
            resume_run(transaction, run_id)
            found = read_run(transaction, run_id)
        return answer(found)

    return routes


def _new(transaction: Transaction, shop: Shop, wanted: Wanted, requested_by: str) -> NewRun:
    """Raises Misuse where what was asked belongs to another kind."""
    if wanted.kind == RECONCILE:
        if wanted.full or wanted.since is not None:
            raise Misuse("a reconcile compares everything: leave out full and since")
        return new_reconcile(
            transaction, shop, wanted.resource, repair=wanted.repair, requested_by=requested_by
        )
    if wanted.repair:
        raise Misuse("a sync repairs nothing: ask for a reconcile, or leave out repair")
    since = None if wanted.since is None else since_of(wanted.since, transaction.now())
    return new_sync(
        transaction, shop, wanted.resource, full=wanted.full, since=since, requested_by=requested_by
    )
