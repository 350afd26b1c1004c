"""`shop`: the shops, what opens them, and what their webhooks are signed with. Secrets come on stdin."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from backroom.cli import shop_access
from backroom.cli.legible import when
from backroom.cli.output import AsJson, say, show
from backroom.settings import read_settings
from backroom.shops.secrets import WebhookSecret, add_secret, list_secrets, refuse_if_used, remove_secret
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
    group.command("test")(shop_access.ask)
    secret = typer.Typer(help="Webhook secrets of a shop.", no_args_is_help=True)
    secret.command("add")(secret_add)
    secret.command("list")(secret_list)
    secret.command("remove")(secret_remove)
    group.add_typer(secret, name="secret")
    app.add_typer(group, name="shop")


def add(
    domain: Domain,
    client_id: Annotated[
        str | None, typer.Option(help="The app's client id: a client_secret fetches only with it.")
    ] = None,
    api_url: Annotated[
        str | None, typer.Option(help="Where to reach its API instead of https://DOMAIN.")
    ] = None,
) -> None:
    """Add a shop, or open one that exists anew. Reads one JSON object on stdin.

    {"access_token": "..."} or {"client_secret": "..."}, and "webhook_secrets": ["..."] with either. For a
    token that expires: "client_secret", and what Shopify answered ("access_token", "refresh_token", ...).
    A client_secret alone verifies webhooks; fetching needs --client-id, too.
    On a shop that exists the credentials are replaced and the secrets added; a client id and an API url that
    are not given stay. Nothing is asked of Shopify: `shop test` does. A shop that the app was uninstalled
    from is connected again.
    """
    from backroom import compose
    from backroom.jobs.connection import reconnect
    from backroom.resources.registry import BY_PLURAL

    name = checked_domain(domain)
    opening = read_opening(_standard_input())
    with (
        compose.open_house(read_settings(), tables="migrated") as house,
        house.database.writing() as transaction,
    ):
        older = sum(each.webhook_secrets for each in list_shops(transaction) if each.domain == name)
        add_shop(transaction, house.vault, name, opening, client_id=client_id, api_url=api_url)
        (shop,) = [each for each in list_shops(transaction) if each.domain == name]
        again = reconnect(transaction, shop.id, BY_PLURAL, house.settings.public_url)
    say(_opened(shop, older))
    if again is not None:
        typer.echo(again.sentence(name), err=True)
    for note in _notes(shop):
        typer.echo(note, err=True)


def _notes(shop: Shop) -> Iterator[str]:
    """What is still to be done."""
    if shop.webhook_secrets == 0:
        yield "no webhook will be accepted until a secret is added"
    if shop.credential == "client_secret" and not shop.client_id:
        yield (
            "nothing can be fetched without the app's client id: give it, with the same secret, by"
            f" `backroom shop add {shop.domain} --client-id ID`"
        )
    else:
        yield f"nothing was asked of Shopify: `backroom shop test {shop.domain}` tries it"


def _opened(shop: Shop, older: int) -> str:
    """Its secrets are counted; after a typing error in one, the wrong one is valid, too."""
    count = shop.webhook_secrets
    opened = f"{shop.domain} is open; {count} webhook secret{'' if count == 1 else 's'}"
    if 0 < older < count:
        opened += f"; the older ones stay valid until `backroom shop secret remove {shop.domain} ID`"
    return opened


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopLine:
    """One line of `shop list`, with what is out of the ordinary below; --json has all fields."""

    domain: str
    currency: str | None
    opened_by: str | None
    secrets: int
    added: datetime

    @classmethod
    def of(cls, found: Shop) -> "ShopLine":
        return cls(
            domain=found.domain,
            currency=found.currency,
            opened_by=found.credential,
            secrets=found.webhook_secrets,
            added=found.created_at,
        )


def _oddities(found: Shop) -> str | None:
    odd = [] if found.api_url is None else [f"asked at {found.api_url}"]
    if found.disconnected_at is not None:
        since = when(found.disconnected_at)
        odd.insert(0, f"not installed since {since}: install it again, then `backroom shop test`")
    return "; ".join(odd) or None


def list_(as_json: AsJson = False) -> None:
    """List the shops."""
    from backroom import compose

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        shops = list_shops(transaction)
    empty = "no shops; add one with `backroom shop add DOMAIN`"
    if as_json:
        show(shops, Shop, as_json=True, empty=empty)
    else:
        odd = {each.domain: _oddities(each) for each in shops}
        lines = [ShopLine.of(each) for each in shops]
        show(lines, ShopLine, as_json=False, empty=empty, below=lambda line: odd[line.domain])


def remove(domain: Domain) -> None:
    """Refuse a shop's webhooks from now on and forget what opened it. Its runs stop; its rows stay."""
    from backroom import compose
    from backroom.jobs.connection import stop_runs_of_removed

    with (
        compose.open_house(read_settings(), tables="migrated") as house,
        house.database.writing() as transaction,
    ):
        shop_id = find_shop(transaction, domain)
        remove_shop(transaction, domain)
        stop_runs_of_removed(transaction, shop_id, checked_domain(domain))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretLine:
    """One line of `shop secret list`; --json has all fields."""

    id: int
    fingerprint: str
    added: datetime
    last_used: datetime | None
    uses: int
    advice: str

    @classmethod
    def of(cls, found: WebhookSecret) -> "SecretLine":
        return cls(
            id=found.id,
            fingerprint=found.fingerprint,
            added=found.created_at,
            last_used=found.last_used_at,
            uses=found.use_count,
            advice=f"opens the API; {found.advice}" if found.opens_api else found.advice,
        )


def secret_list(domain: Domain, as_json: AsJson = False) -> None:
    """List a shop's webhook secrets, without the secrets themselves, and which of them may be removed."""
    from backroom import compose

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        secrets = list_secrets(transaction, find_shop(transaction, domain))
    empty = "no webhook secrets: no webhook is accepted"
    if as_json:
        show(secrets, WebhookSecret, as_json=True, empty=empty)
    else:
        show([SecretLine.of(each) for each in secrets], SecretLine, as_json=False, empty=empty)


def secret_remove(
    domain: Domain,
    secret_id: Annotated[int, typer.Argument(metavar="ID", help="As `secret list` shows it.")],
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Also the last one, the present one, and one that was used within a day."
        ),
    ] = False,
) -> None:
    """Refuse what a secret signs, from now on. `secret list` shows which ones may go."""
    from backroom import compose

    with (
        compose.open_house(read_settings(), tables="migrated") as house,
        house.database.writing() as transaction,
    ):
        shop_id = find_shop(transaction, domain)
        if not force:
            refuse_if_used(transaction, shop_id, secret_id)
        left = remove_secret(transaction, shop_id, secret_id)
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
