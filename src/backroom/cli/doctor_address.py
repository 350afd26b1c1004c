"""Where Shopify reaches us, as the doctor looks at it: whether that is said, and whether Shopify takes it.

Enters: BACKROOM_PUBLIC_URL of the terminal that asks, and the shops' schedules. Leaves: one finding. What
never happens here: a request to the address.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from backroom.cli.doctor_findings import Finding

if TYPE_CHECKING:
    from backroom.compose import House

_ANY = "https://backroom.example.com"


def look_for_address(house: "House") -> Iterator[Finding]:
    """That it is missing is a warning where a shop's subscriptions would be looked at if it was not."""
    from backroom.jobs.schedules import WEBHOOKS, read_standings

    if house.settings.public_url is not None:
        yield look_at_address(house.settings.public_url)
        return
    with house.database.reading() as transaction:
        now = transaction.now()
        # As if it was set: what a shop waits for then, it waits for besides.
        standings = read_standings(transaction, (), _ANY, (WEBHOOKS,))
    yield _missing(is_wanted=any(each.next_at(now) is not None for each in standings))


def look_at_address(public_url: str) -> Finding:
    """The one that is set: what becomes of it, and who can reach it."""
    from backroom.registration.desired import address_of

    found = f"webhooks come to {address_of(public_url)}"
    if _is_loopback(public_url):
        found += ", on this machine: a simulated shop reaches that, Shopify does not"
    elif urlsplit(public_url).scheme == "http":
        advice = "write https:// into BACKROOM_PUBLIC_URL, and see that a proxy speaks it there"
        return Finding(
            check="address", state="warn", found=f"{found}: Shopify delivers to https only", advice=advice
        )
    return Finding(check="address", state="ok", found=found)


def _missing(*, is_wanted: bool) -> Finding:
    found = "BACKROOM_PUBLIC_URL is not set: no webhook subscription can be made"
    if not is_wanted:
        return Finding(check="address", state="ok", found=f"{found}; no shop waits for one")
    advice = "set it to where Shopify reaches `backroom serve`, or `backroom schedule off webhooks`"
    return Finding(check="address", state="warn", found=found, advice=advice)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
