"""Decides about one delivery: refuse it, or hand it to the inbox. Knows bytes, headers and topic.

The order matters: what can be refused without the body is refused before the body is read.
"""

from collections.abc import Callable
from dataclasses import dataclass

from backroom.ingress.headers import DeliveryHeaders
from backroom.ingress.inbox import Delivery, Inbox
from backroom.shopify.signature import signing_secret
from backroom.shops.keyring import Keyring, Signers
from backroom.vocabulary.errors import BackroomError

LARGEST_BODY_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP status and an outcome in one word. 401 says the same of a bad signature and a stranger."""

    status: int
    outcome: str
    detail: str


UNAUTHORIZED = Refusal(401, "unauthorized", "the signature or the shop is not right")
TOO_LARGE = Refusal(413, "too_large", f"bodies over {LARGEST_BODY_BYTES // (1024 * 1024)} MB are not taken")


class Receiver:
    """The rules of receipt, over a keyring and an inbox."""

    def __init__(self, keyring: Keyring, inbox: Inbox) -> None:
        self._keyring = keyring
        self._inbox = inbox

    def refuse_early(self, headers: DeliveryHeaders, path_topic: str | None) -> Refusal | None:
        """What can be said before the body is read."""
        missing = headers.missing()
        if missing is not None:
            return Refusal(400, "missing_header", f"the header {missing} is missing")
        if path_topic is not None and path_topic != headers.topic:
            return Refusal(400, "topic_mismatch", "X-Shopify-Topic differs from the address")
        # Before the shop: a stranger who asks with a large number would learn whose shop is known here.
        if headers.content_length is not None and headers.content_length > LARGEST_BODY_BYTES:
            return TOO_LARGE
        if self._signers(headers) is None:
            return UNAUTHORIZED
        return None

    def accept(
        self, headers: DeliveryHeaders, body: bytes, answer: Callable[[bool | BackroomError], None]
    ) -> Refusal | None:
        """Verifies the raw bytes and queues the delivery. Raises StoreUnavailable where it can't be queued.

        Call only where `refuse_early` found nothing.
        """
        signers = self._signers(headers)
        secret_id = self._signed_by(headers, body, signers)
        if secret_id is None:
            stale, signers = signers, self._signers(headers, fresh=True)
            # Anybody may send 20 MB with a bad signature: hash them again only where that may change it.
            if signers != stale:
                secret_id = self._signed_by(headers, body, signers)
        if signers is None:
            return UNAUTHORIZED
        if secret_id is None:
            # Either a stranger's, or everything that this shop sends: its secret was changed.
            self._inbox.note_refused(signers.shop_id)
            return UNAUTHORIZED
        assert headers.webhook_id is not None
        assert headers.topic is not None
        self._inbox.append(
            Delivery(
                shop_id=signers.shop_id,
                webhook_id=headers.webhook_id,
                event_id=headers.event_id,
                topic=headers.topic,
                api_version=headers.api_version,
                triggered_at=headers.triggered_at,
                headers=headers.kept,
                body=body,
                secret_id=secret_id,
                answer=answer,
            )
        )
        return None

    def _signers(self, headers: DeliveryHeaders, *, fresh: bool = False) -> Signers | None:
        try:
            domain = (headers.shop_domain or b"").decode("ascii").lower()
        except UnicodeDecodeError:
            return None
        signers = self._keyring.signers(domain, fresh=fresh)
        if signers is None and not fresh:
            signers = self._keyring.signers(domain, fresh=True)
        return signers

    @staticmethod
    def _signed_by(headers: DeliveryHeaders, body: bytes, signers: Signers | None) -> int | None:
        if signers is None or headers.hmac is None:
            return None
        return signing_secret(body, headers.hmac, signers.secrets)
