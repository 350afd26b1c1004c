"""A desk that sees to a shop's stock: its three resources, its truth, and what is wanted of it."""

from backroom.jobs.runs import Run
from shopify_simulator.shop.level import Level
from tests.pull.stock_truth import stock_differences
from tests.reconcile.reconciled import ReconciledDesk

STOCK = ("locations", "inventory_items", "inventory")


class StockDesk(ReconciledDesk):
    """A desk that sees to stock."""

    def of(self, plural: str) -> "StockDesk":
        self.plural = plural
        return self

    def sync_stock(self, mode: str = "full") -> Run:
        """As `sync inventory` does; the run of the levels."""
        return [self.of(plural).sync(mode) for plural in STOCK][-1]

    def levels(self) -> list[Level]:
        """Of the first variant of each product, in the order of their items."""
        shop = self.simulation.shop
        items = sorted(product.variants[0].inventory_item_id for product in shop.products.values())
        return [level for item in items for level in shop.levels.of(item) if level.active]

    def differences(self) -> list[str]:
        return stock_differences(self, self.house.database, self.house.shop_id, pulled=True)

    def stage(self, run_id: int) -> str | None:
        """Where the run is."""
        cursor = self.cursor(run_id)
        return None if cursor is None else str(cursor["stage"])

    def wanted(self) -> list[tuple[int, int]]:
        return [
            (row["shopify_inventory_item_id"], row["shopify_location_id"])
            for row in self.house.cache("inventory")
            if row["wanted_at"] is not None
        ]
