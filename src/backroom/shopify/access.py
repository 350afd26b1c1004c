"""What a shop lets us do, for `shop test`: its name and plan, granted scopes, API versions. Reads only.

Source: shopify.dev/docs/api/usage/versioning and .../access-scopes (2026-10).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from backroom.shopify.answers import decoded
from backroom.shopify.documents import SHOP
from backroom.vocabulary.errors import ShopNotFound

if TYPE_CHECKING:
    from backroom.shopify.client import Client  # its HTTP client is slow to import, and dates need none

WARNED_BEFORE: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFacts:
    """What Shopify says of a shop and of us in it.

    `api_version` is the pinned one, `answered_by` the one that answered (Shopify goes on with its oldest one
    where the pinned one is gone), `versions` the stable ones, oldest first.
    """

    name: str
    domain: str
    plan: str
    currency: str
    api_version: str
    api_version_supported: bool
    answered_by: str | None
    versions: tuple[str, ...]
    scopes: tuple[str, ...]
    max_product_variants: int
    max_product_options: int

    @property
    def newest_version(self) -> str | None:
        return self.versions[-1] if self.versions else None


class _Plan(msgspec.Struct, rename="camel"):
    public_display_name: str


class _Limits(msgspec.Struct, rename="camel"):
    max_product_variants: int
    max_product_options: int


class _Shop(msgspec.Struct, rename="camel"):
    name: str
    myshopify_domain: str
    currency_code: str
    plan: _Plan
    resource_limits: _Limits


class _Handle(msgspec.Struct):
    handle: str


class _Version(msgspec.Struct):
    handle: str
    supported: bool


class _Installation(msgspec.Struct, rename="camel"):
    access_scopes: list[_Handle]


class _Facts(msgspec.Struct, rename="camel"):
    shop: _Shop
    current_app_installation: _Installation
    public_api_versions: list[_Version]


def ask_shop(client: "Client") -> ShopFacts:
    """One question. Raises what `Client.ask` raises, and ShopNotFound where another shop answers."""
    answer = client.ask(SHOP)
    facts = decoded(answer.data, _Facts)
    _refuse_another(facts.shop.myshopify_domain, client.shop.domain)
    # The release candidate and `unstable` are listed, too, and not supported.
    supported = sorted(version.handle for version in facts.public_api_versions if version.supported)
    pinned = client.shop.api_version
    return ShopFacts(
        name=facts.shop.name,
        domain=facts.shop.myshopify_domain,
        plan=facts.shop.plan.public_display_name,
        currency=facts.shop.currency_code,
        api_version=pinned,
        api_version_supported=pinned in supported,
        answered_by=answer.version,
        versions=tuple(supported),
        scopes=tuple(sorted(scope.handle for scope in facts.current_app_installation.access_scopes)),
        max_product_variants=facts.shop.resource_limits.max_product_variants,
        max_product_options=facts.shop.resource_limits.max_product_options,
    )


def _refuse_another(answered: str, domain: str) -> None:
    """Or the products of a whole foreign shop would be taken for this one's."""
    if answered.lower() != domain.lower():
        raise ShopNotFound(
            f"{domain}'s address answers as {answered}: check its api_url, or add the shop as {answered}"
        )


def missing_scopes(granted: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of `wanted` that are not granted; who may write may read."""
    has = set(granted)
    has |= {"read_" + scope.removeprefix("write_") for scope in has if scope.startswith("write_")}
    return tuple(sorted(set(wanted) - has))


def end_of_version(version: str) -> date:
    """The day until which a version answers at least: a year from when it came out."""
    year, month = map(int, version.split("-"))
    return date(year + 1, month, 1)


def version_warning(facts: ShopFacts, today: date) -> str | None:
    """What is to be done about the pinned version, in one sentence, or None."""
    end = end_of_version(facts.api_version)
    newer = f"a newer Backroom or BACKROOM_API_VERSION is needed ({', '.join(facts.versions)})"
    if not facts.api_version_supported:
        return f"API version {facts.api_version} is not supported any more: {newer}"
    if facts.answered_by not in (None, facts.api_version):
        return f"API version {facts.answered_by} answered instead of {facts.api_version}: {newer}"
    if today >= end - WARNED_BEFORE:
        return f"API version {facts.api_version} ends on {end}: {newer}"
    return None
