"""`demo`: a simulated shop and the whole system against it, in a throw-away home."""

from dataclasses import replace
from typing import Annotated

import typer

from backroom.demo.faults import KNOWN, read_faults
from backroom.vocabulary.errors import Misuse

SHOW_PRODUCTS = 1_000
CHECK_PRODUCTS = 200
SHOW_RATE = 5.0
CHECK_RATE = 40.0
CHECK_SECONDS = 20.0
CTRL_C = 130
"""What shells say of a program that Ctrl-C ended."""


def register(app: typer.Typer) -> None:
    """Adds this command."""
    # What is left over is looked at by the command: it is mostly a blank within --faults.
    app.command(context_settings={"allow_extra_args": True})(demo)


def demo(
    context: typer.Context,
    products: Annotated[
        int | None,
        typer.Option(
            min=1, max=20_000, help="How many products the shop has. Default: 1,000, with --check 200."
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Backroom's port; 0 takes any free one.")] = 0,
    rate: Annotated[
        float | None,
        typer.Option(min=0, max=1_000, help="Changes a second in the shop. Default: 5, with --check 40."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed: the same shop, changes and faults.")] = 1,
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=NUMBER,...",
            help=f"What goes wrong on the way: {KNOWN}. Default: duplicate, reorder and delay of 0.1, and"
            " id_only of 0.05, with --check of 0.03 and drop of 0.03; none: nothing.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare the tables with the shop, field by field; exit 0 or 1.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option(min=0, help="How long the shop lives. Default: until Ctrl-C, with --check 20."),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Use this PostgreSQL, in a schema of its own that is dropped in the end, instead of SQLite."
            " A password belongs into PGPASSWORD or ~/.pgpass, where others do not see it.",
        ),
    ] = None,
) -> None:
    """Run a simulated shop and Backroom against it, in a throw-away home, and watch.

    Prints the API's address and a token, and shows what happens on both sides until Ctrl-C. Nothing is left
    behind then, and nothing outside of the throw-away home is touched: BACKROOM_* settings do not count.

    Example: backroom demo --check --seconds 20 --seed 7 --faults duplicate=0.2,delay=0.3
    """
    _refuse_extra(context.args)
    wanted = None if faults is None else read_faults(faults)
    # So much is imported that a Ctrl-C may well come meanwhile.
    try:
        from backroom.demo.check import FAULTS as CHECK_FAULTS
        from backroom.demo.check import check as play_check
        from backroom.demo.show import FAULTS as SHOW_FAULTS
        from backroom.demo.show import console, show, telling
        from backroom.demo.stage import Options
    except KeyboardInterrupt:
        raise typer.Exit(CTRL_C) from None

    screen = console()
    options = Options(
        products=products if products is not None else CHECK_PRODUCTS if check else SHOW_PRODUCTS,
        port=port,
        rate=rate if rate is not None else CHECK_RATE if check else SHOW_RATE,
        seed=seed,
        faults=wanted if wanted is not None else CHECK_FAULTS if check else SHOW_FAULTS,
        database_url=database_url,
    )
    if check:
        # Who watches sees more than words.
        options = replace(options, tell=telling(screen))
        code = play_check(options, screen, CHECK_SECONDS if seconds is None else seconds)
    else:
        code = show(options, screen, seconds)
    raise typer.Exit(code)


def _refuse_extra(words: list[str]) -> None:
    """Raises Misuse where there are any."""
    if words:
        hint = "; --faults is written without spaces: drop=0.1,duplicate=0.2" if "=" in words[0] else ""
        raise Misuse(f"{words[0]!r} is too much{hint}")
