"""`shop test`: asks Shopify what it lets us do in a shop, and says what is missing.

Leaves one object (`--json`), or a line for each thing. A refusal ends with 1 and the sentence that says what
to do; so do missing scopes. What it learns of the currency is kept, where none is set.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from backroom.cli.legible import when
from backroom.cli.output import AsJson, show
from backroom.settings import read_settings
from backroom.vocabulary.errors import ScopeMissing
from backroom.vocabulary.shown import json_text

Domain = Annotated[str, typer.Argument(help="The shop's domain, like example.myshopify.com.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What Shopify says, and until when the token and the refresh token at hand are good."""

    shop: str
    name: str
    plan: str
    currency: str
    api_version: str
    api_version_supported: bool
    newest_version: str | None
    scopes: tuple[str, ...]
    missing_scopes: tuple[str, ...]
    max_product_variants: int
    credential: str
    expires_at: datetime | None
    refresh_expires_at: datetime | None
    warning: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table."""

    what: str
    found: str


def ask(domain: Domain, as_json: AsJson = False) -> None:
    """Ask Shopify who the shop is, what it grants, and how long the API version is good.

    Nothing changes in Shopify. Here, the currency is kept where none is set, and what is granted. A shop that
    the app was uninstalled from is connected again: what was stopped goes on, what was missed is fetched.
    Exit code 1 where Shopify refuses, or a scope is missing: what needs none of those goes on all the same.
    """
    found = _tested(domain)
    if as_json:
        typer.echo(json_text([found]))
    else:
        show(list(_lines(found)), Line, as_json=False, empty="")
    if found.warning is not None:
        typer.echo(f"warning: {found.warning}", err=True)
    if found.missing_scopes:
        raise ScopeMissing(
            f"{found.shop} does not grant {_needed(found)};"
            " add what is missing to the app's scopes, and let the shop's owner agree to it"
        )


def _tested(domain: str) -> Tested:
    from backroom import compose
    from backroom.jobs.connection import reconnect
    from backroom.resources.registry import BY_PLURAL, RESOURCES
    from backroom.shopify.access import ask_shop, missing_scopes, version_warning
    from backroom.shops.connection import keep_scopes
    from backroom.shops.credentials import read_credential
    from backroom.shops.shops import find_shop, set_setting, settings_of
    from backroom.vocabulary.clock import SystemClock

    with compose.open_house(read_settings(), tables="migrated") as house:
        with house.database.reading() as transaction:
            shop_id = find_shop(transaction, domain)
        facts = ask_shop(compose.client_of(house, shop_id))
        with house.database.writing() as transaction:
            if settings_of(transaction, domain)["currency"] is None:
                set_setting(transaction, domain, "currency", facts.currency)
            keep_scopes(transaction, shop_id, facts.scopes)
            again = reconnect(transaction, shop_id, BY_PLURAL, house.settings.public_url)
            credential = read_credential(transaction, house.vault, shop_id)
    if again is not None:
        typer.echo(again.sentence(facts.domain), err=True)
    grant = credential.grant
    wanted = {scope for resource in RESOURCES for scope in resource.scopes}
    return Tested(
        shop=facts.domain,
        name=facts.name,
        plan=facts.plan,
        currency=facts.currency,
        api_version=facts.api_version,
        api_version_supported=facts.api_version_supported,
        newest_version=facts.newest_version,
        scopes=facts.scopes,
        missing_scopes=missing_scopes(facts.scopes, wanted),
        max_product_variants=facts.max_product_variants,
        credential=credential.kind,
        expires_at=grant.expires_at if grant else None,
        refresh_expires_at=grant.refresh_expires_at if grant else None,
        warning=version_warning(facts, SystemClock().now().date()),
    )


def _lines(found: Tested) -> Iterator[Line]:
    supported = "supported" if found.api_version_supported else "not supported"
    yield Line(what="shop", found=f"{found.name} ({found.shop})")
    yield Line(what="plan", found=found.plan)
    yield Line(what="currency", found=found.currency)
    yield Line(
        what="API version", found=f"{found.api_version}, {supported}; the newest is {found.newest_version}"
    )
    yield Line(what="granted", found=", ".join(found.scopes) or "nothing")
    yield Line(what="missing", found=_needed(found) or "nothing")
    yield Line(what="variants", found=f"{found.max_product_variants} at most in one product")
    yield Line(what="opened by", found=_opened_by(found))


def _needed(found: Tested) -> str:
    """The missing scopes, and what they are needed for."""
    from backroom.registration.ungranted import in_words, lacking
    from backroom.resources.registry import RESOURCES

    return in_words(lacking(RESOURCES, found.scopes))


def _opened_by(found: Tested) -> str:
    match found.credential:
        case "access_token":
            return "an access token that does not expire"
        case "client_secret":
            kind = "the app's client secret"
        case _:
            kind = "an expiring token that is refreshed"
    until = when(found.expires_at) if found.expires_at else "further notice"
    return f"{kind}; the token at hand is good until {until}"
