"""The door as a whole: one HTTP client for the process, and one `Client` for each shop that is asked.

A shop's client is made when it is first wanted, and made anew where its address has changed since, or what
opens it was replaced: a token that is held is not used a moment longer than the credential it came from.
"""

import threading

import httpx

from backroom.db.database import Database
from backroom.shopify.client import Client
from backroom.shopify.grants import Granter
from backroom.shopify.patience import Patience, Timing
from backroom.shopify.posting import TIMEOUT, Shop
from backroom.shopify.tokens import StoredTokens
from backroom.shops.credentials import Whereabouts, read_whereabouts
from backroom.shops.vault import Vault
from backroom.vocabulary.ids import ShopId


class Door:
    """Threads share it. Closed at the process's end."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        api_version: str,
        *,
        http: httpx.Client | None = None,
        patience: Patience | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._api_version = api_version
        self._http = http or httpx.Client(timeout=TIMEOUT, follow_redirects=False)
        self._patience = patience
        self._timing = timing
        self._lock = threading.Lock()
        self._clients: dict[ShopId, tuple[Whereabouts, Client]] = {}

    def client(self, shop_id: ShopId) -> Client:
        """The shop's client. Raises Unknown where there is no such shop."""
        with self._database.reading() as transaction:
            whereabouts = read_whereabouts(transaction, shop_id)
        with self._lock:
            known = self._clients.get(shop_id)
            if known is None or known[0] != whereabouts:
                known = (whereabouts, self._made(shop_id, whereabouts))
                self._clients[shop_id] = known
            return known[1]

    def close(self) -> None:
        """Closes all connections."""
        self._http.close()

    def _made(self, shop_id: ShopId, whereabouts: Whereabouts) -> Client:
        tokens = StoredTokens(
            self._database,
            self._vault,
            shop_id,
            Granter(http=self._http, shop=whereabouts),
            patience=self._patience,
            timing=self._timing,
        )
        shop = Shop(domain=whereabouts.domain, base_url=whereabouts.base_url, api_version=self._api_version)
        return Client(self._http, shop, tokens, patience=self._patience, timing=self._timing)
