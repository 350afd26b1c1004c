"""Lines that a terminal has whole: one thing with a line for each of its values, and long texts, wrapped."""

import textwrap
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from backroom.cli.legible import printable, when
from backroom.cli.output import room, say

_LABEL: Final = 17
"""Cells, with the blank behind it."""
_INDENT: Final = 2


def say_fields(found: Any, *, apart: Iterable[str]) -> None:
    """The fields of a dataclass that have a value; those named in `apart` are left to the caller."""
    left = frozenset(apart)
    for field in fields(found):
        value = getattr(found, field.name)
        if field.name not in left and value is not None:
            say_value(field.name, when(value) if isinstance(value, datetime) else str(value))


def say_value(label: str, text: str) -> None:
    """A labelled line; on a terminal a long text goes on below its beginning."""
    say_wrapped(f"{label:<{_LABEL - 1}} {text}", indent=_LABEL)


def say_wrapped(text: str, *, indent: int = _INDENT) -> None:
    """A line of any text; on a terminal a long one goes on in lines that begin `indent` cells further in."""
    for line in wrapped(printable(text), room(), indent):
        say(line)


def wrapped(text: str, width: int | None, indent: int) -> list[str]:
    """The lines of a text, wrapped at its words. None: a pipe has no width, and gets it whole."""
    if width is None:
        return [text]
    return textwrap.wrap(
        text,
        max(width, 2 * _LABEL),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
