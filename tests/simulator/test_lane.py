"""The way to one receiver: who waits for a place, and who is let past what is held back."""

import asyncio
from contextlib import AsyncExitStack

import httpx

from shopify_simulator.webhooks.holding import HoldingBay
from shopify_simulator.webhooks.lane import AT_A_TIME, Lane

NEVER_SECONDS = 3600.0


def test_a_newcomer_does_not_take_the_place_of_one_that_waits() -> None:
    order: list[str] = []

    async def enter(lane: Lane, name: str) -> None:
        async with lane.slot():
            order.append(name)

    async def scene() -> None:
        lane = Lane(asyncio.get_running_loop(), httpx.create_ssl_context(trust_env=False))
        async with AsyncExitStack() as one, AsyncExitStack() as others:
            await one.enter_async_context(lane.slot())
            for _ in range(AT_A_TIME - 1):
                await others.enter_async_context(lane.slot())
            waiting = asyncio.create_task(enter(lane, "who waited"))
            await asyncio.sleep(0)
            await one.aclose()
            # The place is free, and the one that waits has not had a turn yet.
            await enter(lane, "the newcomer")
            await waiting
        await lane.hang_up()

    asyncio.run(scene())
    assert order == ["who waited", "the newcomer"]


def test_a_retry_or_a_duplicate_of_one_that_passed_does_not_pass_again() -> None:
    left: list[int] = []

    async def scene() -> None:
        bay = HoldingBay(asyncio.get_running_loop())
        bay.hold(lambda: left.append(1), seconds=NEVER_SECONDS, number=1, passed_by=2)
        for _ in range(5):
            bay.passed(2)
        assert left == []
        bay.passed(3)
        assert left == [1]
        bay.close()

    asyncio.run(scene())
