"""A run that can not work says what to do, in one sentence: in the run, in the command, and in the log."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from backroom.jobs.runs import Run
from tests.crash.served import Served
from tests.pull.pulled_shop import TOKEN, PulledShop, a_pulled_shop
from tests.waiting import eventually

pytestmark = pytest.mark.parametrize("backroom", ["sqlite"], indirect=True)
"""The database has no part in it."""
UNREACHABLE_SECONDS = 40.0
SECRETS = (TOKEN, "shpat_", "shpss_")
Break = Callable[[PulledShop], object]


@dataclass(frozen=True)
class Case:
    """What is wrong with the shop, and what the sentence has to name."""

    name: str
    wrong: Break
    words: tuple[str, ...]


def closed(state: str) -> Break:
    def close(shop: PulledShop) -> None:
        mishaps = shop.simulation.admin.mishaps
        mishaps.set(replace(mishaps.faults, shop=state))

    return close


def without_scope(shop: PulledShop) -> None:
    shop.simulation.admin.tokens.scopes = ("read_orders",)


def without_token(shop: PulledShop) -> None:
    shop.simulation.admin.tokens.fixed = "another one"


def forbidden(shop: PulledShop) -> None:
    shop.simulation.admin.mishaps.script("request", ["forbidden"])


CASES = (
    Case("a scope is missing", without_scope, ("read_products", "grant it to the app")),
    Case("access is denied", forbidden, ("denies the app access", "403", "grant the app the scopes")),
    Case("the token was revoked", without_token, ("access token", "401", "backroom shop add")),
    Case("the shop is frozen", closed("frozen"), ("frozen", "402", "settle its bill")),
    Case("the shop is locked", closed("locked"), ("locked", "423", "Shopify's support")),
    Case("the shop is closed", closed("inactive"), ("is closed", "open it again")),
    Case("there is no such shop", closed("gone"), ("no shop answers", "404", "check the domain")),
)


@pytest.fixture
def shop(backroom: Served) -> Iterator[PulledShop]:
    with a_pulled_shop(backroom, "failing", products=3) as opened:
        yield opened


def failed(shop: PulledShop) -> tuple[Run, str]:
    """As a person sees it who asked for it: the run, and the one sentence that stands everywhere."""
    done = shop.served.tried("sync", "products", "--full", "--wait", "--shop", shop.domain)
    run, sentence = logged(shop, max(row["id"] for row in shop.runs()))
    assert done.returncode == 1
    assert (
        done.stderr == f"backroom: run {run.id} (full sync of products of {shop.domain}) failed: {sentence}\n"
    )
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)
    return run, sentence


def logged(shop: PulledShop, run_id: int) -> tuple[Run, str]:
    """A run that has failed, and its sentence, which stands in the log, too."""
    run = shop.wait(run_id)
    assert run.state == "failed"
    assert run.error is not None

    def lines() -> list[dict[str, Any]]:
        return [line for line in shop.served.log() if line.get("run") == run.id]

    eventually(lambda: any(line["event"] == "run.failed" for line in lines()), "the log says so")
    (line,) = [line for line in lines() if line["event"] == "run.failed"]
    assert line["reason"] == run.error
    assert not any("exception" in line for line in lines())
    assert not any(secret in str(lines()) for secret in SECRETS)
    return run, run.error


def assert_plain(sentence: str, *words: str) -> None:
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    assert len(sentence) < 300
    for word in words:
        assert word in sentence


def test_each_failure_has_its_sentence_and_the_next_sync_is_green(shop: PulledShop) -> None:
    tokens, mishaps = shop.simulation.admin.tokens, shop.simulation.admin.mishaps
    scopes, fixed, faults = tokens.scopes, tokens.fixed, mishaps.faults
    sentences: dict[str, int] = {}
    for case in CASES:
        case.wrong(shop)
        # The command tells all of them alike: it is asked once.
        run, sentence = failed(shop) if case is CASES[-1] else logged(shop, shop.begin(full=True))
        assert_plain(sentence, shop.domain, *case.words)
        assert (run.seen, run.total) == (0, None)
        sentences[sentence] = run.id
        tokens.scopes, tokens.fixed = scopes, fixed
        mishaps.set(faults)
    assert len(sentences) == len(CASES)
    sentence, run_id = sentences.popitem()
    assert f"{sentence}\n" in shop.served.command("runs", "show", str(run_id))
    shop.sync(full=True)


def test_a_secret_that_gives_no_token_is_named_by_its_shop_only(shop: PulledShop) -> None:
    opening = {"client_secret": "shpss_of_the_tests"}
    shop.served.open_shop(shop.domain, opening, client_id="simulated-app", api_url=shop.server.url)
    _, sentence = failed(shop)
    assert_plain(sentence, shop.domain, "backroom shop add")


def test_the_catalogue_of_another_shop_is_not_taken_in(shop: PulledShop) -> None:
    name = shop.domain
    shop.domain = "second.myshopify.com"
    shop.served.open_shop(shop.domain, {"access_token": TOKEN}, api_url=shop.server.url)
    run, sentence = logged(shop, shop.begin(full=True))
    assert_plain(sentence, f"{shop.domain}'s address answers as {name}", "check its api_url")
    assert run.seen == 0
    shop.remove()


def test_an_address_where_nothing_listens_fails_within_seconds(backroom: Served) -> None:
    with a_pulled_shop(backroom, "away", products=3) as shop:
        address = shop.server.url.removeprefix("http://")
        shop.server.stop()
        began = time.monotonic()
        _, sentence = failed(shop)
        assert time.monotonic() - began < UNREACHABLE_SECONDS
        assert_plain(
            sentence,
            shop.domain,
            f"can not be reached at {address}: ",
            "(connection refused)",
            "check the address",
        )
