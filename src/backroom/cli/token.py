"""`token`: who may use the API."""

from typing import Annotated

import typer

from backroom.cli.output import AsJson, say, show
from backroom.settings import read_settings
from backroom.web.tokens import Role, Token, create_token, list_tokens, revoke_token

Name = Annotated[str, typer.Argument(help="What people call the token.")]


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    group = typer.Typer(help="Tokens for the API.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_)
    group.command("revoke")(revoke)
    app.add_typer(group, name="token")


def create(name: Name, role: Annotated[Role, typer.Option(help="What it may do.")] = Role.VIEWER) -> None:
    """Make a token. It is printed once, alone on the last line, and stored as a hash."""
    from backroom import compose

    with (
        compose.open_house(read_settings(), tables="migrated") as house,
        house.database.writing() as transaction,
    ):
        token = create_token(transaction, name, role)
    say(f"{role.value} token {name!r}; it is not shown again:")
    say(token)


def list_(as_json: AsJson = False) -> None:
    """List the active tokens, without the tokens themselves."""
    from backroom import compose

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        tokens = list_tokens(transaction)
    show(tokens, Token, as_json=as_json, empty="no tokens; make one with `backroom token create NAME`")


def revoke(name: Name) -> None:
    """Make a token worthless, at once."""
    from backroom import compose

    with (
        compose.open_house(read_settings(), tables="migrated") as house,
        house.database.writing() as transaction,
    ):
        revoke_token(transaction, name)
    say(f"revoked {name!r}")
