"""`python -m demo [--keep]`: Backroom in a throw-away home, a shop's webhooks played at it, the rows shown.

Exit code 0 where the rows are what they should be, 1 with the reason where they are not, 130 after Ctrl-C.
"""

import argparse
import json
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from backroom.shopify.signature import sign
from demo.house import House, Trouble, open_house
from demo.show import Stage
from demo.story import ASKED, DOMAIN, EXPECTED, WANTING, Row, Sent, story


def main() -> int:
    """The whole demo."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it running, and say where; Ctrl-C ends it")
    keep: bool = parser.parse_args().keep
    stage = Stage()
    try:
        with open_house() as house:
            _play(stage, house)
            if keep:
                _invite(stage, house)
            else:
                _point(stage)
    except KeyboardInterrupt:
        stage.say("stopped: no process and no home is left")
        return 0 if keep else 130
    except Trouble as trouble:
        print(f"demo: {trouble}", file=sys.stderr)
        return 1
    return 0


def _play(stage: Stage, house: House) -> None:
    stage.title("Backroom: a Shopify shop's webhooks become rows in your database")
    stage.say("starting `backroom serve` on SQLite, in a throw-away home ...", "dim")
    secret = secrets.token_hex(16)
    opening = json.dumps({"access_token": "not used here", "webhook_secrets": [secret]})
    house.run("shop", "add", DOMAIN, stdin=opening)
    house.serve()
    house.token = house.run("token", "create", "demo").splitlines()[-1]
    house.wait_until_ready()

    sent = story(datetime.now(UTC) - timedelta(minutes=10))
    for each in sent:
        _send(house, each, secret)
    stage.title(f"{len(sent)} signed deliveries, each answered 200 once it was stored")
    became = _outcomes(house)
    stage.deliveries(sent, became)
    products = house.read("/api/v1/products?limit=100")["items"]
    rows = _rows(products)
    stage.title("the rows they became")
    stage.rows(rows)
    stage.title("where a value came from")
    stage.command(("why", "sku", *ASKED), house.run("why", "sku", *ASKED))
    wants = _wants(house, products)
    stage.title("what wants to be fetched from Shopify again")
    stage.pairs(wants.values())
    failures = house.read("/api/v1/failures")["items"]
    stage.title("what could not be applied: it waits, is tried again, and holds up nobody")
    stage.pairs((failure["id"], failure["reason"]) for failure in failures)
    _check(sent, became, rows, frozenset(wants), len(failures))


def _send(house: House, sent: Sent, secret: str) -> None:
    """Posts one delivery, and waits until it is worked off."""
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": sent.topic,
        "X-Shopify-Hmac-Sha256": sign(sent.body, secret.encode()).decode(),
        "X-Shopify-Shop-Domain": DOMAIN,
        "X-Shopify-Webhook-Id": sent.webhook_id,
        "X-Shopify-Triggered-At": sent.at.isoformat(),
    }
    answer = house.ask(f"/api/webhooks/{sent.topic}", sent.body, headers)
    if (answer.status, answer.json["outcome"]) != (200, sent.answer):
        raise Trouble(f"{sent.what} was answered {answer.status} {answer.json}")
    house.wait_until_worked()


def _outcomes(house: House) -> dict[str, str]:
    """Webhook id -> what became of the delivery."""
    return {
        each["webhook_id"]: each["outcome"] if each["state"] == "sorted" else each["state"]
        for each in house.read("/api/v1/deliveries?limit=100")["items"]
    }


def _rows(products: Sequence[dict[str, Any]]) -> list[Row]:
    return [
        Row(product["name"], sku["sku_code"], sku["price"], sku["is_active"])
        for product in products
        for sku in product["skus"]
    ]


def _wants(house: House, products: Sequence[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Shopify id -> name and reason, of the products that want a refetch."""
    wanting = [
        product for product in products if any(listing["refetch_wanted"] for listing in product["listings"])
    ]
    return {
        product["shopify_product_id"]: (product["name"], _reason(house, product["shopify_product_id"]))
        for product in wanting
    }


def _reason(house: House, product_id: str) -> str:
    return str(house.read(f"/api/v1/cache/product/{product_id}")["cached"]["wanted_reason"])


def _check(
    sent: Sequence[Sent], became: dict[str, str], rows: Sequence[Row], wanting: frozenset[str], failures: int
) -> None:
    """Raises Trouble where anything is not as the story has it."""
    for each in sent:
        wanted = "parked" if each.outcome == "failed" else each.outcome
        if became.get(each.webhook_id) != wanted:
            raise Trouble(f"{each.what}: became {became.get(each.webhook_id)}, not {wanted}")
    if sorted(rows) != sorted(EXPECTED):
        wrong = sorted(set(rows) ^ set(EXPECTED))
        raise Trouble(f"the rows are not what they should be: {wrong}")
    if wanting != WANTING or failures != 1:
        raise Trouble(f"{sorted(wanting)} want a refetch and {failures} failed: not what it should be")


def _point(stage: Stage) -> None:
    stage.title("all rows are what they should be")
    stage.say("make demo ARGS=--keep      leaves it running, to look around")
    stage.say(".venv/bin/backroom --help  all commands: status, deliveries, why, doctor ...")


def _invite(stage: Stage, house: House) -> None:
    stage.title("it goes on running: Ctrl-C ends it and removes its home")
    stage.say(f"address {house.address}")
    stage.say(f"TOKEN={house.token}")
    stage.say(f'curl -H "Authorization: Bearer $TOKEN" {house.address}/api/v1/skus', "cyan")
    stage.say(f"BACKROOM_HOME={house.home} .venv/bin/backroom status", "cyan")
    house.wait_for_its_end()


if __name__ == "__main__":
    sys.exit(main())
