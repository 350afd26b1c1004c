"""Links that are not as they were made: a hand changed them, or the rows that they lead to. Reads only.

Enters: listings and variants with the links that they hold. Leaves: those among them that hold another. Each
link of a listing is recorded when it is made (`link_event`); of a variant it is known that its SKU is one of
the product of its listing. What never happens here: a decision which link is right; that is for people.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import func, select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.erp.tables import link_event, listing

LINKED: Final = "linked"
Rows = Iterable[Mapping[str, Any]]


def strayed_listings(transaction: Transaction, listings: Rows) -> dict[int, int]:
    """{listing's id: the product that it was linked to} of those that are linked to another one now."""
    held = {row["id"]: row["product_id"] for row in listings}
    recorded = _recorded(transaction, held)
    return {number: recorded[number] for number in held if recorded.get(number, held[number]) != held[number]}


def strayed_variants(transaction: Transaction, variants: Rows, products: Mapping[int, int]) -> set[int]:
    """The ids of those whose SKU is of another product than their listing. `products`: {SKU: its product}."""
    rows = list(variants)
    owners = {row["listing_id"] for row in rows}
    found = transaction.execute(
        select(listing.c.id, listing.c.product_id).where(among(listing.c.id, sorted(owners)))
    )
    linked = {row[0]: row[1] for row in found} | _recorded(transaction, owners)
    return {row["id"] for row in rows if linked.get(row["listing_id"]) != products.get(row["sku_id"])}


def _recorded(transaction: Transaction, listing_ids: Iterable[int]) -> dict[int, int]:
    """By listing, what its newest link says; one without is not named."""
    ids = sorted(listing_ids)
    if not ids:
        return {}
    c = link_event.c
    newest = select(func.max(c.id)).where(among(c.listing_id, ids)).group_by(c.listing_id)
    rows = transaction.execute(select(c.listing_id, c.product_id).where(c.id.in_(newest), c.action == LINKED))
    return {row[0]: row[1] for row in rows}
