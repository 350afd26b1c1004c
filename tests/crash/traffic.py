"""Shopify at full speed: signed deliveries over kept-alive connections, again where no answer came."""

import base64
import hashlib
import hmac
import http.client
import itertools
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.bodies import product, variant
from tests.crash.served import SECRET, Served
from tests.house import instant
from tests.waiting import Running, eventually

LIVELY = 30
"""So many products change at a time; each rests for good after a while. What a crash lost of one that went
on changing, its next body would bring back, and nobody would see."""
DELIVERIES_A_PRODUCT = 5
DELETED_OF_TEN = 7
"""Products whose number ends so are deleted at some time, while their updates go on."""
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Sent:
    """One delivery, which may be sent several times."""

    webhook_id: str
    shop: str
    topic: str
    number: int
    version: int
    body: bytes

    def headers(self) -> dict[str, str]:
        signature = hmac.new(SECRET.encode(), self.body, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": self.topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(signature).decode(),
            "X-Shopify-Shop-Domain": self.shop,
            "X-Shopify-Webhook-Id": self.webhook_id,
            "X-Shopify-Triggered-At": instant(self.version).isoformat(),
        }


def body_of(number: int, version: int) -> bytes:
    """A product as of a version: its variants come and go, and change their codes and prices.

    Codes are shared between products and shops, at different prices.
    """
    variants = [
        variant(number * 100 + place, sku=f"CODE-{(number + place) % 10}", price=price_of(number, version))
        for place in range(1, 2 + (number + version) % 3)
    ]
    return json.dumps(
        product(number, at=version, title=f"Product {number} v{version}", variants=variants)
    ).encode()


def price_of(number: int, version: int) -> str:
    return f"{version}.{number % 100:02d}"


class Traffic:
    """Several senders. `stop` ends them; `sent` and `acknowledged` say what happened."""

    def __init__(self, served: Served, shops: Sequence[str], seed: int, senders: int = 4) -> None:
        self.sent: dict[str, Sent] = {}
        self.acknowledged: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self._served = served
        self._shops = shops
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._versions: dict[tuple[str, int], itertools.count[int]] = defaultdict(lambda: itertools.count(1))
        self._stopping = threading.Event()
        self._running = Running(
            *(lambda sender=sender: self._run(Random(f"{seed}-{sender}")) for sender in range(senders))
        )

    def stop(self) -> None:
        self._stopping.set()
        self._running.join(60)

    def wait_for(self, more: int) -> None:
        """Until so many further deliveries are acknowledged."""
        goal = len(self.acknowledged) + more
        eventually(lambda: len(self.acknowledged) >= goal, f"{more} acknowledgements more", within=60)

    def _run(self, random: Random) -> None:
        connection: http.client.HTTPConnection | None = None
        again: list[Sent] = []
        while not self._stopping.is_set():
            if not self._served.up.wait(0.05):
                continue
            delivery = (
                again.pop(0) if len(again) > 20 or (again and random.random() < 0.1) else self._fresh(random)
            )
            if random.random() < 0.1:
                again.append(delivery)  # a duplicate later, or the first attempt of a late one
                if random.random() < 0.5:
                    continue
            connection = connection or http.client.HTTPConnection(
                *self._served.address, timeout=TIMEOUT_SECONDS
            )
            try:
                acknowledged = self._post(connection, delivery)
            except (OSError, http.client.HTTPException):
                connection.close()
                connection, acknowledged = None, False
            if not acknowledged and random.random() < 0.5:
                again.append(delivery)
        if connection is not None:
            connection.close()

    def _post(self, connection: http.client.HTTPConnection, delivery: Sent) -> bool:
        connection.request("POST", "/api/webhooks", delivery.body, delivery.headers())
        answer = connection.getresponse()
        answer.read()
        with self._lock:
            self.statuses[answer.status] += 1
            if answer.status == 200:
                self.acknowledged.add(delivery.webhook_id)
        return answer.status == 200

    def _fresh(self, random: Random) -> Sent:
        shop = random.choice(self._shops)
        with self._lock:
            resting = len(self.sent) // (DELIVERIES_A_PRODUCT * len(self._shops))
            number = resting + random.randint(1, LIVELY)
            deletes = number % 10 == DELETED_OF_TEN and random.random() < 0.2
            version = next(self._versions[shop, number])
            delivery = Sent(
                webhook_id=f"w-{next(self._numbers)}",
                shop=shop,
                topic="products/delete" if deletes else "products/update",
                number=number,
                version=version,
                body=json.dumps({"id": number}).encode() if deletes else body_of(number, version),
            )
            self.sent[delivery.webhook_id] = delivery
        return delivery
