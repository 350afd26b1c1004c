"""Numbers for Prometheus. Every label is bounded: no shop, no topic, no id.

Counters grow where things happen; the gauges are set at each scrape, from one status snapshot.
"""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OUTCOMES: Final = (
    "stored",
    "duplicate",
    "missing_header",
    "topic_mismatch",
    "unauthorized",
    "too_large",
    "slow",
    "unavailable",
)
GAUGES: Final = {
    "inbox_pending": "Deliveries not sorted yet, parked ones not counted",
    "dirty": "Cache rows to be processed now",
    "parked": "Rows and deliveries that wait for a retry",
    "wanted": "Cache rows that wait for a refetch",
    "running": "Runs that are queued or running",
    "failed_runs": "Runs that failed within a day and were not made good by a later one",
    "dead": "Rows and deliveries given up, with a reason",
    "lag_seconds": "Age of the oldest work that waits",
    "code_conflicts": "SKU codes that several variants of one shop share",
    "drifting": "Findings of drift that are open",
    "worker_heartbeat_age_seconds": "Since the last sign of life of the liveliest worker",
}
WARNINGS: Final = "warnings."
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """The process's numbers, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        deliveries = Counter(
            "backroom_deliveries", "Webhook deliveries by their answer", ["outcome"], registry=self._registry
        )
        self._deliveries = {outcome: deliveries.labels(outcome) for outcome in OUTCOMES}
        self._bytes = Counter("backroom_received_bytes", "Bytes of verified bodies", registry=self._registry)
        self._batch_rows = Histogram(
            "backroom_inbox_batch_rows", "Deliveries in one commit", buckets=_ROWS, registry=self._registry
        )
        self._batch_seconds = Histogram(
            "backroom_inbox_batch_seconds", "Time of one commit", buckets=_SECONDS, registry=self._registry
        )
        self._warnings = Gauge(
            "backroom_warnings", "What `backroom status` warns of, by kind", ["kind"], registry=self._registry
        )
        self._gauges = {
            name: Gauge(f"backroom_{name}", text, registry=self._registry) for name, text in GAUGES.items()
        }

    def count_delivery(self, outcome: str, number: int = 1) -> None:
        """`outcome` is one of OUTCOMES; raises KeyError for any other."""
        self._deliveries[outcome].inc(number)

    def count_batch(self, *, rows: int, size_bytes: int, seconds: float) -> None:
        """One commit of the inbox."""
        self._batch_rows.observe(rows)
        self._batch_seconds.observe(seconds)
        self._bytes.inc(size_bytes)

    def render(self, status: Mapping[str, float | None]) -> bytes:
        """The scrape's text. A gauge that `status` does not know is NaN, which is not 0.

        Warnings stand in it by their kind, as `warnings.token`.
        """
        for name, gauge in self._gauges.items():
            value = status.get(name)
            gauge.set(float("nan") if value is None else value)
        for name, value in status.items():
            if name.startswith(WARNINGS):
                self._warnings.labels(name.removeprefix(WARNINGS)).set(value or 0)
        return generate_latest(self._registry)
