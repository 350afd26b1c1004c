"""Error answers in one form, `{"error": "..."}`, in our words: an exception's own text stays in the log."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backroom.observe.log import get_log
from backroom.vocabulary.errors import (
    Ambiguous,
    BackroomError,
    Forgotten,
    Misuse,
    ShopBusy,
    Transient,
    Unknown,
)
from backroom.web.security import Doorkeeper, bearer_of

UNKNOWN: Final = "something went wrong; the log says what"


STATUSES: Final[Mapping[type[Misuse], int]] = {Unknown: 404, Ambiguous: 409, Forgotten: 410}


class Problem(BaseModel):
    """What an answer other than 2xx carries."""

    error: str


PROBLEM_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Problem, "description": "The request contradicts itself or names something unknown"},
    401: {"model": Problem, "description": "No valid token"},
    403: {"model": Problem, "description": "The token's role is too low"},
    404: {"model": Problem, "description": "There is no such thing"},
    409: {"model": Problem, "description": "Several things have this id: say which one"},
    410: {"model": Problem, "description": "It was deleted, because it is old"},
    422: {"model": Problem, "description": "A parameter is not right"},
    503: {"model": Problem, "description": "The database can not be reached; try again"},
}


class Problems:
    """Turns every error of the app into the one form."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self._doorkeeper = doorkeeper
        self._log = get_log("web")

    def install(self, app: FastAPI) -> None:
        app.add_exception_handler(HTTPException, self._http)  # type: ignore[arg-type]
        app.add_exception_handler(RequestValidationError, self._invalid)  # type: ignore[arg-type]
        app.add_exception_handler(BackroomError, self._backroom)  # type: ignore[arg-type]
        app.add_exception_handler(Exception, self._unknown)

    async def _http(self, request: Request, error: HTTPException) -> Response:
        if error.status_code in (404, 405) and not hasattr(request.state, "caller"):
            # The router found no such address or method. Who has no token shall not learn that.
            try:
                await run_in_threadpool(self._doorkeeper.recognise, bearer_of(request))
            except HTTPException as refused:
                error = refused
            except BackroomError as away:
                return await self._backroom(request, away)
        return problem(error.status_code, str(error.detail), error.headers)

    async def _invalid(self, _request: Request, error: RequestValidationError) -> Response:
        return problem(422, "; ".join(_where(found) for found in error.errors()))

    async def _backroom(self, _request: Request, error: BackroomError) -> Response:
        if isinstance(error, Misuse):
            return problem(_status_of(error), str(error))
        self._log.error("request.failed", kind=type(error).__name__, reason=str(error))
        if isinstance(error, ShopBusy):
            return problem(503, "the shop is being worked on; try again", {"Retry-After": "1"})
        if isinstance(error, Transient):
            return problem(503, "the database can not be reached; try again", {"Retry-After": "1"})
        return problem(500, UNKNOWN)

    async def _unknown(self, _request: Request, _error: Exception) -> Response:
        # Starlette raises it again after this answer, and the server logs it with its traceback.
        return problem(500, UNKNOWN)


def problem(status: int, text: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error answer."""
    return JSONResponse({"error": text}, status, headers)


def _status_of(error: Misuse) -> int:
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 400)


def _where(found: dict[str, Any]) -> str:
    """What is wrong, and where. pydantic speaks of its models; most people who read this never saw one."""
    kind, place = found["type"], ".".join(str(part) for part in found["loc"][1:])
    if kind == "json_invalid":
        return f"the body is no JSON: {found['ctx']['error']}, at character {place}"
    if not place:
        return "the body should be a JSON object"
    match kind:
        case "extra_forbidden":
            return f"there is no {place[:60]!r} here"
        case "missing":
            return f"{place} is missing"
    return f"{place}: {found['msg']}"
