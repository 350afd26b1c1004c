"""Spans of time and instants in as few cells as there is room for."""

from datetime import UTC, datetime


def span(seconds: float) -> str:
    """`4.2 s`, `3 min 5 s`, `2 h 4 min`"""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def short_span(seconds: float) -> str:
    """`4.2s`, `3m05s`, `2h04m`"""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def age(seconds: float) -> str:
    """`40s`, `12m`, `5h`, `3d`: whole units that have passed."""
    whole = int(seconds)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def day_or_time(instant: datetime, now: datetime) -> str:
    """`17:19` where it is of today, else `Nov 27`, in UTC."""
    then, today = instant.astimezone(UTC), now.astimezone(UTC)
    return f"{then:%H:%M}" if then.date() == today.date() else f"{then:%b} {then.day}"
