"""How commands print: a table for people, or JSON for programs (a plain list of objects, nothing else)."""

import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from backroom.vocabulary.shown import json_text

_WHOLE = frozenset({"id", "shop", "domain", "name"})

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def say(text: str) -> None:
    """One line on stdout, exactly as it is."""
    typer.echo(text)


def show(rows: Sequence[Any], columns: type, *, as_json: bool, empty: str) -> None:
    """Lists dataclass instances of the type `columns`, whose fields are the columns."""
    if as_json:
        typer.echo(json_text(list(rows)))
    elif not rows:
        typer.echo(empty)
    else:
        _table(rows, [field.name for field in fields(columns)])


def _table(rows: Sequence[Any], names: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        values = [getattr(row, name) for row in rows]
        # Whole, so that it can be copied: a terminal's lack of width is the long texts' to bear.
        whole = name in _WHOLE or any(isinstance(value, datetime) for value in values)
        table.add_column(name.replace("_", " "), overflow="fold", no_wrap=whole)
    for row in rows:
        # Text, because Rich reads square brackets in a plain string as markup.
        table.add_row(*(Text(_plain(getattr(row, name))) for name in names))
    # A pipe has no width: nothing is to be wrapped or cut there.
    Console(width=None if sys.stdout.isatty() else 500).print(table)


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    return when(value) if isinstance(value, datetime) else printable(str(value))


def when(instant: datetime) -> str:
    """An instant for people, to the second; JSON has it whole."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def printable(text: str) -> str:
    """Foreign text for a terminal: what would steer it (escapes, reversed writing) is spelt out."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )
