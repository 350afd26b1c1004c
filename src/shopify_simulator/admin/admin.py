"""The Admin API put together: its bucket, tokens, bulk operations and faults, over one shop.

Requests enter as they came by HTTP, JSON leaves. What never happens here: HTTP (`endpoints.py`).
"""

import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from shopify_simulator.admin.bucket import PLANS, STANDARD, Bucket
from shopify_simulator.admin.bulk import Bulk
from shopify_simulator.admin.engine import MOST_FOR_ONE, Engine, Question
from shopify_simulator.admin.faults import AdminFaults, Mishaps
from shopify_simulator.admin.ledger import Ledger
from shopify_simulator.admin.look import Look
from shopify_simulator.admin.operations import Operation
from shopify_simulator.admin.search import Search
from shopify_simulator.admin.tokens import Tokens
from shopify_simulator.admin.versions import SUPPORTED
from shopify_simulator.admin.world import Present, World
from shopify_simulator.admin.writer import BulkWays
from shopify_simulator.shop.shop import Shop
from shopify_simulator.shop.subscriptions import Subscriptions

ADDRESS_SECONDS: Final = 7 * 86_400
"""How long the address of a bulk operation's file is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The app that asks. `access_token` is good for ever; without one, tokens have to be granted."""

    client_id: str
    access_token: str | None = field(default=None, repr=False)


class Admin:
    """See the module. `clock` is the shop's, `monotonic` gives the seconds that points come back by."""

    def __init__(
        self,
        shop: Shop,
        *,
        app: App,
        knows_secret: Callable[[str], bool],
        clock: Callable[[], datetime],
        finished: Callable[[Operation], None],
        subscriptions: Subscriptions,
        unsubscribe: Callable[[int], bool],
        monotonic: Callable[[], float] = time.monotonic,
        faults: AdminFaults | None = None,
        ways: BulkWays | None = None,
        plan: str = STANDARD,
    ) -> None:
        def seconds() -> float:
            return clock().timestamp()

        self.plan = plan.capitalize()
        self.versions: tuple[str, ...] = SUPPORTED
        self.bucket = Bucket(*PLANS[plan], clock=monotonic)
        self.ledger = Ledger(monotonic)
        self.engine = Engine(self.bucket, self.ledger, most_for_one=MOST_FOR_ONE)
        self.mishaps = Mishaps(faults or AdminFaults())
        self.tokens = Tokens(
            client_id=app.client_id, fixed=app.access_token, knows_secret=knows_secret, clock=seconds
        )
        self.bulk = Bulk(shop, clock=clock, mishaps=self.mishaps, ways=ways or BulkWays(), finished=finished)
        self._shop = shop
        self._subscriptions = subscriptions
        self._unsubscribe = unsubscribe
        self._present = Present(shop)
        self._monotonic = monotonic
        self._past, self._past_at = self._present.look(), monotonic()
        self._address_key = secrets.token_bytes(16)
        self._seconds = seconds

    def set_faults(self, faults: AdminFaults) -> None:
        """From now on; answers that lag are of this moment or later."""
        self.mishaps.set(faults)
        self._past, self._past_at = self._present.look(), self._monotonic()

    def set_versions(self, versions: Iterable[str]) -> None:
        """The supported ones, the oldest first. Raises ValueError."""
        supported = tuple(versions)
        if not supported:
            raise ValueError("versions: one is needed")
        self.versions = supported

    def answer(self, question: Question, base: str, fault: str | None = None) -> dict[str, Any]:
        """The answer to a request that came to this base address; some faults shape it."""
        warnings: list[dict[str, Any]] = []

        def searched(search: Search, query: str, field: str) -> None:
            if search.warnings:
                warnings.append({"path": [field], "query": query, "warnings": list(search.warnings)})

        look = Look(
            shop=self._shop,
            world=self._world(lagging=fault == "lag"),
            bulk=self.bulk,
            subscriptions=self._subscriptions,
            unsubscribe=self._unsubscribe,
            plan=self.plan,
            versions=self.versions,
            scopes=() if fault == "denied" else self.tokens.scopes,
            address=lambda operation: self._address(base, operation),
            search=searched,
            absent=int(fault == "absent"),
        )
        found = self.engine.answer(question, look, drained=fault == "throttle", heard=fault != "cut")
        if warnings:
            found.setdefault("extensions", {})["search"] = warnings
        return found

    def _world(self, *, lagging: bool) -> World:
        """What is read: the present, or what another copy of the database still holds."""
        now = self._monotonic()
        if now - self._past_at > self.mishaps.faults.lag_seconds:
            self._past, self._past_at = self._present.look(), now
        return self._past if lagging else self._present.look()

    def _address(self, base: str, operation: Operation) -> str:
        expires = int(self._seconds()) + ADDRESS_SECONDS
        signature = self._signed(operation.key, expires)
        return f"{base}/bulk/{operation.key}.jsonl?Expires={expires}&Signature={signature}"

    def _signed(self, key: str, expires: int) -> str:
        return hmac.digest(self._address_key, f"{key}:{expires}".encode(), "sha256").hex()

    def file_of(self, key: str, expires: str, signature: str) -> Operation | None:
        """The operation whose file this address names; None where it is not, or no longer, good."""
        try:
            until = int(expires)
        except ValueError:
            return None
        if self._seconds() > until or not hmac.compare_digest(
            self._signed(key, until).encode(), signature.encode()
        ):
            return None
        found = next((each for each in self.bulk.all() if each.key == key), None)
        return found if found is not None and (found.has_file or found.has_partial_file) else None

    def close(self) -> None:
        """Ends what runs; files go."""
        self.bulk.close()
