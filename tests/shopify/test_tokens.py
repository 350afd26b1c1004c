import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import select

from backroom.db.database import Database
from backroom.shopify.grants import Granter
from backroom.shopify.tokens import StoredTokens
from backroom.shops.credentials import (
    Credential,
    Grant,
    Whereabouts,
    read_credential,
    read_whereabouts,
    store_grant,
)
from backroom.shops.shops import add_shop, read_opening, remove_shop
from backroom.shops.tables import shop_credential
from backroom.shops.vault import Vault
from backroom.vocabulary.clock import SystemClock
from backroom.vocabulary.errors import Misuse, ShopNotFound, TokenRefused, Unknown, Unreachable
from backroom.vocabulary.ids import ShopId
from tests.shopify.stub import DOMAIN, Time

VAULT = Vault(["k" * 32])
PAIR: dict[str, Any] = {
    "access_token": "a0",
    "refresh_token": "r0",
    "client_secret": "hush-secret",
    "expires_in": 3600,
}


class Clockwork(Time):
    """The machine's own clock to begin with: shopifyapp reckons by it."""

    def __init__(self) -> None:
        super().__init__()
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return SystemClock().now() + self.offset


class Grants:
    """Shopify's end that grants tokens, and one process's tokens."""

    def __init__(self, database: Database, *, client_id: str | None = "app", **opening: Any) -> None:
        self.database = database
        with database.writing() as transaction:
            text = json.dumps(opening or {"client_secret": "hush-secret"}).encode()
            self.shop_id = add_shop(transaction, VAULT, DOMAIN, read_opening(text), client_id=client_id)
        self.time = Clockwork()
        self.asked: list[dict[str, Any]] = []
        self.urls: list[str] = []
        self.replies: list[httpx.Response | Exception] = []
        self.meanwhile: Any = lambda: None
        self.http = httpx.Client(transport=httpx.MockTransport(self._answer))

    def process(self) -> StoredTokens:
        shop = Whereabouts(domain=DOMAIN, api_url="http://127.0.0.1:9/shop")
        granter = Granter(http=self.http, shop=shop)
        return StoredTokens(self.database, VAULT, self.shop_id, granter, timing=self.time.timing)

    def stored(self) -> Credential:
        with self.database.reading() as transaction:
            return read_credential(transaction, VAULT, self.shop_id)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.urls.append(str(request.url))
        assert request.headers["host"] == "127.0.0.1:9"
        self.asked.append(msgspec.json.decode(request.content))
        self.meanwhile()
        if self.replies:
            reply = self.replies.pop(0)
            if isinstance(reply, Exception):
                raise reply
            return reply
        number = len(self.asked)
        if self.asked[-1]["grant_type"] == "client_credentials":
            return httpx.Response(200, json={"access_token": f"c{number}", "scope": "", "expires_in": 86_399})
        pair = {"access_token": f"a{number}", "refresh_token": f"r{number}", "scope": ""}
        return httpx.Response(200, json={**pair, "expires_in": 3600, "refresh_token_expires_in": 7_776_000})


def test_a_fixed_token_is_what_was_given_and_can_not_be_renewed(database: Database) -> None:
    grants = Grants(database, access_token="shpat_1")
    tokens = grants.process()
    assert tokens.token() == "shpat_1"
    assert not tokens.renew("shpat_1")
    assert grants.asked == []


def test_a_fixed_token_that_was_replaced_meanwhile_is_taken_up(database: Database) -> None:
    tokens = Grants(database, access_token="shpat_1").process()
    tokens.token()
    Grants(database, access_token="shpat_2")
    assert tokens.renew("shpat_1")
    assert tokens.token() == "shpat_2"


def test_a_token_is_granted_for_the_client_secret_and_shared(database: Database) -> None:
    grants = Grants(database)
    assert grants.process().token() == "c1"
    assert grants.process().token() == "c1", "another process finds it"
    assert grants.asked == [
        {"client_id": "app", "client_secret": "hush-secret", "grant_type": "client_credentials"}
    ]
    assert grants.urls == ["http://127.0.0.1:9/shop/admin/oauth/access_token"]


def test_a_granted_token_is_asked_for_again_before_it_ends(database: Database) -> None:
    grants = Grants(database)
    tokens = grants.process()
    tokens.token()
    grants.time.offset = timedelta(hours=23, minutes=45)
    assert tokens.token() == "c1"
    grants.time.offset = timedelta(hours=23, minutes=57)
    assert tokens.token() == "c2"


def test_a_token_that_is_found_near_its_end_is_used_and_renewed_before_it(database: Database) -> None:
    grants = Grants(database)
    grants.process().token()
    grants.time.offset = timedelta(hours=23, minutes=58)
    tokens = grants.process()
    assert tokens.token() == "c1"
    grants.time.offset = timedelta(hours=23, minutes=59, seconds=30)
    assert tokens.token() == "c2"


def test_a_grant_leaves_the_instant_at_which_the_credential_was_given(database: Database) -> None:
    grants = Grants(database)

    def given_at() -> datetime:
        with database.reading() as transaction:
            at: datetime = transaction.execute(select(shop_credential.c.updated_at)).scalar_one()
        return at

    before = given_at()
    grants.process().token()
    assert grants.stored().grant is not None
    assert given_at() == before
    Grants(database)
    assert given_at() > before


def test_a_granted_token_that_is_refused_is_granted_anew_once_for_all_threads(database: Database) -> None:
    grants = Grants(database)
    tokens = grants.process()
    assert tokens.renew(tokens.token())
    assert tokens.renew("c1"), "the other thread's was the old one, too"
    assert tokens.token() == "c2"
    assert len(grants.asked) == 2


def test_a_pair_is_refreshed_and_stored_together(database: Database) -> None:
    grants = Grants(database, **PAIR)
    tokens = grants.process()
    assert tokens.token() == "a0"
    grants.time.offset = timedelta(minutes=58)
    assert tokens.token() == "a1"
    assert grants.asked[0]["refresh_token"] == "r0"
    grant = grants.stored().grant
    assert grant is not None
    assert (grant.token, grant.refresh_token) == ("a1", "r1")
    assert grant.refresh_expires_at is not None


def test_a_pair_without_its_age_is_refreshed_before_it_is_used(database: Database) -> None:
    pair = {key: value for key, value in PAIR.items() if key != "expires_in"}
    assert Grants(database, **pair).process().token() == "a1"


def test_who_refreshed_too_late_takes_what_the_other_stored(database: Database) -> None:
    grants = Grants(database, **PAIR)
    grants.time.offset = timedelta(hours=1)

    def other_stores() -> None:
        grants.meanwhile = lambda: None
        with database.writing() as transaction:
            later = grants.time.now() + timedelta(hours=1)
            other = Grant(token="other", expires_at=later, refresh_token="r-other")
            seen = read_credential(transaction, VAULT, grants.shop_id).seen
            assert store_grant(transaction, VAULT, grants.shop_id, seen, other)

    grants.meanwhile = other_stores
    assert grants.process().token() == "other"
    stored = grants.stored().grant
    assert stored is not None
    assert stored.refresh_token == "r-other"


def test_a_refresh_token_that_is_not_given_anew_is_kept(database: Database) -> None:
    grants = Grants(database, **PAIR, refresh_token_expires_in=7_776_000)
    before = grants.stored().grant
    grants.time.offset = timedelta(hours=1)
    grants.replies = [httpx.Response(200, json={"access_token": "a1", "scope": "", "expires_in": 3600})]
    assert grants.process().token() == "a1"
    after = grants.stored().grant
    assert before is not None
    assert after is not None
    assert (after.refresh_token, after.refresh_expires_at) == ("r0", before.refresh_expires_at)


def test_a_refresh_token_that_another_process_has_used_up_is_not_the_end(database: Database) -> None:
    grants = Grants(database, **PAIR)
    grants.time.offset = timedelta(hours=1)

    def other_stores() -> None:
        grants.meanwhile = lambda: None
        assert grants.process().token() == "a2"
        # The outer question is answered after the inner one: its refresh token is used up.
        grants.replies = [httpx.Response(400, json={"error": "invalid_grant"})]

    grants.meanwhile = other_stores
    assert grants.process().token() == "a2"


def test_a_token_that_is_still_good_bridges_an_outage(database: Database) -> None:
    grants = Grants(database)
    tokens = grants.process()
    tokens.token()
    grants.time.offset = timedelta(hours=23, minutes=58)
    grants.replies = [httpx.ConnectError("no")] * 6
    assert tokens.token() == "c1"
    grants.time.offset = timedelta(hours=24)
    grants.replies = [httpx.Response(503)] * 6
    with pytest.raises(Unreachable):
        tokens.token()


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (httpx.Response(401, json={"error": "invalid_client"}), TokenRefused, "client id and secret"),
        (httpx.Response(400, json={"error": "shop_not_permitted"}), TokenRefused, "shop_not_permitted"),
        (httpx.Response(400, json={"error": "app_not_installed"}), TokenRefused, "install it again, then"),
        (httpx.Response(404, text="no such shop"), ShopNotFound, "check the domain"),
        (httpx.Response(200, json={}), TokenRefused, "grants no token"),
    ],
)
def test_a_refused_grant_says_what_to_do_and_no_secret(
    database: Database, reply: httpx.Response, kind: type[Exception], words: str
) -> None:
    grants = Grants(database)
    grants.replies = [reply]
    with pytest.raises(kind, match=words) as caught:
        grants.process().token()
    assert "hush-secret" not in str(caught.value)
    assert len(grants.asked) == 1


def test_a_pair_that_is_over_says_so(database: Database) -> None:
    grants = Grants(database, **PAIR)
    grants.time.offset = timedelta(hours=1)
    grants.replies = [httpx.Response(400, json={"error": "invalid_grant"})]
    with pytest.raises(TokenRefused, match="install the app anew"):
        grants.process().token()


def test_where_no_token_can_be_asked_for_it_is_said_where_and_what_happened(database: Database) -> None:
    grants = Grants(database)
    grants.replies = [httpx.ConnectTimeout("no")] * 6
    words = "at 127.0.0.1:9: it did not take the connection in time, when it was asked for a token"
    with pytest.raises(Unreachable, match=words):
        grants.process().token()


def test_a_token_is_granted_or_given(database: Database) -> None:
    granted = Grants(database).process()
    granted.token()
    assert granted.are_granted
    given = Grants(database, access_token="shpat_1").process()
    given.token()
    assert not given.are_granted


def test_what_may_pass_is_asked_again(database: Database) -> None:
    grants = Grants(database)
    grants.replies = [httpx.Response(503), httpx.ReadTimeout("no"), httpx.Response(200, text="<html>")]
    assert grants.process().token() == "c4"


def test_no_secret_is_stored_in_the_clear_or_shown(database: Database) -> None:
    grants = Grants(database, **PAIR)
    grants.process().token()
    with database.reading() as transaction:
        row = transaction.execute(select(shop_credential)).one()
    assert not [value for value in row if isinstance(value, bytes) and (value == b"a0" or value == b"r0")]
    shown = repr(grants.stored()) + repr(grants.stored().grant) + repr(grants.process())
    for secret in ("hush-secret", "a0", "r0"):
        assert f"'{secret}'" not in shown


def test_a_credential_that_was_replaced_is_not_overwritten_by_a_late_grant(database: Database) -> None:
    grants = Grants(database)
    seen = grants.stored().seen
    Grants(database, access_token="shpat_new")
    with database.writing() as transaction:
        late = Grant(token="late", expires_at=None)
        assert not store_grant(transaction, VAULT, grants.shop_id, seen, late)
    assert grants.stored().grant is None


def test_a_shop_that_was_removed_has_nothing_that_opens_it(database: Database) -> None:
    grants = Grants(database)
    with database.writing() as transaction:
        remove_shop(transaction, DOMAIN)
    with pytest.raises(TokenRefused, match="nothing opens this shop"):
        grants.process().token()
    with database.reading() as transaction, pytest.raises(Unknown):
        read_whereabouts(transaction, ShopId(grants.shop_id))


def test_half_a_pair_is_not_taken(database: Database) -> None:
    for opening in ({"refresh_token": "r"}, {"refresh_token": "r", "access_token": "a"}):
        with pytest.raises(Misuse, match="access_token it came with"):
            read_opening(json.dumps(opening).encode())
    with database.writing() as transaction, pytest.raises(Misuse, match="--client-id"):
        add_shop(transaction, VAULT, DOMAIN, read_opening(json.dumps(PAIR).encode()))
