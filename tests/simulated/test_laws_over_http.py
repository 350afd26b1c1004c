"""The laws once more, the way that Shopify meets them: signed HTTP, real retries, the real server and worker.

In process they are tested with more schedules (tests/laws); here nothing is left out between a merchant's
edit and the ERP's row.
"""

import json
import os

import pytest

from backroom.erp.tables import field_change
from backroom.ingress.tables import webhook_delivery
from backroom.resources.product import shopify_product_cache
from shopify_simulator.shop.product import Product
from tests.crash.served import Served
from tests.simulated.scene import Scene, a_scene
from tests.waiting import eventually

SOAK = bool(os.environ.get("SOAK"))
SEEDS = range(1, 21) if SOAK else range(1, 3)
KILLS = 3 if SOAK else 2


def assert_holds(scene: Scene) -> None:
    verdict = scene.verdict()
    assert verdict.differences[:5] == []
    assert verdict.holds


def test_law_1_all_that_was_acknowledged_is_in_the_inbox(backroom: Served) -> None:
    with a_scene(backroom, "law-1") as scene:
        scene.open()
        scene.live(60)
        scene.come_to_rest()
        acknowledged = {row["webhook_id"] for row in scene.sent() if row["state"] == "delivered"}
        assert len(acknowledged) > 60
        assert {row["webhook_id"] for row in scene.stored()} == acknowledged
        assert_holds(scene)


def test_a_rotated_secret_loses_nothing(backroom: Served) -> None:
    with a_scene(backroom, "rotation") as scene:
        scene.open()
        scene.live(20)
        scene.come_to_rest()
        backroom.command("shop", "secret", "add", scene.domain, stdin="the app's next secret")
        scene.simulation.secrets.rotate("the app's next secret", seconds=300)
        scene.live(60)
        eventually(lambda: not scene.simulation.secrets.rotating, "the new one signs all")
        scene.live(20)
        scene.come_to_rest()

        def both_were_used() -> bool:
            # Uses are counted in memory, and written every some seconds.
            secrets = json.loads(backroom.command("shop", "secret", "list", scene.domain, "--json"))
            return [secret["use_count"] >= 20 for secret in secrets] == [True, True]

        eventually(both_were_used, "20 uses of the old secret, and 20 of the new one")
        assert {row["state"] for row in scene.sent()} == {"delivered"}
        assert_holds(scene)


def test_law_2_a_webhook_that_comes_again_is_one(backroom: Served) -> None:
    with a_scene(backroom, "law-2", duplicate=1.0, delay_seconds=0.2) as scene:
        scene.open()
        scene.live(40)
        scene.come_to_rest()
        sent = {row["webhook_id"]: row["attempts"] for row in scene.sent()}
        stored = {row["webhook_id"]: row["duplicates"] + 1 for row in scene.stored()}
        assert stored.keys() == sent.keys()
        for webhook_id, attempts in sent.items():
            # One that was refused, or whose answer did not come in time, was tried again: it counts or not.
            accepted = sum(attempt.get("status") == 200 for attempt in attempts)
            assert 2 <= accepted <= stored[webhook_id] <= len(attempts)
        assert_holds(scene)


def test_law_3_a_late_webhook_does_not_undo_a_newer_one(backroom: Served) -> None:
    with a_scene(backroom, "law-3", delay=0.5, delay_seconds=0.5) as scene:
        scene.open()
        scene.live(100)
        scene.come_to_rest()
        assert "stale" in {row["outcome"] for row in scene.stored()}
        assert_holds(scene)


def test_law_4_what_was_deleted_stays_so_whatever_comes_late(backroom: Served) -> None:
    with a_scene(backroom, "law-4", delay=0.7, delay_seconds=0.4) as scene:
        scene.open()
        scene.come_to_rest()
        gone = sorted(scene.simulation.shop.products)[:4]
        for product_id in gone:
            scene.simulation.shop.announce([product_id])
            scene.simulation.shop.delete(product_id)
        scene.come_to_rest()
        held = scene.held().products
        assert {held[product_id].row["listing.is_active"] for product_id in gone} == {False}
        assert scene.verdict().deleted == 4
        assert_holds(scene)


def test_law_5_what_is_cut_short_removes_nothing_and_the_rest_of_it_is_fetched(backroom: Served) -> None:
    with a_scene(backroom, "law-5", products=60, id_only=0.3) as scene:
        scene.open()
        scene.come_to_rest()
        carried = scene.simulation.truth()["carried"].values()
        cut = sum(not each["whole"] for each in carried)
        assert cut >= 6, "bodies that are an id only, and two that are truncated"
        assert scene.held().fetched["wanted"] >= cut
        assert_holds(scene)


def test_law_6_the_same_content_again_changes_no_row(backroom: Served) -> None:
    with a_scene(backroom, "law-6") as scene:
        scene.open()
        scene.come_to_rest()
        before = scene.rows(field_change)
        assert before
        scene.simulation.shop.announce()
        scene.come_to_rest()
        assert scene.rows(field_change) == before
        assert_holds(scene)


@pytest.mark.parametrize("seed", SEEDS)
def test_law_7_any_order_duplication_and_delay_ends_at_the_truth(backroom: Served, seed: int) -> None:
    faults = {"duplicate": 0.3, "reorder": 0.3, "delay": 0.3, "id_only": 0.05, "delay_seconds": 0.5}
    with a_scene(backroom, f"law-7-{seed}", products=20, seed=seed, **faults) as scene:
        scene.open()
        scene.live(150)
        scene.come_to_rest()
        assert_holds(scene)


def test_law_7_codes_that_products_share_stay_apart(backroom: Served) -> None:
    with a_scene(backroom, "law-7-codes", reorder=0.5, delay=0.3, delay_seconds=0.3) as scene:
        scene.open()
        for number, product_id in enumerate(sorted(scene.simulation.shop.products)):

            def share(product: Product, cents: int = 1_000 + number) -> None:
                product.variants[0].sku = "SHARED"
                product.variants[0].price_cents = cents

            scene.simulation.shop.change(product_id, share)
        scene.come_to_rest()
        assert_holds(scene)


def test_law_10_a_sale_moves_no_row_and_a_change_is_in_the_history(backroom: Served) -> None:
    with a_scene(backroom, "law-10") as scene:
        scene.open()
        scene.come_to_rest()
        before = scene.rows(field_change)
        assert before
        shop = scene.simulation.shop
        for product_id in sorted(shop.products):
            shop.change(product_id, sell_one)
        scene.come_to_rest()
        assert scene.rows(field_change) == before
        assert len(scene.stored()) == 2 * len(shop.products)
        changed = min(shop.products)
        old = shop.get(changed).title
        shop.change(changed, rename)
        scene.come_to_rest()
        added = scene.rows(field_change)[len(before) :]
        assert {(row["entity"], row["field"], row["old"], row["new"]) for row in added} == {
            ("listing", "title", old, "A neighbour"),
            ("product", "name", old, "A neighbour"),
        }
        assert len(added) == 2
        assert_holds(scene)


def sell_one(product: Product) -> None:
    product.variants[0].old_inventory_quantity = product.variants[0].inventory_quantity
    product.variants[0].inventory_quantity -= 1


def rename(product: Product) -> None:
    product.title = "A neighbour"


def test_laws_11_and_12_one_bad_row_is_shown_and_blocks_nobody(backroom: Served) -> None:
    with a_scene(backroom, "law-11") as scene:
        shop = scene.simulation.shop
        bad = min(number for number, product in shop.products.items() if product.images)

        def spoil(product: Product) -> None:
            product.images[0].src = "a NUL\x00 fits no text of PostgreSQL"

        def mend(product: Product) -> None:
            product.images[0].src = "https://cdn.example/mended.jpg"

        scene.open()
        shop.change(bad, spoil)
        for product_id in sorted(shop.products.keys() - {bad}):
            shop.change(product_id, rename)
        scene.come_to_rest()
        row = next(row for row in scene.rows(shopify_product_cache) if row["shopify_product_id"] == bad)
        assert "NUL" in row["processing_error"]
        assert f"product:{bad}" in backroom.command("failures", "list")
        wrong = {difference.what for difference in scene.verdict().differences}
        assert wrong == {f"product {bad}", "the whole"}
        shop.change(bad, mend)
        scene.come_to_rest()
        assert_holds(scene)


def wait_for_more(scene: Scene, deliveries: int) -> None:
    goal = len(scene.stored()) + deliveries
    eventually(lambda: len(scene.stored()) >= goal, "more deliveries")


@pytest.mark.crash
def test_law_8_a_kill_loses_nothing_because_the_shop_tries_again(backroom: Served) -> None:
    port = str(backroom.address.port)
    before = len(backroom.complaints())
    with a_scene(backroom, "law-8", duplicate=0.2, delay=0.2, delay_seconds=0.5) as scene:
        scene.open()
        for _ in range(KILLS):
            scene.simulation.live(200, 100)
            wait_for_more(scene, 30)
            backroom.kill()
            backroom.start("--port", port)
        scene.come_to_rest()
        acknowledged = {row["webhook_id"] for row in scene.sent() if row["state"] == "delivered"}
        assert {row["webhook_id"] for row in scene.stored()} >= acknowledged
        assert {row["state"] for row in scene.rows(webhook_delivery)} == {"sorted"}
        assert_holds(scene)
        assert backroom.complaints()[before:] == []
