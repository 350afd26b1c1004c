"""The webhook's door: one HTTP request in, one verified delivery to the inbox, its answer out.

This is the hot path, so it is plain ASGI: no Request object, no thread, nothing parsed but headers. What
never happens here: a 200 before the commit, a sender that holds up others, or a store that hangs and leaves
the sender without an answer.
"""

import asyncio
from functools import lru_cache, partial
from typing import Final

import msgspec
from starlette.types import Message, Receive, Scope, Send

from backroom.ingress.headers import DeliveryHeaders, read_headers
from backroom.ingress.receive import TOO_LARGE, Receiver, Refusal
from backroom.vocabulary.errors import BackroomError, StoreUnavailable
from backroom.web.answers import Answer, Answers
from backroom.web.body import SMALL_BYTES, BodyReader, Gone, Unfinished
from backroom.web.observer import RefusalObserver

WEBHOOKS: Final = "/api/webhooks"
LINGER_SECONDS: Final = 1.0
"""After an answer that comes before the body's end. A connection that is closed while the sender still
writes is reset, and the reset takes the answer with it."""
ANSWER_SECONDS: Final = 4.5
"""Shopify gives a delivery five seconds. One that is stored later is known when it is sent again."""
UNAVAILABLE: Final = Refusal(503, "unavailable", "it could not be stored; try again")
NOT_A_POST: Final = Refusal(405, "method_not_allowed", "webhooks are sent with POST")


class WebhookDoor:
    """An ASGI application for `POST /api/webhooks` and `POST /api/webhooks/{topic}`."""

    def __init__(
        self,
        receiver: Receiver,
        bodies: BodyReader,
        observer: RefusalObserver,
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._receiver = receiver
        self._bodies = bodies
        self._observer = observer
        self._answer_seconds = answer_seconds
        self._answers: Answers | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = read_headers(scope["headers"])
        try:
            answer = await self._answer(scope, headers, receive)
        except BackroomError as error:
            self._observer.failed(error)
            answer = error
        except Unfinished as unfinished:
            self._observer.refused(unfinished.refusal, headers)
            await _hang_up(unfinished.refusal, receive, send)
            return
        except Gone:
            return
        if isinstance(answer, Refusal):
            self._observer.refused(answer, headers)
        start, body = _rendered(UNAVAILABLE if isinstance(answer, BackroomError) else answer)
        await send(start)
        await send(body)

    async def _answer(self, scope: Scope, headers: DeliveryHeaders, receive: Receive) -> Answer | Refusal:
        if scope["method"] != "POST":
            return NOT_A_POST
        refusal = self._receiver.refuse_early(headers, scope["path"][len(WEBHOOKS) + 1 :] or None)
        if refusal is TOO_LARGE:
            raise Unfinished(refusal)
        if refusal is not None:
            return refusal
        body, held = await self._bodies.read(receive)
        try:
            loop = asyncio.get_running_loop()
            if self._answers is None:
                self._answers = Answers(loop)
            stored: asyncio.Future[Answer] = loop.create_future()
            accept = partial(self._receiver.accept, headers, body, partial(self._answers.deliver, stored))
            # The HMAC of 20 MB takes longer than a hundred small receipts.
            refusal = accept() if len(body) <= SMALL_BYTES else await loop.run_in_executor(None, accept)
        finally:
            self._bodies.release(held)
        if refusal is not None:
            return refusal
        overdue = loop.call_later(self._answer_seconds, _give_up, stored)
        try:
            return await stored
        finally:
            overdue.cancel()


def _give_up(stored: "asyncio.Future[Answer]") -> None:
    if not stored.done():
        stored.set_exception(StoreUnavailable("the store did not answer in time"))


async def _hang_up(refusal: Refusal, receive: Receive, send: Send) -> None:
    start, body = _rendered(refusal)
    await send({**start, "headers": [*start["headers"], (b"connection", b"close")]})
    await send({**body, "more_body": True})
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                pass
    except TimeoutError:
        pass
    await send({"type": "http.response.body", "body": b""})


@lru_cache(maxsize=64)
def _rendered(answer: bool | Refusal) -> tuple[Message, Message]:
    """The ASGI messages of an answer; made once for each, and never changed."""
    if isinstance(answer, Refusal):
        status, told = answer.status, {"outcome": answer.outcome, "detail": answer.detail}
    else:
        status, told = 200, {"outcome": "stored" if answer else "duplicate"}
    body = msgspec.json.encode(told)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    if status == 405:
        headers.append((b"allow", b"POST"))
    return (
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body},
    )
