"""Instants: aware, UTC, microseconds. Naive datetimes are refused at the door."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the present comes from; tests bring their own."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def parse_instant(text: str) -> datetime:
    """An ISO-8601 instant with an offset, any precision (nanoseconds are cut), in UTC.

    Raises ValueError for anything else, for a missing offset and for instants outside of
    the years 1 to 9999 in UTC.
    """
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise ValueError(f"{text[:40]!r} has no offset from UTC")
        return instant.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{text[:40]!r} is not an instant") from error


def instant_or_none(text: str | None) -> datetime | None:
    """For optional headers: an unreadable instant is no instant."""
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        return None


def aware(instant: datetime) -> datetime:
    """The instant itself. Raises TypeError for a naive one, which others would take for local time."""
    if instant.tzinfo is None:
        raise TypeError(f"{instant!r} is naive: nobody knows which instant it means")
    return instant


def format_instant(instant: datetime) -> str:
    """ISO-8601 in UTC with microseconds and a `Z`, the one form that leaves the house."""
    return aware(instant).astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def to_the_minute(instant: datetime) -> str:
    """`2026-11-29 11:43 UTC`: an instant within a sentence for people; what programs read has it whole."""
    return f"{aware(instant).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
