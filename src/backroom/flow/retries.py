"""When a parked row is tried again: documented data, the same for deliveries and cache rows."""

from datetime import datetime, timedelta
from typing import Final

from backroom.cache.store import Retry

DELAYS_SECONDS: Final = (60, 300, 1_800, 7_200, 43_200)
"""One minute to half a day. A row that fails once more after the last is dead, until someone retries it
or a newer revision revives it."""


def after_failure(attempts: int, now: datetime) -> Retry:
    """What follows a failure, given how many there were before it."""
    if attempts >= len(DELAYS_SECONDS):
        return Retry(attempts + 1, None)
    return Retry(attempts + 1, now + timedelta(seconds=DELAYS_SECONDS[attempts]))
