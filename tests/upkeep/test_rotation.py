"""An app's secret is rotated while its shop lives: deliveries come all along, by either, none is refused."""

import json

from backroom.ingress.tables import webhook_delivery
from backroom.shops.secrets import WebhookSecret, list_secrets
from backroom.shops.tables import webhook_secret
from shopify_simulator.simulation import CLIENT_ID
from tests.crash.served import Served
from tests.pull.pulled_shop import SECRET, SOON, PulledShop, a_pulled_shop
from tests.waiting import eventually

NEW = "what the simulated app signs with from now on"
ROTATION_SECONDS = 2.0


def secrets_of(shop: PulledShop) -> list[WebhookSecret]:
    """Oldest first."""
    with shop.served.database.reading() as transaction:
        return list_secrets(transaction, shop.shop_id())


def uses(shop: PulledShop) -> list[int]:
    return [secret.use_count for secret in secrets_of(shop)]


def live(shop: PulledShop, changes: int, rate: float = 200.0) -> None:
    """So many changes, and all that comes of them is delivered at the first attempt."""
    shop.live(changes, rate)
    shop.come_to_rest()
    counts = shop.simulation.deliveries.counts()
    assert (counts["failed_attempts"], counts["given_up"]) == (0, 0)
    # Uses are written down once a second.
    eventually(lambda: all_uses(shop) == stored(shop), "each use of a secret is counted")


def all_uses(shop: PulledShop) -> int:
    """Of the removed ones, too."""
    return sum(secret["use_count"] for secret in shop.rows(webhook_secret))


def stored(shop: PulledShop) -> int:
    """Deliveries that a secret has signed, however often they came."""
    return sum(1 + delivery["duplicates"] for delivery in shop.rows(webhook_delivery))


def test_a_client_secret_is_rotated_and_no_delivery_is_refused(backroom: Served) -> None:
    with a_pulled_shop(backroom, "rotated-client", products=30) as shop:
        shop.served.open_shop(
            shop.domain, {"client_secret": SECRET}, client_id=CLIENT_ID, api_url=shop.server.url
        )
        shop.subscribe()
        live(shop, 20)
        (before,) = uses(shop)
        assert before > 0
        assert shop.sync(full=True).seen > 0, "with the old one"

        # 1. Backroom is given the new one first; the old one stays valid.
        said = shop.served.command("shop", "add", shop.domain, stdin=json.dumps({"client_secret": NEW}))
        assert "the older ones stay valid" in said
        # 2. Shopify moves from the old one to the new one, a delivery at a time.
        shop.simulation.secrets.rotate(NEW, ROTATION_SECONDS * SOON)
        live(shop, 120, rate=80.0)
        old, new = uses(shop)
        assert old > before, "signed on with the old one for a while"
        assert new > 0
        assert shop.sync(full=False).state == "succeeded", "with a token that the new one was granted"

        # 3. Then only the new one is used, and the old one may go, though a day is not over.
        eventually(lambda: not shop.simulation.secrets.rotating, "the rotation is over")
        old = uses(shop)[0]
        live(shop, 20)
        assert uses(shop)[0] == old
        assert uses(shop)[1] > new
        first, second = secrets_of(shop)
        assert (first.may_go, first.advice) == (False, "in use")
        refused = shop.served.tried("shop", "secret", "remove", shop.domain, str(first.id))
        assert refused.returncode == 1
        assert "less than a day ago" in refused.stderr
        shop.served.command("shop", "secret", "remove", shop.domain, str(first.id), "--force")
        shop.simulation.secrets.revoke_old()
        live(shop, 20)
        (last,) = secrets_of(shop)
        assert last.id == second.id
