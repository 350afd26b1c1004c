"""Shopify's webhook signature: base64 of HMAC-SHA256 over the raw body, with the app's client secret.

Source: shopify.dev/docs/apps/build/webhooks/verify-deliveries (2026-10). Webhooks that a merchant made
in the admin are signed with another, store-level key; a rotated secret stays valid for a while. So a
body is held against several secrets.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable


def sign(body: bytes, secret: bytes) -> bytes:
    """The header's value for a body."""
    return base64.b64encode(hmac.digest(secret, body, hashlib.sha256))


def signing_secret(body: bytes, claimed: bytes, secrets: Iterable[tuple[int, bytes]]) -> int | None:
    """The id of the secret that signed the body, or None where none did (or there is none).

    Compares the base64 text itself, in constant time, so that no second spelling of a signature passes.
    """
    found = None
    for secret_id, secret in secrets:
        if hmac.compare_digest(sign(body, secret), claimed):
            found = secret_id
    return found
