"""Who may come in: a bearer token for everything but the webhook's door and the health pages.

`Doorkeeper.require(role)` is the one FastAPI dependency; an address that does not exist asks for a token
too, so that nobody without one learns which do. Webhooks have their own proof, the signature.
"""

from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any, Final

from fastapi import HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backroom.db.database import Database
from backroom.vocabulary.errors import Transient
from backroom.web.tokens import Caller, Role, note_use, recognise

_BEARER: Final = HTTPBearer(auto_error=False, description="A token from `backroom token create`")
_API_HEADERS: Final = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


class Doorkeeper:
    """Recognises tokens. Its functions are synchronous: FastAPI runs them in threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def require(self, role: Role) -> Callable[..., Caller]:
        """A dependency that lets callers of this role (or a higher one) in: 401 without, 403 below."""

        def caller(
            request: Request, credentials: HTTPAuthorizationCredentials | None = Security(_BEARER)
        ) -> Caller:
            known = self.recognise(credentials.credentials if credentials else None)
            if not known.role.covers(role):
                raise HTTPException(403, f"this needs the role {role.value}")
            request.state.caller = known
            return known

        return caller

    def recognise(self, token: str | None) -> Caller:
        """Raises HTTPException 401, the same for no token, a wrong one and a revoked one."""
        caller = None
        if token is not None:
            with self._database.reading() as transaction:
                caller = recognise(transaction, token)
        if caller is None:
            raise HTTPException(401, "a valid token is needed", {"WWW-Authenticate": "Bearer"})
        if caller.use_is_due:
            self._note_use(caller)
        return caller

    def _note_use(self, caller: Caller) -> None:
        # A statistic: a busy writer is no reason to keep anybody waiting, the next request tries again.
        with suppress(Transient), self._database.writing(wait_seconds=0) as transaction:
            note_use(transaction, caller)


def bearer_of(request: Request) -> str | None:
    """The token that a request carries, without FastAPI's dependencies."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


class ApiHeaders:
    """Middleware: answers are not to be sniffed or cached. The webhook's door lies before it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_missing(message)
            await send(message)

        return await self._app(scope, receive, send_with_headers)


def _add_missing(message: MutableMapping[str, Any]) -> None:
    headers = list(message.get("headers", ()))
    present = {name.lower() for name, _ in headers}
    message["headers"] = headers + [pair for pair in _API_HEADERS if pair[0] not in present]
