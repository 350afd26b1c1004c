"""What callers may ask with, and how answers leave: the parameters that several routes share."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import HTTPException, Path, Query
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from backroom.vocabulary.errors import BackroomError, Misuse
from backroom.vocabulary.ids import GREATEST_ID
from backroom.vocabulary.pages import LARGEST_LIMIT, USUAL_LIMIT
from backroom.vocabulary.shown import json_text
from backroom.web.tokens import Caller

NO_NUL = r"^[^\x00]*$"
"""No text in either database holds a NUL, and PostgreSQL refuses to be asked for one."""

Text = Annotated[str | None, Query(max_length=255, pattern=NO_NUL)]
ShopDomain = Annotated[
    str | None,
    Query(max_length=255, pattern=NO_NUL, description="a shop's domain, like example.myshopify.com"),
]
ShopifyId = Annotated[int | None, Query(ge=1, le=GREATEST_ID)]
DeliveryNumber = Annotated[int, Path(ge=1, le=GREATEST_ID)]
Flag = Annotated[bool | None, Query()]
Limit = Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="rows a page")]
Cursor = Annotated[
    str | None, Query(max_length=400, pattern=r"^[A-Za-z0-9_-]*$", description="`next` of the page before")
]
USUAL = USUAL_LIMIT
Operator = Callable[..., Caller]
"""The dependency that lets operators in."""


class JsonRoute(APIRoute):
    """Its body is JSON, whatever the request calls it: `curl -d` says that it is a form.

    Bearer tokens travel in a header that no foreign web page can send, so nothing hangs on the type.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_json(request: Request) -> Response:
            others = [each for each in request.scope["headers"] if each[0] != b"content-type"]
            # In place: a copied scope would lose what the doorkeeper notes of the caller.
            request.scope["headers"] = [*others, (b"content-type", b"application/json")]
            return await handle(request)

        return handle_json


def only_known(request: Request) -> None:
    """Refuses parameters that a route does not know: a misspelt filter would silently show everything."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute):
        known = {parameter.alias for parameter in route.dependant.query_params}
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            raise Misuse(f"no such parameter: {unknown[0][:60]!r} (there are {', '.join(sorted(known))})")


def answer(value: Any) -> Response:
    """A read model as JSON. The models are typed already: FastAPI need not check each row once more."""
    return Response(json_text(value), media_type="application/json")


def domain_of(shop: str | None) -> str | None:
    """Domains are kept in small letters."""
    return None if shop is None else shop.strip().lower()


@contextmanager
def conflicts(*kinds: type[BackroomError]) -> Iterator[None]:
    """What the state of a thing forbids is a 409, in the refusal's own words."""
    try:
        yield
    except kinds as error:
        raise HTTPException(409, str(error)) from None
