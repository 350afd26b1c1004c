"""How commands print: a table for people, or JSON for programs (a plain list of objects, nothing else)."""

import shutil
import sys
from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Any

import typer

from backroom.vocabulary.shown import json_text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def say(text: str) -> None:
    """One line on stdout, exactly as it is."""
    typer.echo(text)


def show(
    rows: Sequence[Any],
    columns: type,
    *,
    as_json: bool,
    empty: str,
    below: Callable[[Any], str | None] | None = None,
    without: Collection[str] = (),
) -> None:
    """Lists dataclass instances of the type `columns`, whose fields are the columns but for those `without`.

    `below`: what stands under a row, cut to the width. Each row is one line then, and cut where it must be.
    """
    # Only here: Rich is slow to import, and JSON needs none of it.
    from backroom.cli.table import table

    if as_json:
        typer.echo(json_text(list(rows)))
    elif not rows:
        typer.echo(empty)
    else:
        for line in table(rows, columns, room(), below, without):
            typer.echo(line)


def room() -> int | None:
    """The terminal's width. None: a pipe has no width, and nothing is to be wrapped or cut there."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
