"""One thing shown whole: a line for each of its values, with its name before it."""

import textwrap
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from backroom.cli.legible import printable, when
from backroom.cli.output import room, say

_LABEL: Final = 17
"""Cells, with the blank behind it."""


def say_fields(found: Any, *, apart: Iterable[str]) -> None:
    """The fields of a dataclass that have a value; those named in `apart` are left to the caller."""
    left = frozenset(apart)
    for field in fields(found):
        value = getattr(found, field.name)
        if field.name not in left and value is not None:
            say_value(field.name, when(value) if isinstance(value, datetime) else str(value))


def say_value(label: str, text: str) -> None:
    """A labelled line; on a terminal a long text goes on below its beginning, wrapped at words."""
    width, line = room(), f"{label:<{_LABEL - 1}} {printable(text)}"
    if width is None:
        say(line)
        return
    for part in textwrap.wrap(
        line,
        max(width, 2 * _LABEL),
        subsequent_indent=" " * _LABEL,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        say(part)
