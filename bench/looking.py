"""Looks again and again, from a thread of its own, while a block runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def looking(look: Callable[[], object], every_seconds: float) -> Iterator[None]:
    """Until the block ends; a look that has begun is ended first."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(every_seconds):
            look()

    thread = threading.Thread(target=go_on, name="looking")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
