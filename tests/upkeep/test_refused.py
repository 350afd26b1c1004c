"""A secret that was changed at Shopify, and not here: what is refused is told, and fetched in the end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from backroom.db.database import Database
from backroom.ingress.refused import MOST_SHOPS, Refusals
from backroom.ingress.tables import webhook_refusal
from backroom.jobs.runs import Run
from backroom.jobs.schedules import WEBHOOKS, set_schedule
from backroom.jobs.warnings import Concern, Told, read_concerns
from backroom.registration.refused import Refused, close_refused, read_refused
from backroom.resources.registry import RESOURCES
from backroom.shops.secrets import add_secret
from backroom.shops.tables import shop as shop_table
from backroom.shops.tables import shop_credential, webhook_secret
from backroom.vocabulary.clock import parse_instant, to_the_minute
from backroom.vocabulary.errors import StoreUnavailable
from backroom.vocabulary.ids import ShopId
from tests.crash.served import Served
from tests.house import House
from tests.pull.pulled_shop import PulledShop, a_pulled_shop
from tests.pull.truth import assert_true, differences, truth_of
from tests.upkeep.registering import UpkeepDesk, an_upkeep_desk
from tests.upkeep.scheduled import DOMAIN, PUBLIC_URL, VAULT, Scene
from tests.upkeep.test_registered_shop import (
    check_each_second,
    filled,
    newest,
    runs,
    served,
    subscribed,
)
from tests.waiting import eventually
from tests.web.front import SECRET, open_front

__all__ = ["served"]
OVERLAP = timedelta(minutes=10)
NEW = "what nobody told Backroom of"
TOLD = Told(api_version="2026-10", public_url=PUBLIC_URL, resources=RESOURCES)


class Ticking:
    """A monotonic clock that a test moves, in seconds."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[UpkeepDesk]:
    with an_upkeep_desk(house, tmp_path) as opened:
        opened.get_right()
        yield opened


def rows(database: Database) -> list[dict[str, Any]]:
    with database.reading() as transaction:
        found = transaction.execute(select(webhook_refusal).order_by(webhook_refusal.c.shop_id))
        return [dict(row) for row in found.mappings()]


def refuse(desk: UpkeepDesk, first: timedelta, last: timedelta = timedelta(), number: int = 3) -> datetime:
    """Deliveries were refused from so long ago on, until so long ago; when that began."""
    c = webhook_refusal.c
    with desk.house.database.writing() as transaction:
        now = transaction.now()
        values = {"first_at": now - first, "last_at": now - last, "refused": number}
        held = update(webhook_refusal).where(c.shop_id == desk.house.shop_id).values(values)
        if transaction.execute(held).rowcount == 0:
            transaction.execute(insert(webhook_refusal).values(shop_id=desk.house.shop_id, **values))
    return now - first


def tell_another_secret(desk: UpkeepDesk) -> None:
    with desk.house.database.writing() as transaction:
        add_secret(transaction, VAULT, desk.house.shop_id, NEW, "added")


def said(run: Run) -> str:
    return "; ".join(sample.reason for sample in run.samples)


def bout_of(desk: UpkeepDesk) -> Refused | None:
    with desk.house.database.reading() as transaction:
        return read_refused(transaction, desk.house.shop_id)


def let_nothing_check(shop: PulledShop) -> None:
    with shop.served.database.writing() as transaction:
        set_schedule(transaction, shop.shop_id(), WEBHOOKS, is_on=False)
    eventually(lambda: all(run.is_over for run in runs(shop)), "the last check is over", within=30)


def check(shop: PulledShop) -> None:
    shop.served.command("webhooks", "apply", "--shop", shop.domain, "--wait")


def warned(served: Served) -> list[str]:
    """What `status` warns of: refused webhooks."""
    return [each["text"] for each in served.status()["warnings"] if each["kind"] == "refused"]


def test_what_is_refused_is_counted_for_a_known_shop_and_for_no_other(database: Database) -> None:
    with open_front(database) as front:
        assert front.deliver(secret="another").status_code == 401
        assert front.deliver(secret="another", shop_domain="who.myshopify.com").status_code == 401
        eventually(lambda: rows(database), "it is written down")
        for _ in range(20):
            assert front.deliver(secret="another").status_code == 401
        eventually(lambda: rows(database)[0]["refused"] == 21, "all are counted")
        (row,) = rows(database)
        assert row["first_at"] < row["last_at"]
        assert front.deliver(secret=SECRET).status_code == 200


def test_what_was_refused_last_is_written_down_when_the_inbox_stops(database: Database) -> None:
    with open_front(database) as front:
        front.deliver(secret="another")
    assert [row["refused"] for row in rows(database)] == [1]


def test_a_flood_is_one_write_a_second_and_of_so_many_shops_at_most(database: Database) -> None:
    clock = Ticking()
    refusals = Refusals(clock)
    for shop_id in range(1, MOST_SHOPS + 3):
        for _ in range(5):
            refusals.note(ShopId(shop_id))
    refusals.write(database)
    assert [row["refused"] for row in rows(database)] == [5] * MOST_SHOPS
    refusals.note(ShopId(1))
    clock.at += 0.9
    refusals.write(database)
    assert rows(database)[0]["refused"] == 5, "not yet"
    clock.at += 0.1
    refusals.write(database)
    assert [row["refused"] for row in rows(database)] == [6, *[5] * (MOST_SHOPS + 1)]
    assert not refusals


def test_what_could_not_be_written_is_written_later_and_began_when_it_began(database: Database) -> None:
    class Away(Database):
        def writing(self, wait_seconds: float = 0.0) -> Any:
            raise StoreUnavailable("away")

    clock = Ticking()
    refusals = Refusals(clock)
    refusals.note(ShopId(7))
    away = Away.__new__(Away)
    with pytest.raises(StoreUnavailable):
        refusals.write(away)
    clock.at += 600
    refusals.note(ShopId(7))
    refusals.write(database)
    (row,) = rows(database)
    assert row["refused"] == 2
    assert row["last_at"] - row["first_at"] == timedelta(seconds=600)


def test_while_webhooks_are_refused_nothing_counts_as_right_and_the_check_says_so(desk: UpkeepDesk) -> None:
    right_at = {topic: row["right_at"] for topic, row in desk.recorded().items()}
    began = refuse(desk, timedelta(minutes=1))
    run = desk.check()
    since = f"{began:%Y-%m-%d %H:%M} UTC"
    assert f"3 webhooks were refused for the signature since {since}, and nothing was taken" in said(run)
    assert {topic: row["right_at"] for topic, row in desk.recorded().items()} == right_at
    assert desk.queued() == []


def test_once_another_secret_is_known_all_is_fetched_since_the_first_that_was_refused(
    desk: UpkeepDesk,
) -> None:
    began = refuse(desk, timedelta(hours=2), timedelta(seconds=1))
    desk.clock.behind = timedelta(hours=1)
    desk.change(2, "Refused")
    desk.clock.behind = timedelta(0)
    tell_another_secret(desk)
    run = desk.check()
    (filling,) = desk.queued()
    assert parse_instant(filling.options["since"]) == began - OVERLAP
    assert filling.options["reason"] == (
        f"webhooks were refused for their signature since {to_the_minute(began)}"
    )
    assert f"run {filling.id} fetches what changed since" in said(run)
    assert desk.fill().written == 1
    assert bout_of(desk) is None
    assert desk.check().samples == []


def test_that_a_known_secret_signs_again_ends_it_too(desk: UpkeepDesk) -> None:
    """It was Shopify that went back to the old one."""
    tell_another_secret(desk)
    refuse(desk, timedelta(hours=2))
    desk.check()
    assert desk.queued() == []
    with desk.house.database.writing() as transaction:
        transaction.execute(update(webhook_secret).values(last_used_at=transaction.now()))
    desk.check()
    assert len(desk.queued()) == 1


def test_a_subscription_that_was_taken_away_for_them_is_filled_since_the_first_of_them(
    desk: UpkeepDesk,
) -> None:
    """The check before counted what was refused as right."""
    began = refuse(desk, timedelta(hours=5), timedelta(hours=1))
    desk.simulation.lose_subscriptions()
    desk.check()
    (filling,) = desk.queued()
    assert parse_instant(filling.options["since"]) == began - OVERLAP
    assert "refused for their signature" in filling.options["reason"]
    assert bout_of(desk) is None


def test_bad_signatures_of_a_stranger_cost_one_sync_an_hour_at_most(desk: UpkeepDesk) -> None:
    c = webhook_refusal.c
    refuse(desk, timedelta(minutes=30), timedelta(seconds=1))
    tell_another_secret(desk)
    desk.check()
    desk.fill()
    refuse(desk, timedelta(seconds=20), timedelta(seconds=10))
    desk.check()
    assert desk.queued() == [], "a fill was begun just now"
    with desk.house.database.writing() as transaction:
        ago = transaction.now() - timedelta(hours=1)
        transaction.execute(update(webhook_refusal).where(c.shop_id > 0).values(filled_at=ago))
    desk.check()
    assert len(desk.queued()) == 1


def test_a_bout_that_grew_while_its_gap_was_looked_at_goes_on(desk: UpkeepDesk) -> None:
    refuse(desk, timedelta(hours=1), timedelta(minutes=1))
    seen = bout_of(desk)
    assert seen is not None
    refuse(desk, timedelta(hours=1), number=4)
    with desk.house.database.writing() as transaction:
        close_refused(transaction, seen)
    grown = bout_of(desk)
    assert grown is not None
    assert grown.number == 4


def test_refused_webhooks_are_warned_of_until_they_are_fetched(scene: Scene) -> None:
    def concerns(told: Told = TOLD) -> list[Concern]:
        with scene.database.reading() as transaction:
            return read_concerns(transaction, told)

    refusals = Refusals(Ticking())
    refusals.note(scene.shop_id)
    refusals.write(scene.database)
    (concern,) = concerns()
    assert (concern.kind, concern.shop) == ("refused", DOMAIN)
    assert concern.text == (
        "1 webhook was refused for the signature since 2026-11-28 00:00 UTC, and nothing was taken since the"
        " last of them"
    )
    assert f"`backroom shop add {DOMAIN}`" in concern.advice
    scene.pass_(seconds=1)
    with scene.database.writing() as transaction:
        add_secret(transaction, VAULT, scene.shop_id, NEW, "added")
    (concern,) = concerns()
    assert concern.text == "1 webhook was refused for the signature since 2026-11-28 00:00 UTC"
    assert f"`backroom webhooks apply --shop {DOMAIN}`" in concern.advice
    (concern,) = concerns(Told(api_version="2026-10", public_url=None, resources=RESOURCES))
    assert f"`backroom sync all --since 2026-11-27T23:55:00.000000Z --shop {DOMAIN}`" in concern.advice
    with scene.database.writing() as transaction:
        transaction.execute(update(shop_table).values(disconnected_at=transaction.now()))
    assert [each.kind for each in concerns()] == ["disconnected"]


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("access_token", "if the app's secret is another one now: `backroom shop secret add {}`"),
        ("client_secret", "if the app's client secret is another one now: `backroom shop add {}` with it"),
        (
            "offline",
            "if the app's client secret is another one now: `backroom shop add {}` with it and a new pair",
        ),
    ],
)
def test_a_secret_is_asked_for_where_it_opens_the_api_too(scene: Scene, kind: str, advice: str) -> None:
    """Else the old one would go on asking for tokens."""
    refusals = Refusals(Ticking())
    refusals.note(scene.shop_id)
    refusals.write(scene.database)
    with scene.database.writing() as transaction:
        transaction.execute(update(shop_credential).values(kind=kind))
        (concern,) = read_concerns(transaction, TOLD)
    assert concern.advice == advice.format(DOMAIN)


def test_a_secret_that_nobody_told_backroom_of_loses_nothing(served: Served) -> None:
    with a_pulled_shop(served, "untold", products=30, plan="plus") as shop:
        shop.sync(full=True)
        check_each_second(shop)
        eventually(lambda: subscribed(shop), "all is subscribed by itself", within=30)
        shop.live(30)
        shop.come_to_rest()
        let_nothing_check(shop)
        assert warned(served) == []

        shop.simulation.secrets.rotate(NEW, 0)
        shop.live(100, rate=1_000)
        (row,) = eventually(lambda: rows(served.database), "it is known that they are refused", within=30)
        (text,) = eventually(lambda: warned(served), "it is told", within=30)
        assert "nothing was taken since the last of them" in text
        assert differences(truth_of(shop), shop.held()) != []
        before = newest(shop)
        served.command("shop", "secret", "add", shop.domain, stdin=NEW)
        shop.simulation.lose_subscriptions()  # but for those that it took away for the refusals already
        check(shop)
        run = eventually(lambda: filled(shop, before), "the gap is filled", within=60)
        assert (run.state, run.mode) == ("succeeded", "incremental")
        assert parse_instant(run.options["since"]) <= row["first_at"] - OVERLAP
        assert "refused for their signature" in run.options["reason"]
        shop.come_to_rest()
        assert_true(shop)
        assert warned(served) == []
        assert served.complaints() == []
