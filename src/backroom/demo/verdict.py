"""The verdict: everything that was carried is in the ERP's tables, field by field, and nothing else.

Enters: the shop's truth and record of deliveries, and what Backroom holds. Leaves: a verdict. Pure.

| newest version of a product | wanted of Backroom |
| carried whole | equal in every field; no refetch wanted, unless a body of it once came without its content |
| carried, but truncated | what the body held is equal; a refetch is wanted |
| carried as an id alone | a refetch is wanted |
| deleted, and that was carried | inactive, whatever a late body said; that wants a refetch |
| dropped by a fault | not judged: nobody told Backroom |
| given up after all retries | a difference: Backroom refused it |
| still on its way | a difference: the verdict was asked for too early |

A want too many is a difference as well, where it is certain: see `_judge_want`.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from backroom.demo.expected import GONE_PRODUCT, GONE_VARIANT, expected_product, expected_variant
from backroom.demo.held import Held, HeldProduct
from backroom.demo.record import Record

Json = Mapping[str, Any]
REFETCH: Final = "a refetch"
SHARING: Final = "how many share its row in the ERP"
CREATIONS: Final = "entries of its creation in the history"
MOST_VARIANTS_IN_A_BODY: Final = 100
"""Shopify's: shopify.dev/docs/api/webhooks, since 2024-04."""
FEW_VARIANTS: Final = 50
"""A product with no more than these, gone ones counted, was never large enough to be truncated."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be. `what`: a product or variant; `field`: `table.column`."""

    what: str
    field: str
    wanted: Any
    held: Any


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What was compared, what was not, and what differed."""

    products: int = 0
    variants: int = 0
    fields: int = 0
    deleted: int = 0
    truncated: int = 0
    id_only: int = 0
    wanting: int = 0
    lost: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """False as well where nothing was there to compare: such a check would prove nothing."""
        return not self.differences and self.products > 0

    def compare(self, what: str, wanted: Mapping[str, Any], held: Mapping[str, Any]) -> None:
        for name, value in wanted.items():
            self.fields += 1
            if held[name] != value:
                self.differ(what, name, value, held[name])

    def differ(self, what: str, name: str, wanted: Any, held: Any) -> None:
        self.differences.append(Difference(what, name, wanted, held))


def judge(truth: Json, held: Held, record: Record) -> Verdict:
    """The verdict. `truth` is what /control/truth answers."""
    verdict = Verdict(wanting=len(held.wanted))
    known = {product["id"] for product in truth["products"]} | set(truth["deleted"])
    for product in truth["products"]:
        _judge_product(verdict, product, truth["carried"][str(product["id"])], held, record)
    for product_id in truth["deleted"]:
        _judge_deleted(verdict, product_id, truth["carried"][str(product_id)], held, record)
    for product_id in sorted(held.products.keys() - known):
        verdict.differ(f"product {product_id}", "listing", "none: no shop has it", "one")
    _judge_ties(verdict, held)
    for name in ("parked", "dead"):
        verdict.compare("the whole", {name: 0}, {name: getattr(held, name)})
    for name in ("given_up", "removed_subscriptions"):
        verdict.compare("the whole", {name: 0}, {name: getattr(record, name)})
    return verdict


def _judge_product(verdict: Verdict, product: Json, carried: Json, held: Held, record: Record) -> None:
    what = f"product {product['id']}"
    if not _arrived(verdict, product["id"], carried, record):
        return
    if carried["whole"]:
        _judge_want(verdict, product["id"], held, record)
    else:
        _want_is_there(verdict, product["id"], held)
        if len(product["variants"]) <= MOST_VARIANTS_IN_A_BODY or product["id"] in record.newest_cut:
            verdict.id_only += 1
            return
        verdict.truncated += 1
    found = held.products.get(product["id"])
    if found is None:
        verdict.differ(what, "listing", "one", "none")
        return
    verdict.products += 1
    verdict.compare(what, expected_product(product), found.row)
    _judge_variants(verdict, product["variants"], found, whole=carried["whole"])


def _judge_variants(verdict: Verdict, variants: Sequence[Json], found: HeldProduct, *, whole: bool) -> None:
    carried = variants if whole else variants[:MOST_VARIANTS_IN_A_BODY]
    for variant in carried:
        what = f"variant {variant['id']}"
        row = found.variants.get(variant["id"])
        if row is None:
            verdict.differ(what, "listing_variant", "one", "none")
            continue
        verdict.variants += 1
        verdict.compare(what, expected_variant(variant, found.row["listing.product_id"]), row)
    if whole:
        _judge_gone(verdict, found, {variant["id"] for variant in variants})


def _judge_gone(verdict: Verdict, found: HeldProduct, alive: Collection[int]) -> None:
    """Variants that the product has no more are kept, and inactive."""
    for variant_id, row in found.variants.items():
        if variant_id not in alive:
            verdict.variants += 1
            verdict.compare(f"variant {variant_id}", GONE_VARIANT, row)


def _judge_deleted(verdict: Verdict, product_id: int, carried: Json, held: Held, record: Record) -> None:
    if not _arrived(verdict, product_id, carried, record):
        return
    verdict.deleted += 1
    _judge_want(verdict, product_id, held, record)
    # A deletion that comes before any body leaves nothing to write.
    found = held.products.get(product_id)
    if found is not None:
        verdict.compare(f"product {product_id}", GONE_PRODUCT, found.row)
        _judge_gone(verdict, found, ())


def _judge_ties(verdict: Verdict, held: Held) -> None:
    """Every listing made a product of its own, every variant a SKU; both were entered in the history once.

    What is created together is one entry: a listing's is its product's, a variant's is its SKU's.
    """
    variants = {number: row for each in held.products.values() for number, row in each.variants.items()}
    listings = {number: each.row for number, each in held.products.items()}
    for what, table, rows in (("product", "product", listings), ("variant", "sku", variants)):
        sharing = Counter(row[f"{table}.id"] for row in rows.values())
        for number, row in rows.items():
            row_id = row[f"{table}.id"]
            found = {SHARING: sharing[row_id], CREATIONS: held.creations.get((table, row_id), 0)}
            verdict.compare(f"{what} {number}", {SHARING: 1, CREATIONS: 1}, found)
    for table, row_id in held.untied:
        verdict.differ(f"{table} with the ERP's id {row_id}", "what it was made for", "there", "nowhere")


def _arrived(verdict: Verdict, product_id: int, carried: Json, record: Record) -> bool:
    if carried["state"] == "carried":
        return True
    if carried["state"] == "pending":
        verdict.differ(f"product {product_id}", "its newest version", "carried", "still on its way")
    elif record.excuses(product_id):
        verdict.lost += 1
    else:
        verdict.differ(f"product {product_id}", "its newest version", "carried", "sent, and never accepted")
    return False


def _judge_want(verdict: Verdict, product_id: int, held: Held, record: Record) -> None:
    """A want is answered by a pull only: a whole body that comes after one that was not does not end it.

    One too many is certain where the record is complete, says nothing of a late body, and the product was
    never large enough for a body to be truncated.
    """
    if product_id in record.cut or product_id in record.late:
        _want_is_there(verdict, product_id, held)
        return
    found = held.products.get(product_id)
    never_truncated = found is not None and len(found.variants) <= FEW_VARIANTS
    certain = record.complete and never_truncated and product_id not in record.unsure
    if certain and product_id in held.wanted:
        verdict.differ(f"product {product_id}", REFETCH, "not wanted", held.wanted[product_id])


def _want_is_there(verdict: Verdict, product_id: int, held: Held) -> None:
    wanted = "wanted" if product_id in held.wanted else "not wanted"
    verdict.compare(f"product {product_id}", {REFETCH: "wanted"}, {REFETCH: wanted})
