"""Who may sign webhooks: each shop's active secrets, decrypted, held in memory for a moment.

`DatabaseKeyring` is asked on the event loop, once per delivery, so it answers from memory. A thread of its
own looks each second; `fresh` waits for a look, shortly and at most five times a second, so that neither a
database that is away nor a flood of bad signatures can hold the loop up.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import select

from backroom.db.database import Database
from backroom.observe.log import get_log
from backroom.shops.tables import shop, webhook_secret
from backroom.shops.vault import Unreadable, Vault
from backroom.vocabulary.errors import BackroomError, StoreUnavailable
from backroom.vocabulary.ids import ShopId

LOOK_SECONDS: Final = 1.0
FRESH_SECONDS: Final = 0.2
"""A look that is younger than this is fresh enough for anybody."""
FRESH_WAIT_SECONDS: Final = 0.05
OLDEST_SECONDS: Final = 60.0
"""How long the last ring is trusted while the database is away. A removed secret works that long at most."""


@dataclass(frozen=True, slots=True)
class Signers:
    """A shop and the secrets that may sign for it: (secret id, secret)."""

    shop_id: ShopId
    secrets: tuple[tuple[int, bytes], ...]


class Keyring(Protocol):
    """Who may sign. `fresh` looks again where the last look is not recent (a secret just added)."""

    def signers(self, domain: str, *, fresh: bool = False) -> Signers | None: ...


Ring = dict[str, Signers]


class DatabaseKeyring:
    """The database's keyring. `start` before the first question, `stop` at the end."""

    def __init__(
        self, database: Database, vault: Vault, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._vault = vault
        self._monotonic = monotonic
        self._log = get_log("shops.keyring")
        self._ring: Ring = {}
        self._ring_of = -math.inf
        self._looked_at = -math.inf
        self._waited_at = -math.inf
        self._away = False
        self._opened: dict[bytes, bytes | None] = {}
        self._condition = threading.Condition()
        self._wanted = False
        self._begun = 0
        self._ended = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="keyring", daemon=True)

    def start(self) -> None:
        """The first look, then one each second in the background."""
        self._look()
        self._thread.start()

    def stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._thread.join()

    @property
    def is_running(self) -> bool:
        """Whether anybody looks."""
        return self._thread.is_alive()

    def signers(self, domain: str, *, fresh: bool = False) -> Signers | None:
        """None: an unknown or removed shop. Raises StoreUnavailable where the ring is too old."""
        now = self._monotonic()
        if fresh and now - max(self._looked_at, self._waited_at) > FRESH_SECONDS:
            self._waited_at = now
            self._wait_for_a_look()
        if now - self._ring_of > OLDEST_SECONDS and self._monotonic() - self._ring_of > OLDEST_SECONDS:
            raise StoreUnavailable("the webhook secrets can not be read")
        return self._ring.get(domain)

    def _wait_for_a_look(self) -> None:
        with self._condition:
            # One that has begun may have read before the change that the caller hopes for.
            wanted = self._begun + 1
            self._wanted = True
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._ended >= wanted, FRESH_WAIT_SECONDS)

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._wanted or self._stopping, LOOK_SECONDS)
                if self._stopping:
                    return
                self._wanted = False
            self._look()

    def _look(self) -> None:
        asked_at = self._monotonic()
        with self._condition:
            self._begun += 1
        try:
            ring = self._read()
            if ring != self._ring:
                secrets = sum(len(signers.secrets) for signers in ring.values())
                self._log.info("keyring.changed", shops=len(ring), secrets=secrets)
            self._ring = ring
            self._ring_of = asked_at
            self._away = False
        except Exception as error:  # whatever it is, the next look may succeed
            self._note_away(error)
        with self._condition:
            self._looked_at = asked_at
            self._ended = self._begun
            self._condition.notify_all()

    def _read(self) -> Ring:
        with self._database.reading() as transaction:
            shops = transaction.execute(
                select(shop.c.domain, shop.c.id).where(shop.c.removed_at.is_(None))
            ).all()
            rows = transaction.execute(
                select(webhook_secret.c.id, webhook_secret.c.shop_id, webhook_secret.c.ciphertext)
                .where(webhook_secret.c.removed_at.is_(None))
                .order_by(webhook_secret.c.id)
            ).all()
        # Opening a ciphertext costs more than reading it. A secret that is given again has another one.
        known = self._opened
        self._opened = {
            each.ciphertext: known[each.ciphertext]
            if each.ciphertext in known
            else self._open(each.id, each.ciphertext)
            for each in rows
        }
        signing: dict[int, list[tuple[int, bytes]]] = {row.id: [] for row in shops}
        for row in rows:
            secret = self._opened[row.ciphertext]
            if secret is not None and row.shop_id in signing:
                signing[row.shop_id].append((row.id, secret))
        return {row.domain: Signers(ShopId(row.id), tuple(signing[row.id])) for row in shops}

    def _open(self, secret_id: int, ciphertext: bytes) -> bytes | None:
        try:
            return self._vault.decrypt(ciphertext).encode()
        except Unreadable as error:
            self._log.error("secret.skipped", secret=secret_id, reason=str(error))
            return None

    def _note_away(self, error: Exception) -> None:
        if not self._away:
            # An error of ours says all in its words; one that nobody foresaw shows where it came from.
            unforeseen = None if isinstance(error, BackroomError) else error
            self._log.warning("keyring.kept", reason=str(error), seconds=OLDEST_SECONDS, exc_info=unforeseen)
        self._away = True
