"""A location: where stock lies. Its body as Shopify writes it: 2026-10, the keys of the 2026-07 samples.

Once the shop has it, it is replaced, never changed in place. What never happens here: stock.

Source: shopify.dev/docs/api/webhooks, locations/create, update, activate, deactivate.
"""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

import msgspec

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where it is. `country` and `province` are names, the codes ISO 3166's."""

    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    zip: str | None = None
    province: str | None = None
    province_code: str | None = None
    country: str = "United States"
    country_code: str = "US"
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """`deactivated_at` is None while it is active; `legacy`: of a fulfillment service, made by an app."""

    id: int
    name: str
    address: Address
    created_at: datetime
    updated_at: datetime
    deactivated_at: datetime | None = None
    legacy: bool = False

    @property
    def active(self) -> bool:
        return self.deactivated_at is None


FIRST: Final = (
    (
        "Main Street Store",
        Address(
            address1="34 Main Street",
            address2="2nd floor",
            city="Ottawa",
            zip="K1N 5T5",
            province="Ontario",
            province_code="ON",
            country="Canada",
            country_code="CA",
            phone="+16135550142",
        ),
    ),
    (
        "Lager Köln",
        Address(
            address1="Aachener Straße 7",
            city="Köln",
            zip="50674",
            country="Germany",
            country_code="DE",
        ),
    ),
    ("Warehouse", Address()),
)
"""The first ones of a shop: one with all of an address, one with some, one that has a country alone."""


def first_location(place: int, number: int, at: datetime) -> Location:
    """The shop's n-th, from 0; from the fourth on they are called by their number."""
    name, address = (
        FIRST[place] if place < len(FIRST) else (f"Store {place + 1}", Address(city="Springfield"))
    )
    return Location(id=number, name=name, address=address, created_at=at, updated_at=at)


def location_body(location: Location, offset: timezone) -> bytes:
    """The body of every topic of locations but the deletion; instants have the shop's offset."""
    address = location.address
    return _encode(
        {
            "id": location.id,
            "name": location.name,
            "address1": address.address1,
            "address2": address.address2,
            "city": address.city,
            "zip": address.zip,
            "province": address.province,
            "country": address.country_code,
            "phone": address.phone,
            "created_at": location.created_at.astimezone(offset).isoformat(timespec="seconds"),
            "updated_at": location.updated_at.astimezone(offset).isoformat(timespec="seconds"),
            "country_code": address.country_code,
            "country_name": address.country,
            "province_code": address.province_code,
            "legacy": location.legacy,
            "active": location.active,
            "admin_graphql_api_id": f"gid://shopify/Location/{location.id}",
        }
    )
