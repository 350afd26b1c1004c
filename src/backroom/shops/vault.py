"""Encrypts what opens a shop. Several keys may be known while they rotate: the first one encrypts.

A key is any text of 32 characters or more; Fernet's own form is made from its SHA-256.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from backroom.vocabulary.errors import BackroomError
from backroom.vocabulary.ids import ShopId

FINGERPRINT_DIGITS: Final = 12


class Unreadable(BackroomError):
    """No key that is known opens this: it was encrypted with a key that is gone."""


class Vault:
    """Holds the keys; never shows them."""

    def __init__(self, keys: Sequence[str]) -> None:
        digests = [hashlib.sha256(key.encode()).digest() for key in keys]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
        self._fingerprint_key = digests[0]

    def encrypt(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def decrypt(self, ciphertext: bytes) -> str:
        """Raises Unreadable where no key fits."""
        try:
            return self._fernet.decrypt(ciphertext).decode()
        except InvalidToken:
            raise Unreadable("no key that is known opens this secret") from None

    def fingerprint(self, shop_id: ShopId, secret: str) -> str:
        """Tells a shop's secrets apart for people. Changes with the first key: not for comparing secrets."""
        message = f"{shop_id}:{secret}".encode()
        return hmac.digest(self._fingerprint_key, message, hashlib.sha256).hex()[:FINGERPRINT_DIGITS]
