"""The command line: `backroom`. Thin: each command opens the house, asks one room, and prints.

Exit codes: 0 done, 1 failed (one plain sentence on stderr), 2 wrong usage.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from backroom.vocabulary.errors import BackroomError, Misuse

app = typer.Typer(
    name="backroom",
    help="An exact, live, explainable copy of a Shopify shop in your own database.",
    no_args_is_help=True,
    # The pretty tracebacks print local variables, and those hold secrets.
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

for _group in (
    "running",
    "shop",
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
    except Misuse as error:
        _fail(error, 2)
    except BackroomError as error:
        _fail(error, 1)
    except BrokenPipeError:
        # The reader of our output (`| head`) has seen enough.
        sys.stderr.close()
        sys.exit(1)


def _fail(error: BackroomError, code: int) -> None:
    print(f"backroom: {error}", file=sys.stderr)  # noqa: T201
    sys.exit(code)
