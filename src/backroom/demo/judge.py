"""The judgement: everything that the shop has is in the ERP's tables, field by field, and nothing else.

Enters: the shop's truth and its counters, and what Backroom holds. Leaves: a verdict. Pure.

| a product | wanted of Backroom |
| the shop has it | equal in every field, with all of its variants, however its webhooks came |
| it was deleted | inactive, whatever a late body said |
| anything else | not there |

Stock is judged in `stock_judge`. At rest nothing is wanted any more, nothing is parked or dead, and every
run succeeded. What the shop gave up after all retries is a difference, whatever a later fetch has mended:
Backroom refused it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from backroom.demo.expected import GONE_PRODUCT, GONE_VARIANT, expected_product, expected_variant
from backroom.demo.held import Held, HeldProduct
from backroom.demo.stock_judge import judge_stock
from backroom.demo.verdict import CREATIONS, Verdict

Json = Mapping[str, Any]
REFETCH: Final = "a refetch"
SHARING: Final = "how many share its row in the ERP"


def judge(truth: Json, held: Held, status: Json, *, pulled: bool = False) -> Verdict:
    """The verdict. `truth` and `status` are what /control/truth and /control/status answer.

    `pulled`: a sync of stock came after the last change, so what no webhook tells is compared, too.
    """
    verdict = Verdict()
    known = {product["id"] for product in truth["products"]} | set(truth["deleted"])
    for product in truth["products"]:
        _judge_product(verdict, product, held)
    for product_id in truth["deleted"]:
        _judge_deleted(verdict, product_id, held)
    for product_id in sorted(held.products.keys() - known):
        verdict.differ(f"product {product_id}", "listing", "none: no shop has it", "one")
    _judge_ties(verdict, held)
    judge_stock(verdict, truth, held, pulled=pulled)
    for what, reason in sorted(held.wanted.items()):
        verdict.differ(what, REFETCH, "not wanted any more", reason)
    for run_id, error in sorted(held.failures.items()):
        verdict.differ(f"run {run_id}", "its end", "succeeded", error)
    for name in ("parked", "dead"):
        verdict.compare("the whole", {name: 0}, {name: getattr(held, name)})
    for name in ("given_up", "removed_subscriptions"):
        verdict.compare("the whole", {name: 0}, status)
    return verdict


def _judge_product(verdict: Verdict, product: Json, held: Held) -> None:
    what = f"product {product['id']}"
    found = held.products.get(product["id"])
    if found is None:
        verdict.differ(what, "listing", "one", "none")
        return
    verdict.products += 1
    verdict.compare(what, expected_product(product), found.row)
    _judge_variants(verdict, product["variants"], found)


def _judge_variants(verdict: Verdict, variants: Sequence[Json], found: HeldProduct) -> None:
    for variant in variants:
        what = f"variant {variant['id']}"
        row = found.variants.get(variant["id"])
        if row is None:
            verdict.differ(what, "listing_variant", "one", "none")
            continue
        verdict.variants += 1
        verdict.compare(what, expected_variant(variant, found.row["listing.product_id"]), row)
    _judge_gone(verdict, found, {variant["id"] for variant in variants})


def _judge_gone(verdict: Verdict, found: HeldProduct, alive: Collection[int]) -> None:
    """Variants that the product has no more are kept, and inactive."""
    for variant_id, row in found.variants.items():
        if variant_id not in alive:
            verdict.variants += 1
            verdict.compare(f"variant {variant_id}", GONE_VARIANT, row)


def _judge_deleted(verdict: Verdict, product_id: int, held: Held) -> None:
    verdict.deleted += 1
    # One that was deleted before Backroom saw anything of it leaves nothing to write.
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
