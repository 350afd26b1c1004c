"""`shop`: the shops, what opens them, and what their webhooks are signed with. Secrets come on stdin."""

import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from backroom.cli.output import AsJson, say, show
from backroom.settings import read_settings
from backroom.shops.secrets import WebhookSecret, add_secret, list_secrets, remove_secret
from backroom.shops.shops import (
    SETTINGS,
    Shop,
    add_shop,
    checked_domain,
    find_shop,
    list_shops,
    read_opening,
    remove_shop,
    set_setting,
    settings_of,
)
from backroom.vocabulary.errors import Misuse

Domain = Annotated[str, typer.Argument(help="The shop's domain, like example.myshopify.com.")]


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    group = typer.Typer(help="The shops.", no_args_is_help=True)
    group.command("add")(add)
    group.command("list")(list_)
    group.command("remove")(remove)
    group.command("set")(set_)
    group.command("settings")(settings)
    secret = typer.Typer(help="Webhook secrets of a shop.", no_args_is_help=True)
    secret.command("add")(secret_add)
    secret.command("list")(secret_list)
    secret.command("remove")(secret_remove)
    group.add_typer(secret, name="secret")
    app.add_typer(group, name="shop")


def add(
    domain: Domain,
    client_id: Annotated[str | None, typer.Option(help="The app's client id.")] = None,
    api_url: Annotated[
        str | None, typer.Option(help="Where to reach its API instead of https://DOMAIN.")
    ] = None,
) -> None:
    """Add a shop, or open one that exists anew. Reads one JSON object on stdin.

    {"access_token": "..."} or {"client_secret": "..."}, and "webhook_secrets": ["..."] with either.
    On a shop that exists the credentials are replaced and the secrets added. Nothing is asked of Shopify.
    """
    from backroom import compose

    name = checked_domain(domain)
    opening = read_opening(_standard_input())
    with (
        compose.open_house(read_settings(), tables="migrated") as house,
        house.database.writing() as transaction,
    ):
        shop_id = add_shop(transaction, house.vault, name, opening, client_id=client_id, api_url=api_url)
        secrets = len(list_secrets(transaction, shop_id))
    say(f"{name} is open; {secrets} webhook secrets")
    if secrets == 0:
        typer.echo("no webhook will be accepted until a secret is added", err=True)


def list_(as_json: AsJson = False) -> None:
    """List the shops."""
    from backroom import compose

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        shops = list_shops(transaction)
    show(shops, Shop, as_json=as_json, empty="no shops; add one with `backroom shop add DOMAIN`")


def remove(domain: Domain) -> None:
    """Refuse a shop's webhooks from now on and forget what opened it. Its rows stay."""
    from backroom import compose

    with (
        compose.open_house(read_settings(), tables="migrated") as house,
        house.database.writing() as transaction,
    ):
        remove_shop(transaction, domain)
    say(f"{checked_domain(domain)} is removed; its rows stay")


def set_(
    domain: Domain,
    key: Annotated[str, typer.Argument(help=f"One of: {', '.join(SETTINGS)}.")],
    value: Annotated[str, typer.Argument(help="The value; an empty one clears the setting.")],
) -> None:
    """Set one of a shop's settings."""
    from backroom import compose

    with (
        compose.open_house(read_settings(), tables="migrated") as house,
        house.database.writing() as transaction,
    ):
        set_setting(transaction, domain, key, value)
        now = settings_of(transaction, domain)[key]
    say(f"{key} = {now}" if now is not None else f"{key} is not set")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSetting:
    """One line of `shop settings`."""

    key: str
    value: str | None
    meaning: str


def settings(domain: Domain, as_json: AsJson = False) -> None:
    """List a shop's settings."""
    from backroom import compose

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        values = settings_of(transaction, domain)
    rows = [ShownSetting(key=key, value=values[key], meaning=SETTINGS[key].meaning) for key in SETTINGS]
    show(rows, ShownSetting, as_json=as_json, empty="")


def secret_add(domain: Domain) -> None:
    """Let a secret sign the shop's webhooks. Reads the secret on stdin."""
    from backroom import compose

    try:
        secret = _standard_input().decode().strip("\r\n")
    except UnicodeDecodeError:
        secret = ""
    with (
        compose.open_house(read_settings(), tables="migrated") as house,
        house.database.writing() as transaction,
    ):
        secret_id = add_secret(transaction, house.vault, find_shop(transaction, domain), secret, "added")
    say(f"webhook secret {secret_id} is active")


def secret_list(domain: Domain, as_json: AsJson = False) -> None:
    """List a shop's webhook secrets, without the secrets themselves."""
    from backroom import compose

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        secrets = list_secrets(transaction, find_shop(transaction, domain))
    show(secrets, WebhookSecret, as_json=as_json, empty="no webhook secrets: no webhook is accepted")


def secret_remove(
    domain: Domain, secret_id: Annotated[int, typer.Argument(metavar="ID", help="As `secret list` shows it.")]
) -> None:
    """Refuse what a secret signs, from now on."""
    from backroom import compose

    with (
        compose.open_house(read_settings(), tables="migrated") as house,
        house.database.writing() as transaction,
    ):
        left = remove_secret(transaction, find_shop(transaction, domain), secret_id)
    say(f"webhook secret {secret_id} is removed; {left} left")
    if left == 0:
        typer.echo("no webhook of this shop will be accepted until a secret is added", err=True)


def _standard_input() -> bytes:
    # None, where whoever started us closed it.
    if sys.stdin is None:
        raise Misuse("there is no standard input to read")
    if sys.stdin.isatty():
        typer.echo("reading standard input; end with Ctrl-D", err=True)
    return sys.stdin.buffer.read()
