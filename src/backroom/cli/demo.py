"""`demo`: a simulated shop and the whole system against it, in a throw-away home."""

from typing import Annotated

import typer

from backroom.vocabulary.errors import Misuse

SHOW_RATE = 5.0
CHECK_RATE = 20.0
CHECK_SECONDS = 20.0


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(demo)


def demo(
    products: Annotated[int, typer.Option(min=1, max=20_000, help="How many products the shop has.")] = 200,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Backroom's port; 0 takes any free one.")] = 0,
    rate: Annotated[
        float | None,
        typer.Option(min=0, max=1_000, help="Changes a second in the shop. Default: 5, with --check 20."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed: the same shop, changes and faults.")] = 1,
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=SHARE,...",
            help="What goes wrong on the way, as shares of all deliveries: drop, duplicate, reorder, delay,"
            " id_only. Default: duplicate, reorder and delay, with --check id_only too; none: nothing.",
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
    from backroom.demo.check import FAULTS as CHECK_FAULTS
    from backroom.demo.check import check as play_check
    from backroom.demo.show import FAULTS as SHOW_FAULTS
    from backroom.demo.show import console, show
    from backroom.demo.stage import Options

    usual = CHECK_FAULTS if check else SHOW_FAULTS
    options = Options(
        products=products,
        port=port,
        rate=rate if rate is not None else CHECK_RATE if check else SHOW_RATE,
        seed=seed,
        faults=usual if faults is None else read_faults(faults),
        database_url=database_url,
    )
    if check:
        code = play_check(options, console(), CHECK_SECONDS if seconds is None else seconds)
    else:
        code = show(options, console(), seconds)
    raise typer.Exit(code)


def read_faults(text: str) -> dict[str, float]:
    """`drop=0.1,delay=0.2` as a dictionary; `none` is empty. Raises Misuse."""
    if text.strip() in ("", "none"):
        return {}
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {name.strip(): float(number) for name, number in pairs}
    except ValueError:
        raise Misuse(f"--faults: {text!r} is not like drop=0.1,duplicate=0.2") from None
