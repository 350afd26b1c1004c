"""The only hand on the ERP tables: brings listings, their variants, products and SKUs to what is said.

Enters: changes in the ERP's words, for one shop, under its lock. Leaves: rows, links, history, in a fixed
number of statements whatever the number of changes. What never happens here: reading bodies, commits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.erp.changes import write_changes
from backroom.erp.drafts import Cause, Draft, Drafts, FieldChange
from backroom.erp.followers import Followers
from backroom.erp.following import SYNC
from backroom.erp.tables import link_event, listing, listing_variant, product, sku
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ShopId

__all__ = ["Cause", "Change", "ErpWriter", "VariantChange"]

CREATED = "created"


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantChange:
    """A variant as it should be: the listed fields, by column name."""

    shopify_variant_id: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A listing as it should be. `whole`: variants that are not named are gone."""

    shopify_product_id: int
    fields: Mapping[str, Any]
    variants: tuple[VariantChange, ...]
    whole: bool
    cause: Cause


class ErpWriter:
    """One batch for one shop. Collect with `put_*` and `deactivate_*`, then `resolve` and `flush` once.

    A batch names each listing once. `locking` False: for `plan` within a transaction that only reads.
    `checking` False: a variant that is another product's is left to the unique key, whose error is as
    final but does not say whose it is.
    """

    def __init__(
        self,
        transaction: Transaction,
        shop_id: ShopId,
        now: datetime,
        *,
        locking: bool = True,
        checking: bool = True,
    ) -> None:
        self._transaction = transaction
        self._checking = checking
        self._shop_id = shop_id
        self._now = now
        self._products = Drafts(product)
        self._skus = Drafts(sku)
        self._listings = Drafts(listing)
        self._variants = Drafts(listing_variant)
        self._followers = Followers(
            transaction,
            products=self._products,
            skus=self._skus,
            listings=self._listings,
            variants=self._variants,
            locking=locking,
        )
        self._order = 0
        self._new_listings: list[tuple[Draft, Draft]] = []
        self._new_variants: list[tuple[Draft, Draft, Draft]] = []

    def put_listings(self, changes: Sequence[Change]) -> None:
        """Brings listings to what is said. Raises Terminal where a variant is another product's."""
        held = self._load_listings([change.shopify_product_id for change in changes])
        variants = self._load_variants(held.values())
        if self._checking:
            self._refuse_strangers(changes, variants)
        of_listing = _by_listing(variants.values())
        for change in sorted(changes, key=lambda each: each.shopify_product_id):
            row = held.get(change.shopify_product_id)
            if row is None:
                row = self._create_listing(change)
            else:
                row.change({**change.fields, "is_active": True}, change.cause)
            self._put_variants(row, change, of_listing.get(row["id"], {}))

    def deactivate_listings(self, departures: Sequence[tuple[int, Cause]]) -> None:
        """Marks listings and their variants as gone. An unknown listing is gone already."""
        held = self._load_listings([shopify_id for shopify_id, _ in departures])
        of_listing = _by_listing(self._load_variants(held.values()).values())
        for shopify_id, cause in departures:
            row = held.get(shopify_id)
            if row is None:
                continue
            row.change({"is_active": False}, cause)
            for variant in of_listing.get(row["id"], {}).values():
                variant.change({"is_active": False}, cause)

    def resolve(self) -> None:
        """Reads what is still needed: what follows from the changes, ids for new rows, references to them."""
        self._followers.follow()
        self._link_new_rows()
        self._order = self._transaction.commit_order()

    def flush(self) -> None:
        """Writes everything, after `resolve`: rows that are referred to before rows that refer to them.

        Reads nothing, so it may run `unanswered`.
        """
        for drafts in (self._products, self._skus, self._listings, self._variants):
            drafts.flush(self._transaction)
        self._write_links()
        write_changes(self._transaction, self._shop_id, self._order, self.pending_changes(), self._now)

    def plan(self) -> list[FieldChange]:
        """What `flush` would write, without writing (new rows have no ids yet)."""
        self._followers.follow()
        return list(self.pending_changes())

    def pending_changes(self) -> Iterable[FieldChange]:
        for drafts in (self._products, self._skus, self._listings, self._variants):
            yield from drafts.history()

    def _load_listings(self, shopify_ids: Sequence[int]) -> dict[int, Draft]:
        statement = select(listing).where(
            listing.c.shop_id == self._shop_id, among(listing.c.shopify_product_id, shopify_ids)
        )
        return {
            row["shopify_product_id"]: row
            for row in self._listings.load(self._transaction.execute(statement).all())
        }

    def _load_variants(self, listings: Iterable[Draft]) -> dict[int, Draft]:
        ids = sorted(row["id"] for row in listings)
        if not ids:
            return {}
        statement = select(listing_variant).where(among(listing_variant.c.listing_id, ids))
        return {
            row["shopify_variant_id"]: row
            for row in self._variants.load(self._transaction.execute(statement).all())
        }

    def _refuse_strangers(self, changes: Sequence[Change], known: Mapping[int, Draft]) -> None:
        """Shopify never moves a variant to another product: such a body must not take the other's row."""
        products = {row["id"]: row["shopify_product_id"] for row in self._listings}
        owners = {variant_id: products[row["listing_id"]] for variant_id, row in known.items()}
        named = {variant.shopify_variant_id for change in changes for variant in change.variants}
        owners |= self._held_variants(sorted(named - set(known)))
        for change in changes:
            for variant in change.variants:
                owner = owners.setdefault(variant.shopify_variant_id, change.shopify_product_id)
                if owner != change.shopify_product_id:
                    raise Terminal(
                        f"variant {variant.shopify_variant_id} of product {change.shopify_product_id}"
                        f" belongs to product {owner} already"
                    )

    def _held_variants(self, variant_ids: Sequence[int]) -> dict[int, int]:
        """{Shopify's variant id: Shopify's product id} of those that some listing has."""
        if not variant_ids:
            return {}
        c = listing_variant.c
        # Two plain look-ups: for a join with a list both planners may choose to read a whole index.
        found = self._transaction.execute(
            select(c.shopify_variant_id, c.listing_id).where(
                c.shop_id == self._shop_id, among(c.shopify_variant_id, variant_ids)
            )
        ).all()
        if not found:
            return {}
        named = select(listing.c.id, listing.c.shopify_product_id).where(
            among(listing.c.id, {row.listing_id for row in found})
        )
        products = {row.id: row.shopify_product_id for row in self._transaction.execute(named)}
        return {row.shopify_variant_id: products[row.listing_id] for row in found}

    def _create_listing(self, change: Change) -> Draft:
        made = self._products.create(
            {"origin": SYNC, "name": change.fields.get("title"), "is_active": True, "created_at": self._now},
            change.cause,
        )
        row = self._listings.create(
            {
                "shop_id": self._shop_id,
                "shopify_product_id": change.shopify_product_id,
                "linked_by": CREATED,
                "is_active": True,
                **change.fields,
            },
            change.cause,
            has_entry=False,
        )
        self._new_listings.append((row, made))
        return row

    def _put_variants(self, row: Draft, change: Change, held: Mapping[int, Draft]) -> None:
        named = set()
        for wanted in change.variants:
            named.add(wanted.shopify_variant_id)
            variant = held.get(wanted.shopify_variant_id)
            if variant is None:
                self._create_variant(row, wanted, change.cause)
            else:
                variant.change({**wanted.fields, "is_active": True}, change.cause)
        if change.whole:
            for variant_id, variant in held.items():
                if variant_id not in named:
                    variant.change({"is_active": False}, change.cause)

    def _create_variant(self, row: Draft, wanted: VariantChange, cause: Cause) -> None:
        made = self._skus.create(
            {
                "product_id": row["product_id"],
                "origin": SYNC,
                "sku_code": wanted.fields.get("sku_code"),
                "barcode": wanted.fields.get("barcode"),
                "is_active": True,
                "created_at": self._now,
            },
            cause,
        )
        variant = self._variants.create(
            {
                "shop_id": self._shop_id,
                "shopify_variant_id": wanted.shopify_variant_id,
                "is_active": True,
                **wanted.fields,
            },
            cause,
            has_entry=False,
        )
        self._new_variants.append((variant, made, row))

    def _link_new_rows(self) -> None:
        """Ids for all new rows, then the references between them."""
        for drafts in (self._products, self._listings, self._skus, self._variants):
            drafts.allocate(self._transaction)
        for row, made in self._new_listings:
            row.values["product_id"] = made["id"]
        for variant, made, row in self._new_variants:
            made.values["product_id"] = row["product_id"]
            variant.values["listing_id"] = row["id"]
            variant.values["sku_id"] = made["id"]

    def _write_links(self) -> None:
        rows = [
            (
                row["id"],
                made["id"],
                "linked",
                CREATED,
                {"shopify_product_id": row["shopify_product_id"]},
                SYNC,
                self._now,
            )
            for row, made in self._new_listings
        ]
        self._transaction.insert(
            link_event, ("listing_id", "product_id", "action", "rule", "evidence", "actor", "at"), rows
        )


def _by_listing(variants: Iterable[Draft]) -> dict[int, dict[int, Draft]]:
    """{listing id: {Shopify's variant id: variant}}"""
    groups: dict[int, dict[int, Draft]] = {}
    for variant in variants:
        groups.setdefault(variant["listing_id"], {})[variant["shopify_variant_id"]] = variant
    return groups
