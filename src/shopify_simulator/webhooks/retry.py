"""When a failed delivery is tried again, as data. What never happens here: a clock.

Shopify: eight retries over four hours, exponential; the exact offsets are not published
(shopify.dev/changelog/updates-to-webhook-retry-mechanism). These double, and end after four hours.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an attempt may take; never scaled (shopify.dev/docs/apps/build/webhooks/verify-deliveries)."""

    connect_seconds: float = 1.0
    total_seconds: float = 5.0
    """Connecting, sending, and the answer to its last byte."""


RETRY_WAITS_SECONDS: Final = (56, 113, 226, 452, 904, 1807, 3614, 7228)
"""Before each retry, counted from the end of the attempt before it."""
