"""Tells the shop's listeners what happens, in the order of commits: topics and bodies enter, events leave.

What never happens here: two events with one `triggered_at`, or a listener that is told of what it did not
want to hear of.
"""

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from shopify_simulator.shop.events import Event

TICK = timedelta(microseconds=1)

Listener = Callable[[Event], None]
Wants = Callable[[str], bool]


def random_event_id() -> str:
    """Never the same twice, whatever the seed: a receiver must not take a second run for repetitions."""
    return str(uuid.uuid4())


def of_products(topic: str) -> bool:
    """What a listener hears of that did not say what it wants."""
    return topic.startswith("products/")


class News:
    """See the module. Whoever calls it holds the shop's lock."""

    def __init__(self, *, clock: Callable[[], datetime], new_event_id: Callable[[], str]) -> None:
        self.new_event_id = new_event_id
        self._clock = clock
        self._listeners: list[tuple[Listener, Wants]] = []
        self._triggered_at = datetime.min.replace(tzinfo=UTC)

    def add(self, listener: Listener, wants: Wants) -> None:
        self._listeners.append((listener, wants))

    def remove(self, listener: Listener) -> None:
        """Nothing where it never was."""
        found = [pair for pair in self._listeners if pair[0] == listener]
        with suppress(IndexError):
            self._listeners.remove(found[0])

    def wanted(self, topic: str) -> bool:
        """Whether anybody would hear of it: else its body need not be written."""
        return any(wants(topic) for _, wants in self._listeners)

    def tell(
        self,
        topic: str,
        resource_id: int,
        body: bytes,
        *,
        id_only: bytes,
        partial: bool = False,
        event_id: str | None = None,
    ) -> None:
        """One event, with an id of its own unless it is a part of another one."""
        self._triggered_at = max(self._clock().astimezone(UTC), self._triggered_at + TICK)
        event = Event(
            event_id=event_id or self.new_event_id(),
            topic=topic,
            resource_id=resource_id,
            body=body,
            id_only=id_only,
            triggered_at=self._triggered_at,
            partial=partial,
        )
        for listener, wants in self._listeners:
            if wants(topic):
                listener(event)
