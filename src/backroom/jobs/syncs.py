"""What `sync` means: which shops, which mode, from when on. For the CLI and the API alike."""

from datetime import datetime, timedelta
from typing import Final

from backroom.cache.watermarks import read_watermark
from backroom.db.database import Transaction
from backroom.jobs.requests import NewRun
from backroom.shops.shops import Shop, checked_domain, list_shops
from backroom.vocabulary.clock import format_instant, parse_instant
from backroom.vocabulary.errors import Misuse, Unknown

SYNC: Final = "sync"
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


class NoCredentials(Misuse):
    """The shop has nothing to ask Shopify with."""


def shops_to_sync(transaction: Transaction, domain: str | None) -> list[Shop]:
    """The shop of a domain, or all that can be asked. Raises Unknown, and NoCredentials."""
    shops = list_shops(transaction)
    if domain is None:
        found = [shop for shop in shops if shop.credential is not None]
        if not found:
            raise Unknown("there is no shop to sync: add one with `backroom shop add DOMAIN`")
        return found
    name = checked_domain(domain)
    shop = next((shop for shop in shops if shop.domain == name), None)
    if shop is None:
        raise Unknown(f"no such shop: {name}")
    if shop.credential is None:
        raise NoCredentials(f"{name} has no credentials: give them with `backroom shop add {name}`")
    return [shop]


def new_sync(
    transaction: Transaction,
    shop: Shop,
    resource: str,
    *,
    full: bool,
    since: datetime | None,
    requested_by: str,
) -> NewRun:
    """A sync of all there is (`full`), or of what changed since the last one, or since an instant.

    The first one of a shop is full, unless it is asked since when: there is nothing that it could begin from.
    """
    if full and since is not None:
        raise Misuse("a full sync fetches everything: leave out since")
    if since is not None and since > transaction.now():
        raise Misuse(f"{format_instant(since)} has not come yet: nothing can have changed since")
    full = full or (since is None and read_watermark(transaction, shop.id, resource) is None)
    return NewRun(
        kind=SYNC,
        resource=resource,
        mode="full" if full else "incremental",
        shop_id=shop.id,
        requested_by=requested_by,
        options={} if since is None else {"since": format_instant(since)},
    )


def since_of(text: str, now: datetime) -> datetime:
    """`2026-11-28T09:00:00Z`, or how long ago: `90m`, `36h`, `7d`. Raises Misuse."""
    number, unit = text[:-1], text[-1:]
    try:
        if unit in _UNITS and number.isascii() and number.isdigit():
            return now - timedelta(**{_UNITS[unit]: int(number)})
        return parse_instant(text)
    except (OverflowError, ValueError):
        raise Misuse(
            f"{text[:40]!r} is no instant: write 2026-11-28T09:00:00Z, or how long ago, like 90m, 36h or 7d"
        ) from None
