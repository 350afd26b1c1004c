"""`db`: bring the database to this version's tables, or say whether it is there."""

import typer

from backroom.cli.output import say
from backroom.settings import read_settings


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    group = typer.Typer(help="The database's tables.", no_args_is_help=True)
    group.command()(upgrade)
    group.command()(check)
    app.add_typer(group, name="db")


def upgrade() -> None:
    """Bring the database to this version's tables. Safe to run again, and beside other processes."""
    from backroom import compose

    with compose.open_house(read_settings(), tables="any") as house:
        before, after = compose.migrate_database(house.database)
    say(f"already at {after}" if before == after else f"migrated from {before or 'nothing'} to {after}")


def check() -> None:
    """Exit code 0 when the database is at this version's tables, else 1 with what to do."""
    from backroom import compose

    with compose.open_house(read_settings(), tables="any") as house:
        reason = compose.unmigrated(house.database)
    if reason is not None:
        raise compose.NotMigrated(reason)
    say("the database is at this version's tables")
