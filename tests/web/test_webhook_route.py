import asyncio
import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shopify_app.verify.webhook import verify_webhook_req
from sqlalchemy import select

from backroom.db.database import WRITER_WAIT_SECONDS, Database, Transaction
from backroom.ingress.headers import read_headers
from backroom.ingress.inbox import Inbox
from backroom.ingress.receive import LARGEST_BODY_BYTES, Receiver
from backroom.ingress.tables import webhook_delivery
from backroom.observe.metrics import Metrics
from backroom.shopify.signature import sign, signing_secret
from backroom.shops.keyring import Signers
from backroom.shops.secrets import list_secrets
from backroom.vocabulary.ids import ShopId
from backroom.web.body import BodyReader
from backroom.web.hooks import WebhookDoor
from backroom.web.observer import InboxObserver, RefusalObserver
from tests.house import no_tally
from tests.waiting import eventually
from tests.web.front import DOMAIN, SECRET, Front, RawSender, headers_of, open_front


def rows(database: Database) -> list[tuple[str, str, bytes]]:
    with database.reading() as transaction:
        c = webhook_delivery.c
        found = transaction.execute(select(c.webhook_id, c.topic, c.body).order_by(c.id))
        return [(row.webhook_id, row.topic, row.body) for row in found]


def test_a_signed_delivery_is_stored_as_it_came(front: Front) -> None:
    body = b'{"id": 1, "title": "caf\xc3\xa9 \\u0000"}'
    answer = front.deliver(body)
    assert (answer.status_code, answer.json()) == (200, {"outcome": "stored"})
    assert rows(front.database) == [("w1", "products/update", body)]
    eventually(lambda: front.counted("stored") == 1, "the batch counted")


def test_the_same_webhook_id_again_is_a_duplicate_and_still_200(front: Front) -> None:
    front.deliver(b"{}")
    answer = front.deliver(b'{"later": true}')
    assert (answer.status_code, answer.json()) == (200, {"outcome": "duplicate"})
    assert len(rows(front.database)) == 1


@pytest.mark.parametrize("body", [b"", b"not json", b"\xff\xfe", b"[" * 5000, b"x" * 1_000_000])
def test_no_verified_delivery_is_refused_for_its_content(front: Front, body: bytes) -> None:
    assert front.deliver(body, topic="nobody/handles").status_code == 200
    assert rows(front.database) == [("w1", "nobody/handles", body)]


def test_a_topic_path_takes_its_own_topic(front: Front) -> None:
    assert front.deliver(path="/api/webhooks/products/update").status_code == 200


def test_a_topic_that_differs_from_the_path_is_400(front: Front) -> None:
    answer = front.deliver(path="/api/webhooks/orders/create")
    assert (answer.status_code, answer.json()["outcome"]) == (400, "topic_mismatch")
    assert front.counted("topic_mismatch") == 1


@pytest.mark.parametrize("path", ["/api/webhooks", "/api/webhooks/products/update"])
@pytest.mark.parametrize(
    "name", ["X-Shopify-Topic", "X-Shopify-Hmac-Sha256", "X-Shopify-Shop-Domain", "X-Shopify-Webhook-Id"]
)
def test_a_needed_header_that_is_missing_is_400_and_named(front: Front, path: str, name: str) -> None:
    answer = front.deliver(path=path, without=name)
    assert (answer.status_code, answer.json()["outcome"]) == (400, "missing_header")
    assert name in answer.json()["detail"]


def test_headers_without_the_x_count_too(front: Front) -> None:
    headers = {name.removeprefix("X-"): value for name, value in headers_of(b"{}").items()}
    assert front.http.post("/api/webhooks", content=b"{}", headers=headers).status_code == 200


def test_a_bad_signature_and_an_unknown_shop_get_one_answer(front: Front) -> None:
    bad = front.deliver(secret="guess")
    unknown = front.deliver(shop_domain="other.myshopify.com")
    assert bad.status_code == unknown.status_code == 401
    assert bad.content == unknown.content
    assert rows(front.database) == []
    assert front.counted("unauthorized") == 2


@pytest.mark.parametrize("value", [b"", b"=", b"x", b"\xff" * 44, "ä".encode(), b"A" * 10_000])
def test_a_malformed_hmac_is_401(front: Front, value: bytes) -> None:
    assert front.deliver(hmac_sha256=value).status_code == 401


@pytest.mark.parametrize("value", [b"", b"\xff.com", "dämo.myshopify.com".encode(), b"a b", b"." * 5000])
def test_a_malformed_shop_is_401(front: Front, value: bytes) -> None:
    assert front.deliver(shop_domain=value).status_code == 401


def test_the_shops_domain_is_taken_in_any_case(front: Front) -> None:
    assert front.deliver(shop_domain=DOMAIN.upper()).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api/webhooks", "/api/webhooks/products/update"])
def test_other_methods_are_405(front: Front, method: str, path: str) -> None:
    answer = front.http.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_the_largest_body_is_taken_and_one_byte_more_is_413(front: Front) -> None:
    body = b"x" * LARGEST_BODY_BYTES
    assert front.deliver(body).status_code == 200
    answer = front.deliver(body + b"x")
    assert (answer.status_code, answer.json()["outcome"]) == (413, "too_large")
    assert front.counted("too_large") == 1


def test_a_body_without_a_length_is_413_as_soon_as_it_is_too_large(front: Front) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 10 * LARGEST_BODY_BYTES:
            sent += 65536
            yield b"x" * 65536

    answer = front.http.post("/api/webhooks", content=endless(), headers=headers_of(b""))
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


def test_a_chunked_body_within_the_size_is_taken(front: Front) -> None:
    parts = [b"a" * 100_000, b"b" * 100_000, b"c" * 200_000]
    answer = front.http.post("/api/webhooks", content=iter(parts), headers=headers_of(b"".join(parts)))
    assert answer.status_code == 200
    assert rows(front.database)[0][2] == b"".join(parts)


def test_a_slow_sender_is_408_and_does_not_block_others(database: Database) -> None:
    with open_front(database, read_seconds=0.5) as front:
        slow = RawSender(front.address, b"x" * 1000, send=10)
        for number in range(20):
            assert front.deliver(webhook_id=f"w{number}").status_code == 200
        assert "408" in slow.answer().splitlines()[0]
        slow.close()
        assert front.counted("slow") == 1


def test_a_sender_who_hangs_up_half_way_leaves_nothing_behind(database: Database) -> None:
    with open_front(database, budget_bytes=500_000) as front:
        for _ in range(5):
            RawSender(front.address, b"x" * 400_000, send=300_000).close()
        # Its share of memory came back: one of the same size finds room again.
        eventually(lambda: front.deliver(b"y" * 400_000).status_code == 200, "room in the budget again")
        assert [row[0] for row in rows(database)] == ["w1"]


def test_large_bodies_on_their_way_share_a_budget_and_small_ones_need_none(database: Database) -> None:
    numbers = iter(range(1000))
    with open_front(database, budget_bytes=500_000) as front:
        first = RawSender(front.address, b"x" * 400_000, send=390_000)

        def crowded() -> bool:
            answer = front.deliver(b"y" * 400_000, webhook_id=f"large{next(numbers)}")
            assert answer.status_code in (200, 503)
            return answer.status_code == 503 and answer.headers["retry-after"] == "1"

        eventually(crowded, "the budget used up")
        assert front.deliver(b"small").status_code == 200
        first.finish()
        assert "stored" in first.answer()
        first.close()
        assert front.deliver(b"y" * 400_000, webhook_id="after").status_code == 200


def test_a_store_that_fails_answers_503_and_never_200(front: Front) -> None:
    with front.database.writing() as transaction:
        transaction.connection.exec_driver_sql("ALTER TABLE webhook_delivery RENAME TO elsewhere")
    answer = front.deliver()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["outcome"] == "unavailable"
    assert "elsewhere" not in answer.text
    eventually(lambda: front.counted("unavailable") == 1, "the failure counted")
    with front.database.writing() as transaction:
        transaction.connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO webhook_delivery")
    assert front.deliver().json() == {"outcome": "stored"}


def test_an_inbox_that_is_closing_answers_503(front: Front) -> None:
    front.inbox.stop()
    answer = front.deliver()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert front.counted("unavailable") == 1


class Stuck(Database):
    """A store that hangs until `goes_on` is set, and says nothing meanwhile."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.engine, database.seam, database.schema)
        self.goes_on = threading.Event()

    @contextmanager
    def writing(self, wait_seconds: float = WRITER_WAIT_SECONDS) -> Iterator[Transaction]:
        assert self.goes_on.wait(20)
        with super().writing(wait_seconds) as transaction:
            yield transaction


class OneShop:
    """Knows the tests' shop, and counts how often its secrets were tried."""

    def __init__(self) -> None:
        self.secrets = Counted([(1, SECRET.encode())])

    def signers(self, domain: str, *, fresh: bool = False) -> Signers | None:
        return Signers(ShopId(1), self.secrets) if domain == DOMAIN else None


class Counted(tuple[tuple[int, bytes], ...]):  # noqa: SLOT001 (it counts)
    tried = 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        self.tried += 1
        return super().__iter__()


@pytest.mark.parametrize("domain", [DOMAIN, "other.myshopify.com"])
def test_the_size_is_judged_before_the_shop_so_that_it_tells_nothing_of_it(
    database: Database, domain: str
) -> None:
    receiver = Receiver(OneShop(), Inbox(database, InboxObserver(Metrics()), no_tally))
    sent = {**headers_of(b"", shop_domain=domain), "Content-Length": "30000000"}

    def refused(without: str = "") -> str | None:
        raw = [(name, value) for name, value in httpx.Headers(sent).raw if name.decode() != without]
        refusal = receiver.refuse_early(read_headers([(name.lower(), value) for name, value in raw]), None)
        return refusal.outcome if refusal else None

    assert refused() == "too_large"
    assert refused(without="X-Shopify-Topic") == "missing_header"


def test_a_bad_signature_is_worked_out_once_where_the_secrets_are_the_same(database: Database) -> None:
    """Each time costs a hash over up to 20 MB, and anybody may ask for it."""
    shop = OneShop()
    receiver = Receiver(shop, Inbox(database, InboxObserver(Metrics()), no_tally))
    raw = [(name.lower(), value) for name, value in httpx.Headers(headers_of(b"other bytes")).raw]
    refusal = receiver.accept(read_headers(raw), b"{}", lambda _answer: None)
    assert refusal is not None
    assert (refusal.status, shop.secrets.tried) == (401, 1)


def test_a_store_that_hangs_is_answered_503_and_what_it_stored_late_is_known(database: Database) -> None:
    stuck, metrics = Stuck(database), Metrics()
    inbox = Inbox(stuck, InboxObserver(metrics), no_tally)
    receiver, observer = Receiver(OneShop(), inbox), RefusalObserver(metrics)
    hasty = WebhookDoor(receiver, BodyReader(), observer, answer_seconds=0.02)
    patient = WebhookDoor(receiver, BodyReader(), observer)

    async def post(door: WebhookDoor) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://x") as http:
            return await http.post("/api/webhooks", content=b"{}", headers=headers_of(b"{}"))

    complaints: list[dict[str, Any]] = []

    async def play() -> None:
        asyncio.get_running_loop().set_exception_handler(complain)
        late = await post(hasty)
        assert (late.status_code, late.headers["retry-after"]) == (503, "1")
        stuck.goes_on.set()
        assert (await post(patient)).json() == {"outcome": "duplicate"}

    def complain(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        complaints.append(context)

    inbox.start()
    asyncio.run(play())
    inbox.stop()
    assert complaints == [], "the answer that came too late hurts nobody"
    assert len(rows(database)) == 1
    assert b'outcome="unavailable"} 0' not in metrics.render({})


class StrangeKeyring:
    """Knows a shop whose number fits no column."""

    def signers(self, domain: str, *, fresh: bool = False) -> Signers | None:
        return Signers(ShopId(2**70), ((1, b"hush"),))


def test_a_delivery_that_the_database_refuses_for_good_is_503_too(database: Database) -> None:
    with open_front(database, keyring=StrangeKeyring()) as front:
        assert front.deliver().status_code == 503


def test_any_active_secret_signs_and_its_use_is_counted(front: Front) -> None:
    for number in range(3):
        front.deliver(webhook_id=f"w{number}")
    front.inbox.stop()
    with front.database.reading() as transaction:
        (secret,) = list_secrets(transaction, ShopId(1))
    assert secret.use_count == 3
    assert secret.last_used_at is not None


def test_many_at_once_are_all_answered_each_with_its_own(front: Front) -> None:
    outcomes: list[tuple[int, str]] = []

    def send(lane: int) -> None:
        with httpx.Client(base_url=front.http.base_url, timeout=20) as http:
            for number in range(20):
                body = f"{lane}/{number}".encode()
                headers = headers_of(body, webhook_id=f"{lane}/{number // 2}")
                outcomes.append(
                    (lane, http.post("/api/webhooks", content=body, headers=headers).json()["outcome"])
                )

    lanes = [threading.Thread(target=send, args=(lane,)) for lane in range(8)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    assert [outcome for lane, outcome in outcomes if lane == 3] == ["stored", "duplicate"] * 10
    assert len(rows(front.database)) == 80


secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


@given(
    body=st.text(st.characters(exclude_categories=["Cs"])),
    secret=secrets,
    old=st.none() | secrets,
    claimed=st.none() | st.binary(max_size=40),
    by_the_old_one=st.booleans(),
)
def test_signatures_are_judged_as_the_official_package_judges_them(
    body: str, secret: str, old: str | None, claimed: bytes | None, by_the_old_one: bool
) -> None:
    raw = body.encode()
    signer = old if old is not None and by_the_old_one else secret
    header = sign(raw, signer.encode()) if claimed is None else base64.b64encode(claimed)
    official = verify_webhook_req(
        {
            "method": "POST",
            "headers": {"X-Shopify-Hmac-Sha256": header.decode(), "X-Shopify-Shop-Domain": DOMAIN},
            "url": "https://example.com/api/webhooks",
            "body": raw.decode(),
        },
        {"client_id": "id", "client_secret": secret, "old_client_secret": old},
    )
    ours = signing_secret(raw, header, [(1, secret.encode())] + ([(2, old.encode())] if old else []))
    assert (ours is not None) == official.ok
    if claimed is None:
        assert ours is not None


@given(body=st.binary(max_size=200), position=st.integers(0), secret=secrets)
def test_any_changed_byte_breaks_a_signature(body: bytes, position: int, secret: str) -> None:
    changed = bytearray(body or b"x")
    changed[position % len(changed)] ^= 1
    key = secret.encode()
    assert signing_secret(bytes(changed), sign(body or b"x", key), [(1, key)]) is None
    hexadecimal = hashlib.sha256(body).hexdigest().encode()
    assert signing_secret(body, hexadecimal, [(1, key)]) is None


def test_without_a_secret_nothing_is_right() -> None:
    assert signing_secret(b"", sign(b"", b""), []) is None
