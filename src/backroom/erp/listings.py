"""Listings, their variants, products and SKUs of one batch, brought to what is said of them.

Enters: changes in the ERP's words. Leaves: drafts, and then rows and links, in a fixed number of statements
whatever the number of changes; none where there are no changes. The history is written by the batch.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.erp.drafts import Cause, Draft, Drafts, FieldChange
from backroom.erp.followers import Followers
from backroom.erp.following import SYNC, follow_listings
from backroom.erp.strangers import Claims, Naming, Strangers, without
from backroom.erp.tables import link_event, listing, listing_variant, product, sku
from backroom.vocabulary.ids import ShopId

CREATED = "created"
RESTORED = "restored"
"""A hand deleted the listing; its variants were left, and their SKUs are of this product."""


class VariantChange(Struct, frozen=True, kw_only=True):
    """A variant as it should be: the listed fields, by column name."""

    shopify_variant_id: int
    fields: Mapping[str, Any]


class Change(Struct, frozen=True, kw_only=True):
    """A listing as it should be. `whole`: variants that are not named are gone."""

    shopify_product_id: int
    fields: Mapping[str, Any]
    variants: tuple[VariantChange, ...]
    whole: bool
    cause: Cause


class Listings:
    """The part of one batch that is about listings. The arguments are `ErpWriter`'s."""

    def __init__(
        self,
        transaction: Transaction,
        shop_id: ShopId,
        now: datetime,
        *,
        locking: bool,
        checking: bool,
        anew: bool,
        claims: Claims,
    ) -> None:
        self._transaction = transaction
        self._checking = checking
        self._shop_id = shop_id
        self._now = now
        self._products = Drafts(product)
        self._skus = Drafts(sku)
        self._listings = Drafts(listing)
        self._variants = Drafts(listing_variant)
        self._strangers = Strangers(
            transaction=transaction, shop_id=shop_id, drafts=self._variants, claims=claims
        )
        self._locking = locking
        self._followers = Followers(
            transaction,
            now=now,
            products=self._products,
            skus=self._skus,
            listings=self._listings,
            variants=self._variants,
            locking=locking,
            all_said=anew,
        )
        self._new_listings: list[tuple[Draft, Draft, str]] = []
        self._adopted: list[tuple[Draft, Draft]] = []
        self._new_variants: list[tuple[Draft, Draft, Draft]] = []

    def put(self, changes: Sequence[Change]) -> None:
        """Brings listings to what is said. Raises Terminal where a variant is another product's."""
        held = self._load_listings([change.shopify_product_id for change in changes])
        variants = self._load_variants(held.values())
        taken: dict[int, dict[int, Draft]] = {}
        if self._checking:
            taken = self._strangers.taken_back([_naming(change, held) for change in changes], variants)
        of_listing = _by_listing(without(variants, taken) if taken else variants.values())
        for change in sorted(changes, key=lambda each: each.shopify_product_id):
            row = held.get(change.shopify_product_id)
            adopted = taken.get(change.shopify_product_id, {})
            if row is None:
                row = self._create_listing(change, adopted.values())
                self._adopted += [(variant, row) for variant in adopted.values()]
                self._put_variants(row, change, adopted)
            else:
                row.change({**change.fields, "is_active": True}, change.cause)
                self._put_variants(row, change, {**of_listing.get(row["id"], {}), **adopted})

    def deactivate(self, departures: Sequence[tuple[int, Cause]]) -> None:
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

    @property
    def strayed(self) -> Sequence[FieldChange]:
        """See `ErpWriter.strayed_links`."""
        return self._followers.strayed

    def follow(self) -> None:
        """Brings products and SKUs to what follows from the changes."""
        self._followers.follow()

    def link_new_rows(self) -> None:
        """Ids for all new rows, then the references between them."""
        for drafts in (self._products, self._listings, self._skus, self._variants):
            drafts.allocate(self._transaction)
        for row, made, _ in self._new_listings:
            row.values["product_id"] = made["id"]
        for variant, row in self._adopted:
            variant.values["listing_id"] = row["id"]
        for variant, made, row in self._new_variants:
            made.values["product_id"] = row["product_id"]
            variant.values["listing_id"] = row["id"]
            variant.values["sku_id"] = made["id"]
        products = {row["id"]: row["product_id"] for row in self._listings}
        for made, variant in self._followers.remade_skus:
            made.values["product_id"] = products[variant["listing_id"]]

    def flush(self) -> None:
        """Writes rows that are referred to before rows that refer to them, and reads nothing."""
        for drafts in self._all():
            drafts.flush(self._transaction)
        self._write_links()

    def history(self) -> Iterator[FieldChange]:
        for drafts in self._all():
            yield from drafts.history()

    def _all(self) -> tuple[Drafts, ...]:
        return self._products, self._skus, self._listings, self._variants

    def _load_listings(self, shopify_ids: Sequence[int]) -> dict[int, Draft]:
        if not shopify_ids:
            return {}
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

    def _create_listing(self, change: Change, adopted: Iterable[Draft]) -> Draft:
        """`adopted`: its variants that a hand left, whose product it gets again."""
        number = self._strangers.product_of(adopted) if adopted else None
        made = None if number is None else self._load_product(number)
        rule = CREATED if made is None else RESTORED
        if made is None:
            name = change.fields.get("title")
            fields = {"origin": SYNC, "name": name, "is_active": True, "created_at": self._now}
            # Under its old id, where it is gone, too: the SKUs still name it.
            made = self._products.create({"id": number, **fields}, change.cause)
        row = self._listings.create(
            {
                "shop_id": self._shop_id,
                "shopify_product_id": change.shopify_product_id,
                "linked_by": rule,
                "is_active": True,
                **change.fields,
            },
            change.cause,
            has_entry=rule == RESTORED,
        )
        if rule == RESTORED:
            follow_listings(made, [row.values], change.cause)
        self._new_listings.append((row, made, rule))
        return row

    def _load_product(self, number: int) -> Draft | None:
        if self._locking:
            self._transaction.lock_rows(product, [number])
        found = self._transaction.execute(select(product).where(product.c.id == number)).all()
        return self._products.load(found)[0] if found else None

    def _put_variants(self, row: Draft, change: Change, held: Mapping[int, Draft]) -> None:
        named = set()
        # A hand may have changed where it belongs, too.
        place = {"shop_id": self._shop_id, "listing_id": row["id"], "is_active": True}
        for wanted in change.variants:
            named.add(wanted.shopify_variant_id)
            variant = held.get(wanted.shopify_variant_id)
            if variant is None:
                self._create_variant(row, wanted, change.cause)
            else:
                variant.change({**wanted.fields, **place}, change.cause)
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

    def _write_links(self) -> None:
        rows = [
            (
                row["id"],
                made["id"],
                "linked",
                rule,
                {"shopify_product_id": row["shopify_product_id"]},
                SYNC,
                self._now,
            )
            for row, made, rule in self._new_listings
        ]
        self._transaction.insert(
            link_event, ("listing_id", "product_id", "action", "rule", "evidence", "actor", "at"), rows
        )


def _naming(change: Change, held: Mapping[int, Draft]) -> Naming:
    row = held.get(change.shopify_product_id)
    return Naming(
        product_id=change.shopify_product_id,
        whole=change.whole,
        named={variant.shopify_variant_id for variant in change.variants},
        listing_id=None if row is None else row["id"],
    )


def _by_listing(variants: Iterable[Draft]) -> dict[int, dict[int, Draft]]:
    """{listing id: {Shopify's variant id: variant}}"""
    groups: dict[int, dict[int, Draft]] = {}
    for variant in variants:
        groups.setdefault(variant["listing_id"], {})[variant["shopify_variant_id"]] = variant
    return groups
