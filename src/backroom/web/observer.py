"""Tells of receipts: a log line per batch and never per request, refusals at most once a second a kind.

Counting is per delivery, whatever the log holds back.
"""

from backroom.ingress.headers import DeliveryHeaders
from backroom.ingress.receive import Refusal
from backroom.observe.log import Seldom, get_log
from backroom.observe.metrics import OUTCOMES, Metrics
from backroom.vocabulary.errors import BackroomError, Terminal


class InboxObserver:
    """What the inbox tells of its batches (`BatchObserver`). Called from its thread."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._seldom = Seldom()
        self._log = get_log("web.inbox")

    def stored(self, *, rows: int, duplicates: int, size_bytes: int, seconds: float) -> None:
        self._metrics.count_delivery("stored", rows)
        self._metrics.count_delivery("duplicate", duplicates)
        self._metrics.count_batch(rows=rows + duplicates, size_bytes=size_bytes, seconds=seconds)
        self._log.info(
            "webhook.batch_stored",
            rows=rows,
            duplicates=duplicates,
            bytes=size_bytes,
            ms=round(seconds * 1000, 2),
        )

    def failed(self, *, rows: int, error: BackroomError) -> None:
        self._metrics.count_delivery("unavailable", rows)
        kind = "terminal" if isinstance(error, Terminal) else "transient"
        held = self._seldom.pass_on(kind)
        if held is not None:
            self._log.error("webhook.batch_failed", kind=kind, rows=rows, reason=str(error), suppressed=held)


class RefusalObserver:
    """What was answered without the inbox. Called on the event loop."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._seldom = Seldom()
        self._log = get_log("web.hooks")

    def refused(self, refusal: Refusal, headers: DeliveryHeaders) -> None:
        """`shop` is what the sender claims: nothing has verified it."""
        if refusal.outcome in OUTCOMES:
            self._metrics.count_delivery(refusal.outcome)
        held = self._seldom.pass_on(refusal.outcome)
        if held is not None:
            claimed = (headers.shop_domain or b"")[:80].decode("ascii", "replace")
            self._log.warning(
                "webhook.refused",
                outcome=refusal.outcome,
                detail=refusal.detail,
                claimed_shop=claimed,
                suppressed=held,
            )

    def failed(self, error: BackroomError) -> None:
        """It could not even be queued."""
        self._metrics.count_delivery("unavailable")
        held = self._seldom.pass_on("failed")
        if held is not None:
            self._log.error("webhook.not_queued", reason=str(error), suppressed=held)
