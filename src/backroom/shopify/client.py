"""One question to one shop's Admin GraphQL API, and its answer: tokens, throttle, patience.

A document with its variables enters; an `Answer` leaves, or an error of `vocabulary/errors` whose message
says what to do. What never happens here: data handed on beside errors, or a mutation sent twice where the
first one may have arrived.
Source: shopify.dev/docs/api/usage/response-codes, .../limits (2026-10).
"""

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

import httpx
import msgspec

from backroom.observe.log import get_log
from backroom.shopify.answers import (
    Answer,
    Objection,
    Read,
    Unintelligible,
    read_answer,
    refusal,
    token_refused,
)
from backroom.shopify.patience import Patience, Timing
from backroom.shopify.posting import Failed, Poster, Shop, unreachable
from backroom.shopify.throttle import Kind, Throttle
from backroom.vocabulary.errors import MaxCostExceeded, Throttled, TokenRefused


class Tokens(Protocol):
    """Where a shop's access token comes from."""

    def token(self) -> str:
        """One that is good now. Raises Refused or Transient."""
        ...

    def renew(self, refused: str) -> bool:
        """Whether `token` will now give another one than the one that was refused."""
        ...

    @property
    def are_granted(self) -> bool:
        """Whether the one at hand was granted for the app's client id and secret."""
        ...


class Client:
    """The door to one shop. One per shop and process; threads share it."""

    def __init__(
        self,
        http: httpx.Client,
        shop: Shop,
        tokens: Tokens,
        *,
        patience: Patience | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.http = http
        self.shop = shop
        self._tokens = tokens
        self._patience = patience or Patience()
        self._timing = timing or Timing()
        self._throttle = Throttle(self._timing.monotonic, self._timing.sleep)
        self._poster = Poster(http, shop, self._timing)
        self._log = get_log("shopify").bind(shop=shop.domain)
        self._sizes: dict[str, int] = {}
        self._sizes_lock = threading.Lock()

    def ask(
        self, document: str, variables: Mapping[str, Any] | None = None, *, repeatable: bool | None = None
    ) -> Answer:
        """The answer to one document.

        Raises Unreachable, Throttled, MaxCostExceeded, or one of Refused. `repeatable`: whether it may be
        sent again though Shopify may have acted on it; queries may, mutations may not unless it is said.
        """
        body = msgspec.json.encode({"query": document, "variables": dict(variables or {})})
        if repeatable is None:
            repeatable = not document.lstrip().startswith("mutation")
        return self._asked(body, Kind.of(document, variables or {}), repeatable)

    def page_size(self, document: str, wanted: int) -> int:
        """`wanted`, or what is known to fit the shop's limit for one query."""
        with self._sizes_lock:
            return min(wanted, self._sizes.get(document, wanted))

    def shrink(self, document: str, size: int) -> None:
        """Remembers that a page of this document may have `size` at most."""
        with self._sizes_lock:
            self._sizes[document] = min(size, self._sizes.get(document, size))

    def _asked(self, body: bytes, kind: Kind, repeatable: bool) -> Answer:
        began = self._timing.monotonic()
        failures = waits = 0
        while True:
            try:
                read, version = self._tried(body, kind)
            except Failed as error:
                failures += 1
                self._wait_after(error, failures, began, repeatable)
                continue
            if not read.objections and read.data is not None:
                return Answer(data=read.data, cost=read.cost, version=version)
            if (throttled := read.objects("THROTTLED")) is not None:
                waits += 1
                self._wait_for_points(kind, throttled, waits, began)
            elif (internal := read.objects("INTERNAL_SERVER_ERROR")) is not None:
                failures += 1
                self._wait_after(_internal(internal), failures, began, repeatable)
            elif (costly := read.objects("MAX_COST_EXCEEDED")) is not None:
                raise _too_costly(costly, read)
            else:
                raise refusal(read.objections, self.shop.domain)

    def _tried(self, body: bytes, kind: Kind) -> tuple[Read, str | None]:
        """One try, or two where the first one's token was refused and there is another."""
        token = self._tokens.token()
        try:
            return self._sent(body, kind, token)
        except TokenRefused:
            if not self._tokens.renew(token):
                raise
            self._log.info("token.renewed")
            return self._sent(body, kind, self._tokens.token())

    def _sent(self, body: bytes, kind: Kind, token: str) -> tuple[Read, str | None]:
        points = self._throttle.enter(kind)
        read = None
        try:
            posted = self._poster.post(body, token)
            read = read_answer(posted.body)
            return read, posted.version
        except TokenRefused as error:
            raise token_refused(self.shop.domain, granted=self._tokens.are_granted) from error
        except Unintelligible as error:
            raise Failed(str(error), sent=True) from error
        finally:
            self._throttle.leave(kind, points, read.cost if read else None)

    def _wait_after(self, failed: Failed, failures: int, began: float, repeatable: bool) -> None:
        """Sleeps until the next try. Raises Unreachable where there is none."""
        pause = failed.pause_seconds
        if pause is None:
            pause = self._patience.pause(failures - 1, self._timing.random)
        over = self._timing.monotonic() + pause - began > self._patience.within_seconds
        ambiguous = failed.sent and not repeatable
        if over or ambiguous or failures >= self._patience.tries:
            raise unreachable(self.shop.domain, self.shop.base_url, str(failed)) from failed
        self._log.info(
            "question.repeated", reason=str(failed), failures=failures, pause_seconds=round(pause, 3)
        )
        self._timing.sleep(pause)

    def _wait_for_points(self, kind: Kind, throttled: Objection, waits: int, began: float) -> None:
        """After THROTTLED: the throttle knows how long, or else longer each time."""
        waited = self._timing.monotonic() - began
        if waited > self._patience.throttled_seconds:
            raise Throttled(self._timing.clock.now() + timedelta(seconds=self._patience.longest_seconds))
        self._log.info("question.throttled", waits=waits, reason=throttled.message[:80])
        if not self._throttle.knows(kind) or waits > 1:
            # Others drink from the same bucket: who was throttled in spite of the arithmetic steps back.
            self._timing.sleep(max(0.05, self._patience.pause(waits, self._timing.random)))


def _internal(objection: Objection) -> Failed:
    request = str(objection.details.get("requestId") or "unknown")[:80]
    return Failed(f"it reports an internal error (request {request})", sent=True)


def _too_costly(objection: Objection, read: Read) -> MaxCostExceeded:
    cost, limit = objection.details.get("cost"), objection.details.get("maxCost")
    requested = read.cost.requested if read.cost else None
    return MaxCostExceeded(
        cost if isinstance(cost, int | float) else requested,
        limit if isinstance(limit, int | float) else None,
    )
