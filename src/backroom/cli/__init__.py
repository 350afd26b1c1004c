"""The command line: `backroom`. Thin: each command opens the house, asks one room, and prints.

Exit codes: 0 done, 1 failed (one plain sentence on stderr), 2 wrong usage. A command that is well formed
and about something that is not there has failed.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from backroom import __version__
from backroom.vocabulary.errors import BackroomError, Misuse, Unknown

app = typer.Typer(
    name="backroom",
    help="An exact, live, explainable copy of a Shopify shop in your own database.",
    no_args_is_help=True,
    # The pretty tracebacks print local variables, and those hold secrets.
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"backroom {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


for _group in (
    "demo",
    "running",
    "shop",
    "sync",
    "reconcile",
    "drift",
    "webhooks",
    "runs",
    "schedule",
    "status",
    "deliveries",
    "failures",
    "why",
    "reprocess",
    "token",
    "database",
    "doctor",
):
    import_module(f"backroom.cli.{_group}").register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits."""
    try:
        app(arguments)
    except BackroomError as error:
        _fail(error, _code_of(error))
    except BrokenPipeError:
        # The reader of our output (`| head`) has seen enough.
        sys.stderr.close()
        sys.exit(1)


def _code_of(error: BackroomError) -> int:
    return 2 if isinstance(error, Misuse) and not isinstance(error, Unknown) else 1


def _fail(error: BackroomError, code: int) -> None:
    print(f"backroom: {error}", file=sys.stderr)  # noqa: T201
    sys.exit(code)
