"""Waiting for a condition, and for threads. What never happens here: a sleep that hopes."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 90.0
"""No expectation of speed: a machine that does other things too may take this long."""
LOOK_SECONDS = 0.01


def eventually(
    condition: Callable[[], T | None],
    what: str,
    *,
    within: float = PATIENCE_SECONDS,
    look: float = LOOK_SECONDS,
) -> T:
    """The first truthy answer of `condition`, asked again and again; fails when the time is over."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"this never came: {what}"
        pause.wait(look)
    return answer


class Running(Generic[T]):
    """Work in threads of its own; `join` hands back the results, or raises what the first one raised."""

    def __init__(self, *works: Callable[[], T]) -> None:
        self._results: dict[int, T] = {}
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(number, work), daemon=True)
            for number, work in enumerate(works)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, number: int, work: Callable[[], T]) -> None:
        try:
            self._results[number] = work()
        except BaseException as error:  # noqa: BLE001 (handed to whoever joins)
            self._errors.append(error)

    @property
    def alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def join(self, within: float = PATIENCE_SECONDS) -> list[T]:
        deadline = time.monotonic() + within
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        assert not self.alive, "a thread never ended"
        if self._errors:
            raise self._errors[0]
        return [self._results[number] for number in range(len(self._threads))]
