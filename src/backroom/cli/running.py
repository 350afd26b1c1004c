"""`serve` and `worker`: the commands that stay."""

from typing import Annotated

import typer

from backroom.settings import read_settings


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    app.command()(serve)
    app.command()(worker)


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes any free one.")] = 8765,
    workers: Annotated[int, typer.Option(min=0, max=64, help="How many worker processes to run.")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Only receive; work elsewhere.")] = False,
) -> None:
    """Migrate the database, receive webhooks, answer the API, and work.

    Stops on SIGTERM or SIGINT, after everything that was acknowledged is stored.
    """
    from backroom import compose

    with compose.open_house(read_settings(), tables="migrated", stays=True) as house:
        compose.serve(house, host=host, port=port, workers=0 if no_worker else workers)


def worker(
    name: Annotated[
        str | None, typer.Option(help="A stable name, unique among the workers. Default: the host's name.")
    ] = None,
    child: Annotated[bool, typer.Option("--child", hidden=True)] = False,
) -> None:
    """Only work: sort what came and process it. For more machines, with PostgreSQL."""
    from backroom import compose

    with compose.open_house(read_settings(), stays=True) as house:
        compose.work(house, name, child=child)
