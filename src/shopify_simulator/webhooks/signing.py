"""Which key signs a delivery. Bytes enter, base64 leaves. What never happens here: showing a secret.

While an app's secret is rotated, signing moves from the old one to the new one within the hour
(shopify.dev/docs/apps/build/authentication-authorization/client-secrets/rotate-revoke-client-credentials):
the new one's share grows with the time, from nothing to all.
"""

import base64
import hashlib
import hmac
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shopify_simulator.shop.subscription import Maker

ROTATION_SECONDS: Final = 3600.0


def sign(body: bytes, secret: str) -> str:
    """What X-Shopify-Hmac-Sha256 holds: base64 of the HMAC-SHA256 over the raw bytes."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rotation:
    old: str = field(repr=False)
    begun_at: datetime
    seconds: float

    def share_of_new(self, now: datetime) -> float:
        if self.seconds <= 0:
            return 1.0
        return (now - self.begun_at).total_seconds() / self.seconds


class Secrets:
    """The app's secret, its predecessor during a rotation, and the store's own key. Fit for several threads.

    `time_scale`: an hour of Shopify's is so many times shorter here.
    """

    def __init__(
        self,
        *,
        secret: str,
        store_key: str,
        clock: Callable[[], datetime],
        seed: int = 1,
        time_scale: float = 1.0,
    ) -> None:
        self._current = _not_empty(secret)
        self._store_key = _not_empty(store_key)
        self._rotation: _Rotation | None = None
        self._clock = clock
        self._seed = seed
        self._time_scale = time_scale
        self._lock = threading.Lock()

    def rotate(self, secret: str, seconds: float = ROTATION_SECONDS) -> None:
        """From now on signing moves to this secret, within so many (unscaled) seconds. Raises ValueError."""
        _not_empty(secret)
        with self._lock:
            self._rotation = _Rotation(
                old=self._current, begun_at=self._clock(), seconds=seconds / self._time_scale
            )
            self._current = secret

    def revoke_old(self) -> bool:
        """The old secret signs nothing any more; False when there is none."""
        with self._lock:
            held, self._rotation = self._rotation, None
            return held is not None

    @property
    def rotating(self) -> bool:
        """Whether the old secret may still sign."""
        with self._lock:
            return self._rotation is not None and self._rotation.share_of_new(self._clock()) < 1

    def knows(self, secret: str) -> bool:
        """Whether it is the app's: the current one, or the old one until it is revoked."""
        with self._lock:
            held = [self._current] if self._rotation is None else [self._current, self._rotation.old]
        return any(hmac.compare_digest(secret.encode(), each.encode()) for each in held)

    def for_delivery(self, made_by: Maker, number: int) -> str:
        """The key that signs parcel `number`. What the merchant made is signed with the store's own key."""
        if made_by == "merchant":
            return self._store_key
        with self._lock:
            held = self._rotation
            if held is None:
                return self._current
            drawn = random.Random(f"secret:{self._seed}:{number}").random()
            return self._current if drawn < held.share_of_new(self._clock()) else held.old


def _not_empty(secret: str) -> str:
    if not secret:
        raise ValueError("a secret must not be empty")
    return secret
