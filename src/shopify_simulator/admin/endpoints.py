"""The Admin API over HTTP: GraphQL, token grants, and the files of bulk operations, with all that goes wrong.

Requests enter, Shopify's answers leave: a throttled one is a 200, and a token is asked for by GraphQL alone.
What never happens here: a token in a log or an error.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from shopify_simulator.admin.admin import Admin
from shopify_simulator.admin.engine import Question
from shopify_simulator.admin.tokens import GrantRefused
from shopify_simulator.admin.versions import answering

PIECE: Final = 1 << 18
PIECES_OF_SLOW: Final = 10

STATUSES: Final = {
    "unauthorized": (401, "[API] Invalid API key or access token (unrecognized login or wrong password)"),
    "frozen": (402, "Unavailable Shop"),
    "forbidden": (403, "[API] This action requires merchant approval for read_products scope."),
    "gone": (404, "Not Found"),
    "locked": (423, "This shop is unavailable"),
    "too_many": (429, "Exceeded 2 calls per second for api client. Reduce request rates to resume."),
    "error": (503, "Service Unavailable"),
}
"""The faults that are HTTP statuses, and what the body says. 402, 404 and 423 are not checked by a source."""

ERROR_PAGE: Final = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body></body></html>"


class _Body(msgspec.Struct):
    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 (Shopify's name)


def endpoints_of(admin: Admin) -> list[Route]:
    """The routes; `{version}` may be any text."""
    api = _Endpoints(admin)
    return [
        Route("/admin/api/{version}/graphql.json", _Breakable(api.graphql), methods=["POST"]),
        Route("/admin/oauth/access_token", _Breakable(api.grant), methods=["POST"]),
        Route("/bulk/{key}.jsonl", _Breakable(api.download), methods=["GET", "HEAD"]),
    ]


class ConnectionBroken(Exception):
    """The connection is to end without (the rest of) an answer."""


class _Breakable:
    """An ASGI app around a handler, which can break the connection off: no response does that."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._handler(Request(scope, receive))
            await response(scope, receive, send)
        except ConnectionBroken:
            # uvicorn's own object behind `receive` holds the socket; ASGI itself knows no way to drop it.
            transport = getattr(getattr(receive, "__self__", None), "transport", None)
            if transport is None:
                raise
            transport.abort()
            # Until uvicorn noticed: it would complain of an answer that was not completed.
            while (await receive())["type"] != "http.disconnect":
                pass


class _Endpoints:
    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def graphql(self, request: Request) -> Response:
        admin = self._admin
        admin.ledger.asked()
        fault = admin.mishaps.draw("request")
        if (shop := admin.mishaps.faults.shop) != "open":
            fault = shop
        body = await request.body()
        if (refused := await self._refused(request, fault)) is not None:
            admin.ledger.count("failed_by_fault" if fault is not None else "refused")
            return self._dressed(request, refused)
        try:
            asked = msgspec.json.decode(body, type=_Body)
        except msgspec.DecodeError:
            return self._dressed(request, _errors(400, "Required parameter missing or invalid"))
        question = Question(
            query=asked.query, variables=asked.variables or {}, operation_name=asked.operationName
        )
        answer = await run_in_threadpool(admin.answer, question, _base(request), fault)
        return self._dressed(request, await self._sent(msgspec.json.encode(answer), fault))

    def _dressed(self, request: Request, response: Response) -> Response:
        """With the headers that all answers have."""
        version = answering(request.path_params["version"], self._admin.versions)
        response.headers["x-shopify-api-version"] = version
        response.headers["x-request-id"] = str(uuid.uuid4())
        return response

    async def _refused(self, request: Request, fault: str | None) -> Response | None:
        """The answer to what never reaches GraphQL."""
        if fault == "reset":
            raise ConnectionBroken
        if fault == "hang":
            await asyncio.sleep(self._admin.mishaps.faults.hang_seconds)
            return _errors(504, "Gateway Timeout")
        if fault == "error_page":
            return Response(ERROR_PAGE, 502, media_type="text/html")
        if fault in STATUSES:
            return _errors(*STATUSES[fault])
        if not self._admin.tokens.knows(request.headers.get("x-shopify-access-token", "")):
            return _errors(*STATUSES["unauthorized"])
        if fault == "inactive":
            return _coded("SHOP_INACTIVE", "This shop is inactive")
        if fault == "internal":
            return _coded(
                "INTERNAL_SERVER_ERROR", "Internal error. Looks like something went wrong on our end."
            )
        return None

    async def _sent(self, body: bytes, fault: str | None) -> Response:
        if fault == "slow":
            self._admin.ledger.count("failed_by_fault")
            return _streamed(_trickle(body, self._admin.mishaps.faults.slow_seconds), len(body))
        if fault == "cut":
            self._admin.ledger.count("failed_by_fault")
            return _streamed(_broken(body[: self._admin.mishaps.place(len(body))]), len(body))
        return Response(body, media_type="application/json")

    async def grant(self, request: Request) -> Response:
        fault = self._admin.mishaps.draw("grant")
        if fault == "reset":
            raise ConnectionBroken
        if fault == "hang":
            await asyncio.sleep(self._admin.mishaps.faults.hang_seconds)
            return _errors(504, "Gateway Timeout")
        if fault == "error":
            return _errors(*STATUSES["error"])
        try:
            if fault == "refused":
                raise GrantRefused(401, "invalid_client", "The client's id or secret is wrong")
            granted = self._admin.tokens.grant(await _form(request))
        except GrantRefused as refused:
            self._admin.ledger.count("grants_refused")
            return _json({"error": refused.code, "error_description": str(refused)}, refused.status)
        self._admin.ledger.count("grants")
        return _json(granted)

    async def download(self, request: Request) -> Response:
        admin = self._admin
        admin.ledger.count("downloads")
        fault = admin.mishaps.draw("download")
        if fault == "reset":
            raise ConnectionBroken
        if fault == "hang":
            await asyncio.sleep(admin.mishaps.faults.hang_seconds)
            return _errors(504, "Gateway Timeout")
        if fault == "error":
            return Response(ERROR_PAGE, 503, media_type="text/html")
        asked = request.query_params
        found = admin.file_of(
            request.path_params["key"], asked.get("Expires", ""), asked.get("Signature", "")
        )
        if found is None or fault == "expired":
            return Response(_EXPIRED, 403, media_type="application/xml")
        return self._file(request, found.file, fault)

    def _file(self, request: Request, file: Path, fault: str | None) -> Response:
        """The file, or the rest of it that `Range` names."""
        size = file.stat().st_size
        start = _start_of(request.headers.get("range", ""))
        if start >= size > 0:
            return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
        pieces = _pieces(file, start, size)
        if fault == "cut":
            pieces = _broken_pieces(pieces, self._admin.mishaps.place(size - start))
        elif fault == "slow":
            pieces = _slowly(pieces, self._admin.mishaps.faults.slow_seconds)
        headers = {"content-length": str(size - start), "accept-ranges": "bytes"}
        if start:
            headers["content-range"] = f"bytes {start}-{size - 1}/{size}"
        if request.method == "HEAD":
            return Response(headers=headers, media_type="application/jsonl")
        return StreamingResponse(pieces, 206 if start else 200, headers, media_type="application/jsonl")


_EXPIRED: Final = b"<?xml version='1.0'?><Error><Code>ExpiredToken</Code></Error>"


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def _errors(status: int, message: str) -> Response:
    response = _json({"errors": message}, status)
    if status == 429:
        response.headers["retry-after"] = "1.0"  # a float, as Shopify writes it
    return response


def _coded(code: str, message: str) -> Response:
    """An error with a code, in a 200."""
    extensions = {"code": code, "requestId": str(uuid.uuid4())}
    return _json({"errors": [{"message": message, "extensions": extensions}]})


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


async def _form(request: Request) -> dict[str, str]:
    """The fields of a grant, JSON or form."""
    body = await request.body()
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return msgspec.json.decode(body, type=dict[str, str])
        return dict(parse_qsl(body.decode()))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise GrantRefused(400, "invalid_request", "The body is neither a form nor JSON") from None


def _start_of(text: str) -> int:
    """`bytes=100-` -> 100; anything else is the whole file."""
    unit, _, rest = text.partition("=")
    first, dash, last = rest.partition("-")
    return int(first) if unit == "bytes" and dash and first.isdecimal() and not last else 0


def _streamed(pieces: AsyncIterator[bytes], size: int) -> Response:
    return StreamingResponse(pieces, headers={"content-length": str(size)}, media_type="application/json")


async def _pieces(file: Path, start: int, size: int) -> AsyncIterator[bytes]:
    """Opened for each piece anew: a generator that is broken off closes nothing at once."""

    def read(start: int) -> bytes:
        with file.open("rb") as opened:
            opened.seek(start)
            return opened.read(min(PIECE, size - start))

    while start < size and (piece := await run_in_threadpool(read, start)):
        start += len(piece)
        yield piece


async def _broken(body: bytes) -> AsyncIterator[bytes]:
    yield body
    raise ConnectionBroken


async def _broken_pieces(pieces: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """So many bytes, then no more."""
    async for piece in pieces:
        if len(piece) >= size:
            yield piece[:size]
            break
        size -= len(piece)
        yield piece
    raise ConnectionBroken


async def _trickle(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    step = -(-len(body) // PIECES_OF_SLOW)
    for start in range(0, len(body), step):
        await asyncio.sleep(seconds / PIECES_OF_SLOW)
        yield body[start : start + step]


async def _slowly(pieces: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    async for piece in pieces:
        await asyncio.sleep(seconds / PIECES_OF_SLOW)
        yield piece
