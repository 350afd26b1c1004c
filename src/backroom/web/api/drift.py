"""GET /drift, one finding, and what people do about it: repair, ignore, reopen."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from backroom.db.database import Database
from backroom.drift.decisions import FindingSettled, chosen, ignore_findings, reopen_findings
from backroom.drift.findings import (
    PLACE_WIDTH,
    Finding,
    FindingFilter,
    Kind,
    Leg,
    State,
    read_finding,
    read_findings,
)
from backroom.jobs.reconciling import new_repair
from backroom.jobs.requests import RunRefused, queue_run
from backroom.jobs.runs import Run, read_run
from backroom.vocabulary.ids import GREATEST_ID
from backroom.vocabulary.pages import Page, place_of
from backroom.web.api.asked import (
    USUAL,
    Cursor,
    Limit,
    Operator,
    ShopDomain,
    Text,
    answer,
    conflicts,
    domain_of,
)
from backroom.web.tokens import Caller

FindingNumber = Annotated[int, Path(ge=1, le=GREATEST_ID)]


def router(database: Database, operator: Operator) -> APIRouter:
    """Routes over the ledger of drift."""
    routes = APIRouter(prefix="/drift", tags=["drift"])

    @routes.get("", response_model=Page[Finding])
    def list_findings(
        shop: ShopDomain = None,
        state: Annotated[State | None, Query()] = None,
        kind: Annotated[Kind | None, Query()] = None,
        leg: Annotated[Leg | None, Query()] = None,
        resource: Text = None,
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Response:
        """Findings, newest first, in all states unless one is named."""
        wanted = FindingFilter(shop=domain_of(shop), state=state, kind=kind, leg=leg, resource=resource)
        place = place_of(cursor, PLACE_WIDTH)
        with database.reading() as transaction:
            page = read_findings(transaction, wanted, place, limit)
        return answer(page)

    @routes.get("/{finding_id}", response_model=Finding)
    def show_finding(finding_id: FindingNumber) -> Response:
        """One finding: what differs, since when, and what became of it."""
        with database.reading() as transaction:
            found = read_finding(transaction, finding_id)
        return answer(found)

    @routes.post("/{finding_id}/repair", response_model=Run)
    def repair(finding_id: FindingNumber, caller: Annotated[Caller, Depends(operator)]) -> Response:
        """Queue a run that mends it. 409 where it is not open, or a reconcile of its shop is active."""
        with conflicts(RunRefused, FindingSettled), database.writing() as transaction:
            (group,) = chosen(transaction, [finding_id])
            asked_by = f"token {caller.name}"
            new = new_repair(transaction, group.shop_id, group.resource, group.finding_ids, asked_by)
            queued = read_run(transaction, queue_run(transaction, new))
        return answer(queued)

    @routes.post("/{finding_id}/ignore", response_model=Finding, dependencies=[Depends(operator)])
    def ignore(finding_id: FindingNumber) -> Response:
        """Leave it alone for as long as it differs as it does now. 409 where it is over."""
        with conflicts(FindingSettled), database.writing() as transaction:
            ignore_findings(transaction, [finding_id])
            found = read_finding(transaction, finding_id)
        return answer(found)

    @routes.post("/{finding_id}/reopen", response_model=Finding, dependencies=[Depends(operator)])
    def reopen(finding_id: FindingNumber) -> Response:
        """Look at an ignored one again. 409 where it is over."""
        with conflicts(FindingSettled), database.writing() as transaction:
            reopen_findings(transaction, [finding_id])
            found = read_finding(transaction, finding_id)
        return answer(found)

    return routes
