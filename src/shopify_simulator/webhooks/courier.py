"""Carries parcels to their receivers over HTTP, and tries again as Shopify does.

Parcels enter from any thread; requests leave from an event loop in a thread of its own. What never happens
here: a body or a header that differs between two attempts, a redirection that is followed, a delivery that
waits for another subscription's receiver, or for one that is gone.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from shopify_simulator.shop.subscriptions import Subscriptions
from shopify_simulator.webhooks.deliveries import Attempt, Deliveries
from shopify_simulator.webhooks.faults import Fate
from shopify_simulator.webhooks.lane import Lane
from shopify_simulator.webhooks.parcel import Parcel
from shopify_simulator.webhooks.retry import RETRY_WAITS_SECONDS, Patience

_log = logging.getLogger(__name__)


class Courier:
    """See the module. `time_scale`: Shopify's waits between attempts are so many times shorter here."""

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        subscriptions: Subscriptions,
        clock: Callable[[], datetime],
        time_scale: float = 1.0,
        patience: Patience | None = None,
    ) -> None:
        self._patience = patience or Patience()
        # Nothing from the environment: neither its certificates nor, in the lanes, its proxies.
        self._tls = httpx.create_ssl_context(trust_env=False)
        self._deliveries = deliveries
        self._subscriptions = subscriptions
        self._clock = clock
        self._waits_seconds = (0.0, *(wait / time_scale for wait in RETRY_WAITS_SECONDS))
        self._lanes: dict[int, Lane] = {}
        self._closing: dict[asyncio.Task[None], Lane] = {}
        self._state = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Returns when parcels can be carried. Once only: a stopped courier stays so."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Ends what is on its way: a parcel that has not arrived stays waiting in the record."""
        self._on_loop(self._stopping.set)
        if self._thread.ident is not None:  # else it was never started
            self._thread.join()

    def send(self, parcel: Parcel, fate: Fate) -> None:
        """Carries the parcel, and its duplicates, each at its time."""
        self._on_loop(self._take, parcel, fate)

    def flush(self) -> None:
        """Sends at once what faults hold back. Retries keep their time."""
        self._on_loop(self._flush)

    def close_lane(self, subscription_id: int) -> None:
        """The subscription is gone: what is still to be sent to it is given up."""
        self._on_loop(self._close_lane, subscription_id)

    def _on_loop(self, call: Callable[..., None], *arguments: Any) -> None:
        """Runs it on the loop; a stopped courier does nothing any more."""
        with self._state:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(call, *arguments)

    def _run(self) -> None:
        # Not `asyncio.run`: that waits for the threads that look names up, and a resolver may take its time.
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._live())
        finally:
            loop.close()

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._stopping.wait()
        with self._state:
            self._loop = None
        lanes = [*self._lanes.values(), *self._closing.values()]
        for lane in lanes:
            lane.cancel()
        for lane in lanes:
            await lane.hang_up()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _take(self, parcel: Parcel, fate: Fate) -> None:
        lane = self._lane_of(parcel.subscription_id)
        if lane is None:
            # Its subscription went between the event and now.
            for _ in range(fate.trips):
                self._give_up(parcel)
            return
        if fate.delay_seconds or fate.passed_by:
            lane.bay.hold(
                lambda: lane.begin(self._carry(parcel, lane)),
                number=parcel.number,
                passed_by=fate.passed_by,
                seconds=fate.delay_seconds or fate.passed_within_seconds,
            )
        else:
            lane.begin(self._carry(parcel, lane))
        for seconds in fate.copies_after_seconds:
            lane.bay.hold(lambda: lane.begin(self._carry(parcel, lane)), seconds=seconds)

    def _lane_of(self, subscription_id: int) -> Lane | None:
        """The way to its receiver; None where there is no such subscription."""
        lane = self._lanes.get(subscription_id)
        if lane is None and self._subscriptions.get(subscription_id) is not None:
            lane = self._lanes[subscription_id] = Lane(asyncio.get_running_loop(), self._tls)
        return lane

    def _flush(self) -> None:
        for lane in self._lanes.values():
            lane.bay.flush()

    def _close_lane(self, subscription_id: int) -> None:
        lane = self._lanes.pop(subscription_id, None)
        if lane is not None:
            lane.close()
            closing = asyncio.get_running_loop().create_task(lane.hang_up())
            self._closing[closing] = lane
            closing.add_done_callback(self._closing.pop)

    async def _carry(self, parcel: Parcel, lane: Lane) -> None:
        """One trip: attempts until one is accepted, all retries are used, or the lane is closed."""
        for wait in self._waits_seconds:
            await lane.rest(wait)
            if lane.is_closed():
                break
            async with lane.slot() as transport:
                if lane.is_closed():
                    break  # while it waited for its turn
                accepted = await self._attempt(parcel, transport)
            lane.bay.passed(parcel.number)
            if accepted:
                self._deliveries.arrived(parcel)
                return
        self._give_up(parcel)

    def _give_up(self, parcel: Parcel) -> None:
        """One of its trips comes to nothing."""
        self._deliveries.given_up(parcel)
        _log.warning(
            "delivery.given_up topic=%s resource=%s webhook_id=%s uri=%s",
            parcel.topic,
            parcel.resource_id,
            parcel.webhook_id,
            parcel.uri,
        )

    async def _attempt(self, parcel: Parcel, transport: httpx.AsyncHTTPTransport) -> bool:
        attempt = await self._request(parcel, transport)
        self._deliveries.attempted(parcel, attempt)
        if attempt.accepted:
            self._subscriptions.succeeded(parcel.subscription_id)
            return True
        ended = self._subscriptions.failed(parcel.subscription_id)
        if ended is not None:
            self._close_lane(ended.id)
            _log.warning(
                "subscription.removed id=%s topic=%s uri=%s failures=%s",
                ended.id,
                ended.topic,
                ended.uri,
                ended.failures,
            )
        return False

    async def _request(self, parcel: Parcel, transport: httpx.AsyncHTTPTransport) -> Attempt:
        at = self._clock()
        patience = self._patience
        try:
            async with asyncio.timeout(patience.total_seconds):
                # No client around the transport: it would follow, keep cookies, and cost as much again.
                request = httpx.Request(
                    "POST",
                    parcel.uri,
                    content=parcel.body,
                    headers=dict(parcel.headers),
                    extensions={"timeout": {"connect": patience.connect_seconds}},
                )
                status = await _status(transport, request)
        except httpx.ConnectTimeout:
            return Attempt(at=at, error=f"no connection within {patience.connect_seconds:g} s")
        except TimeoutError:
            return Attempt(at=at, error=f"no whole answer within {patience.total_seconds:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return Attempt(at=at, error=f"{type(error).__name__}: {error}".rstrip(": "))
        return Attempt(at=at, status=status)


async def _status(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> int:
    """The answer's status, once its body was read to the last byte. None of it is kept: it may be endless."""
    response = await transport.handle_async_request(request)
    try:
        async for _ in response.aiter_raw():
            pass
    finally:
        await response.aclose()
    return response.status_code
