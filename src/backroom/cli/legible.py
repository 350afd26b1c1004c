"""Instants and foreign texts as people may read them on a terminal."""

from datetime import UTC, datetime


def when(instant: datetime) -> str:
    """An instant for people, to the second; JSON has it whole."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def printable(text: str) -> str:
    """Foreign text for a terminal: what would steer it (escapes, reversed writing) is spelt out."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )
