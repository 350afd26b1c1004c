"""JSON in and out of the control API: a body enters as a checked form; answers and errors leave as JSON.

What never happens here: a body in an error's text (it may hold a secret).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shopify_simulator.shop.levels import UnknownLevel
from shopify_simulator.shop.locations import UnknownLocation
from shopify_simulator.shop.shop import UnknownProduct
from shopify_simulator.shop.storeroom import UnknownItem

Form = TypeVar("Form", bound=msgspec.Struct)


class NotThere(LookupError):
    """What the address names is not there."""


def answer(content: Any, status: int = 200) -> Response:
    """Any JSON-able content; instants are written by msgspec, in RFC 3339."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")


async def read(request: Request, form: type[Form]) -> Form:
    """The body as that form; no body is an empty object. Raises msgspec.DecodeError."""
    return msgspec.json.decode(await request.body() or b"{}", type=form)


def _refuse(status: int) -> Callable[[Request, Exception], Response]:
    def refuse(_request: Request, error: Exception) -> Response:
        return answer({"error": str(error)}, status)

    return refuse


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer({"error": f"{error.detail}: {request.method} {request.url.path}"}, error.status_code)


ERRORS: Final[Mapping[Any, Callable[[Request, Exception], Response]]] = {
    HTTPException: _http_error,
    NotThere: _refuse(404),
    UnknownItem: _refuse(404),
    UnknownLevel: _refuse(404),
    UnknownLocation: _refuse(404),
    UnknownProduct: _refuse(404),
    # A body of the wrong form, Shopify's refusals, values out of their range: whoever asks has asked wrongly.
    ValueError: _refuse(400),
}
"""What a handler may raise, and what the asker gets then."""
