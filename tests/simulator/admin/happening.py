"""What happens to a product, in a word."""

from shopify_simulator.shop.product import Product
from tests.simulator.admin.asking import Asking
from tests.simulator.street import a_product


def delete(api: Asking, *, seconds: float = 60) -> str:
    """Deletes a product so many seconds later; its id."""
    api.clock.advance(seconds)
    number = a_product(api.simulation)
    api.simulation.shop.delete(number)
    return f"gid://shopify/Product/{number}"


def publish(api: Asking, number: int, *, published: bool) -> None:
    """To the online store, or off it."""
    at = api.simulation.shop.now() if published else None

    def change(product: Product) -> None:
        product.published_at = at

    api.simulation.shop.change(number, change)
