import socket
import threading

import httpx
import pytest

from backroom.shopify.patience import Patience
from backroom.shopify.posting import unreachable, what_happened
from backroom.vocabulary.errors import (
    BackroomError,
    MaxCostExceeded,
    QueryRefused,
    ScopeMissing,
    ShopFrozen,
    ShopInactive,
    ShopLocked,
    ShopNotFound,
    Throttled,
    TokenRefused,
    Unreachable,
)
from tests.shopify.stub import DOMAIN, Stub, cost, data, errors

QUERY = "query { shop { name } }"
MUTATION = "mutation { bulkOperationCancel(id: 1) { userErrors { message } } }"


def test_a_question_carries_token_version_and_variables() -> None:
    stub = Stub(data({"shop": {"name": "One"}}))
    answer = stub.client().ask(QUERY, {"first": 5})
    assert bytes(answer.data) == b'{"shop":{"name":"One"}}'
    request = stub.requests[0]
    assert str(request.url) == f"https://{DOMAIN}/admin/api/2026-10/graphql.json"
    assert request.headers["x-shopify-access-token"] == "shpat_secret"
    assert request.headers["user-agent"].startswith("Backroom/")
    assert stub.asked == [{"query": QUERY, "variables": {"first": 5}}]


@pytest.mark.parametrize(
    "bad",
    [
        httpx.Response(500),
        httpx.Response(503, text="<html>"),
        httpx.Response(429),
        httpx.Response(430),
        httpx.Response(200, text='{"data": {"sh'),
        httpx.Response(200, text="<html>captive portal</html>"),
        httpx.Response(200, json={"data": None}),
        httpx.ConnectError("no"),
        httpx.ConnectTimeout("no"),
        httpx.ReadTimeout("no"),
        httpx.RemoteProtocolError("no"),
        errors("INTERNAL_SERVER_ERROR", requestId="r-1"),
    ],
    ids=str,
)
def test_what_may_pass_is_asked_again(bad: httpx.Response | Exception) -> None:
    stub = Stub(bad, data({"ok": 1}))
    assert bytes(stub.client().ask(QUERY).data) == b'{"ok":1}'
    assert stub.time.slept == [0.5]


def test_half_of_a_surrogate_pair_is_repaired_and_not_asked_for_again() -> None:
    stub = Stub(httpx.Response(200, text=r'{"data": {"title": "cut \ud83d", "next": "\ud83d\ude00"}}'))
    answer = stub.client().ask(QUERY)
    assert bytes(answer.data) == rb'{"title": "cut \ufffd", "next": "\ud83d\ude00"}'


def test_patience_ends_and_says_what_happened() -> None:
    stub = Stub(*[httpx.ConnectTimeout("no")] * 6)
    with pytest.raises(
        Unreachable, match=rf"{DOMAIN} can not be reached: it did not take the connection in time"
    ):
        stub.client().ask(QUERY)
    assert stub.time.slept == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_the_address_that_was_asked_is_named_where_it_is_not_the_shops_own() -> None:
    own = unreachable(DOMAIN, f"https://{DOMAIN}", "it answers 503")
    assert str(own) == f"{DOMAIN} can not be reached: it answers 503; check the address and the network"
    other = unreachable(DOMAIN, "http://127.0.0.1:8100/proxied", "it answers 503")
    assert str(other).startswith(f"{DOMAIN} can not be reached at 127.0.0.1:8100: it answers 503; ")


@pytest.mark.parametrize(
    ("scheme", "words"),
    [("http", "no connection (connection refused)"), ("https", "no connection (TLS failed: ")],
)
def test_what_the_network_says_is_told_in_plain_words(scheme: str, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if scheme == "http":
            listener.close()
        else:
            threading.Thread(target=_answer_in_the_clear, args=(listener,), daemon=True).start()
        with httpx.Client(trust_env=False) as http, pytest.raises(httpx.ConnectError) as caught:
            http.get(f"{scheme}://127.0.0.1:{port}")
        assert what_happened(caught.value).startswith(words)


def _answer_in_the_clear(listener: socket.socket) -> None:
    with listener.accept()[0] as connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_no_try_begins_after_the_time_is_over() -> None:
    stub = Stub(*[httpx.Response(503)] * 3)
    with pytest.raises(Unreachable, match="it answers 503"):
        stub.client(patience=Patience(within_seconds=1.6)).ask(QUERY)
    assert stub.time.slept == [0.5, 1.0]


def test_shopify_names_the_pause_with_a_fraction() -> None:
    stub = Stub(httpx.Response(429, headers={"Retry-After": "2.0"}), data({"ok": 1}))
    stub.client().ask(QUERY)
    assert stub.time.slept == [2.0]


@pytest.mark.parametrize(
    ("bad", "repeated"),
    [
        (httpx.Response(502), False),
        (httpx.ReadTimeout("no"), False),
        (httpx.Response(200, text="<html>"), False),
        (httpx.ConnectError("no"), True),
        (httpx.Response(429), True),
        (errors("THROTTLED"), True),
    ],
    ids=str,
)
def test_a_mutation_is_sent_again_only_where_the_first_did_nothing(
    bad: httpx.Response | Exception, repeated: bool
) -> None:
    stub = Stub(bad, data({"ok": 1}))
    if repeated:
        stub.client().ask(MUTATION)
    else:
        with pytest.raises(Unreachable):
            stub.client().ask(MUTATION)
    assert len(stub.requests) == 1 + repeated


def test_a_mutation_that_may_be_repeated_is() -> None:
    stub = Stub(httpx.Response(502), data({"ok": 1}))
    stub.client().ask(MUTATION, repeatable=True)
    assert len(stub.requests) == 2


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (httpx.Response(401), TokenRefused, f"give it a valid one with `backroom shop add {DOMAIN}`"),
        (httpx.Response(402), ShopFrozen, "its owner has to settle its bill"),
        (httpx.Response(403), ScopeMissing, "grant the app the scopes"),
        (httpx.Response(404), ShopNotFound, "check the domain"),
        (httpx.Response(423), ShopLocked, "ask Shopify's support"),
        (httpx.Response(301, headers={"Location": "https://evil.example"}), QueryRefused, "answers 301"),
        (errors("SHOP_INACTIVE"), ShopInactive, "its owner has to open it again"),
        (
            errors("ACCESS_DENIED", requiredAccess="`read_products` access scope."),
            ScopeMissing,
            "grant the scope read_products to the app",
        ),
        (
            errors("ACCESS_DENIED", requiredAccess="`read_a` access scope or `read_b` access scope."),
            ScopeMissing,
            r"grant what is required \(`read_a` access scope or `read_b` access scope\.\) to the app",
        ),
        (errors("ACCESS_DENIED"), ScopeMissing, "it is ACCESS_DENIED"),
        (errors("undefinedField"), QueryRefused, "a fault of Backroom: it is undefinedField"),
        (httpx.Response(200, json={"errors": "Not Found"}), QueryRefused, "Not Found"),
    ],
    ids=str,
)
def test_what_a_person_has_to_mend_is_said_in_one_sentence(
    reply: httpx.Response, kind: type[BackroomError], words: str
) -> None:
    stub = Stub(reply)
    with pytest.raises(kind, match=words) as caught:
        stub.client().ask(QUERY)
    assert "\n" not in str(caught.value)
    assert "shpat_secret" not in str(caught.value)
    assert len(stub.requests) == 1
    assert stub.time.slept == []


def test_data_beside_errors_is_not_taken_for_whole() -> None:
    with pytest.raises(QueryRefused):
        Stub(errors("SOMETHING", value={"products": {"nodes": []}})).client().ask(QUERY)


def test_a_refused_token_is_renewed_once() -> None:
    stub = Stub(httpx.Response(401), data({"ok": 1}))
    stub.client("old", "new").ask(QUERY)
    assert [request.headers["x-shopify-access-token"] for request in stub.requests] == ["old", "new"]
    with pytest.raises(TokenRefused, match="give its client id and secret anew"):
        Stub(httpx.Response(401), httpx.Response(401)).client("old", "new", "newer").ask(QUERY)


def test_after_throttled_it_waits_exactly_until_the_points_are_there() -> None:
    stub = Stub(errors("THROTTLED", spent=cost(500, 100)), data({"ok": 1}, cost(500, 0, actual=500)))
    stub.client().ask(QUERY)
    assert stub.time.slept == [pytest.approx(4.01)]


def test_throttled_without_a_status_waits_longer_each_time() -> None:
    stub = Stub(*[errors("THROTTLED")] * 3, data({"ok": 1}))
    stub.client().ask(QUERY)
    assert stub.time.slept == [1.0, 2.0, 4.0]


def test_throttled_for_too_long_is_an_error_that_says_until_when() -> None:
    stub = Stub(by=lambda _: errors("THROTTLED"))
    with pytest.raises(Throttled) as caught:
        stub.client(patience=Patience(throttled_seconds=60)).ask(QUERY)
    assert caught.value.until > stub.time.now()


def test_too_costly_a_query_says_by_how_much() -> None:
    with pytest.raises(MaxCostExceeded) as caught:
        Stub(errors("MAX_COST_EXCEEDED", cost=2500, maxCost=1000)).client().ask(QUERY)
    assert (caught.value.cost, caught.value.limit) == (2500, 1000)


def test_a_body_that_trickles_for_ever_is_given_up() -> None:
    stub = Stub()

    class Trickle(httpx.SyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]
            for _ in range(1000):
                stub.time.seconds += 10
                yield b" "

    stub._replies = [httpx.Response(200, stream=Trickle())]
    with pytest.raises(Unreachable, match="the answer took over 120 s"):
        stub.client().ask(QUERY)
