"""The way to one subscription's receiver: so many at a time, what is held back, and whether it is closed.

Lives on the courier's event loop alone.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import httpx

from shopify_simulator.webhooks.holding import HoldingBay

AT_A_TIME: Final = 32
"""Requests of one subscription that are on their way together."""
KEPT_SECONDS: Final = 2.0
"""Shorter than servers keep an idle connection, or a request would now and then meet a closed one."""
_KEPT: Final = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEPT_SECONDS)


class Lane:
    """See the module. A closed lane never opens again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tls: ssl.SSLContext) -> None:
        self.bay = HoldingBay(loop)
        self._closed = asyncio.Event()
        self._trips: set[asyncio.Task[None]] = set()
        # A pool of connections looks at all of them for each request; one connection in each costs a third.
        # The last one used comes first: it is the likeliest to be still open.
        self._all = [
            httpx.AsyncHTTPTransport(verify=tls, limits=_KEPT, trust_env=False) for _ in range(AT_A_TIME)
        ]
        self._idle = list(self._all)
        # A queue would let newcomers take what was put there for somebody who waits.
        self._places = asyncio.Semaphore(AT_A_TIME)

    def is_closed(self) -> bool:
        return self._closed.is_set()

    def close(self) -> None:
        """The subscription is gone: whoever waits here waits no more."""
        self._closed.set()
        self.bay.flush()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[httpx.AsyncHTTPTransport]:
        """One of the places, with its connection; whoever asks first gets it first."""
        async with self._places:
            transport = self._idle.pop()
            try:
                yield transport
            finally:
                self._idle.append(transport)

    def begin(self, trip: Coroutine[Any, Any, None]) -> None:
        """Runs it, and keeps it from being forgotten."""
        task = asyncio.get_running_loop().create_task(trip)
        self._trips.add(task)
        task.add_done_callback(self._trips.discard)

    def cancel(self) -> None:
        """Ends every trip where it stands, and lets go of what is held back."""
        self.bay.close()
        for trip in self._trips:
            trip.cancel()

    async def hang_up(self) -> None:
        """Ends all connections, once the last trip has ended."""
        await asyncio.gather(*self._trips, return_exceptions=True)
        for transport in self._all:
            await transport.aclose()

    async def rest(self, seconds: float) -> None:
        """Waits so long, or until the lane is closed."""
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), seconds)
