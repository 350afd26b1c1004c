"""What is warned of, and what is not: time is what a test says."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from backroom.jobs.lately import failed_lately
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.retention import KEPT_NEWEST, forget_runs
from backroom.jobs.schedules import set_schedule
from backroom.jobs.warnings import KINDS, Concern, Told, count_by_kind, read_concerns
from backroom.registration.tables import topic_heard, webhook_subscription
from backroom.resources.inventory import inventory
from backroom.resources.registry import RESOURCES
from backroom.shops.secrets import add_secret, list_secrets
from backroom.shops.shops import remove_shop
from backroom.shops.tables import shop, shop_credential, webhook_secret
from tests.upkeep.scheduled import DOMAIN, PUBLIC_URL, VAULT, Scene

TOLD = Told(api_version="2026-10", public_url=None, resources=RESOURCES)
REACHED = Told(api_version="2026-10", public_url=PUBLIC_URL, resources=RESOURCES)


def concerns(scene: Scene, told: Told = TOLD) -> list[Concern]:
    with scene.database.reading() as transaction:
        return read_concerns(transaction, told)


def kinds(scene: Scene, told: Told = TOLD) -> list[str]:
    return [each.kind for each in concerns(scene, told)]


def change(scene: Scene, table: Any, **values: Any) -> None:
    with scene.database.writing() as transaction:
        transaction.execute(update(table).values(**values))


def hear(
    scene: Scene, topic: str, *, deliveries: int = 50, over: timedelta, longest: timedelta = timedelta()
) -> None:
    """So many deliveries, the last of them now; so long was it silent at most between two of them."""
    with scene.database.writing() as transaction:
        now = transaction.now()
        transaction.execute(
            insert(topic_heard).values(
                shop_id=scene.shop_id,
                topic=topic,
                first_at=now - over,
                last_at=now,
                deliveries=deliveries,
                longest_pause_seconds=longest.total_seconds(),
            )
        )


def looked_at(scene: Scene, states: Mapping[str, str]) -> None:
    """So the topics were found, just now."""
    columns = ("shop_id", "topic", "state", "checked_at")
    with scene.database.writing() as transaction:
        now = transaction.now()
        rows = [(scene.shop_id, topic, state, now) for topic, state in states.items()]
        transaction.insert(webhook_subscription, columns, rows)


def test_a_shop_that_was_just_added_is_warned_of_nothing(scene: Scene) -> None:
    assert concerns(scene) == []
    assert count_by_kind([]) == dict.fromkeys(KINDS, 0)


def test_the_end_of_the_version_is_told_ninety_days_before(scene: Scene) -> None:
    scene.pass_(days=216)
    assert kinds(scene) == []
    scene.pass_(days=1)
    (concern,) = concerns(scene)
    assert (concern.kind, concern.shop) == ("version", None)
    assert "2026-10 until 2027-10-01" in concern.text


def test_the_end_of_a_refresh_token_is_told_two_weeks_before(scene: Scene) -> None:
    change(scene, shop_credential, refresh_expires_at=scene.clock.at + timedelta(days=30))
    scene.pass_(days=15)
    assert kinds(scene) == []
    scene.pass_(days=1)
    (concern,) = concerns(scene)
    assert (concern.kind, concern.text) == ("token", "its refresh token ends on 2026-12-28")
    scene.pass_(days=20)
    assert "ended" in concerns(scene)[0].text


def test_a_scope_that_is_not_granted_is_named_once_it_is_known(scene: Scene) -> None:
    change(scene, shop, granted_scopes=["write_products", "read_inventory", "read_locations"])
    assert kinds(scene) == []
    change(scene, shop, granted_scopes=[])
    (concern,) = concerns(scene)
    assert concern.kind == "scope"
    assert concern.text == (
        "not granted to the app: read_products (for products), read_locations (for locations),"
        " read_inventory (for inventory_items, inventory)"
    )


def test_a_scope_that_is_not_granted_is_named_once_and_not_for_each_topic(scene: Scene) -> None:
    change(scene, shop, granted_scopes=["read_products", "read_locations"])
    looked_at(scene, dict.fromkeys(inventory.topics, "scope"))
    (concern,) = concerns(scene)
    assert (concern.kind, concern.text) == (
        "scope",
        "not granted to the app: read_inventory (for inventory_items, inventory)",
    )
    looked_at(scene, {"products/update": "missing"})
    other = next(each for each in concerns(scene) if each.kind == "subscription")
    assert other.text == "not subscribed as it should be, when last looked at: products/update (missing)"


def test_the_silence_of_a_topic_that_used_to_speak_is_told_after_three_days(scene: Scene) -> None:
    hear(scene, "products/update", deliveries=20, over=timedelta(days=7), longest=timedelta(hours=20))
    hear(scene, "products/create", deliveries=19, over=timedelta(days=7))
    hear(scene, "themes/publish", deliveries=900, over=timedelta(days=7))
    scene.pass_(days=3)
    assert kinds(scene) == []
    scene.pass_(seconds=1)
    (concern,) = concerns(scene)
    assert concern.kind == "silence"
    assert "products/update was last heard of on 2026-11-28 00:00 UTC" in concern.text
    assert "for 20 hours" in concern.text
    change(scene, shop, disconnected_at=scene.clock.at)
    assert kinds(scene) == ["disconnected"], "its silence is no wonder then"


def test_a_topic_may_be_silent_for_three_times_as_long_as_it_has_been_before(scene: Scene) -> None:
    """A shop of weekdays: on holidays it is not warned of."""
    hear(scene, "products/update", over=timedelta(days=60), longest=timedelta(days=3))
    scene.pass_(days=9)
    assert kinds(scene) == []
    scene.pass_(seconds=1)
    assert kinds(scene) == ["silence"]


def test_a_topic_that_spoke_for_less_than_a_week_has_no_habit_yet(scene: Scene) -> None:
    """Twenty products made within a minute, and then none."""
    hear(scene, "products/create", over=timedelta(seconds=40))
    hear(scene, "products/update", over=timedelta(days=6, hours=23))
    scene.pass_(days=30)
    assert kinds(scene) == []


def test_subscriptions_that_are_not_right_are_told_in_one_warning(scene: Scene) -> None:
    looked_at(
        scene,
        {
            "products/create": "missing",
            "products/update": "ok",
            "products/delete": "address",
            "app/uninstalled": "app",
        },
    )
    (concern,) = concerns(scene, REACHED)
    assert concern.kind == "subscription"
    assert concern.text.endswith("products/create (missing), products/delete (address)")


def test_that_subscriptions_are_not_looked_at_is_told_after_three_times(scene: Scene) -> None:
    scene.pass_(minutes=30)
    assert kinds(scene, REACHED) == []
    scene.pass_(seconds=1)
    assert kinds(scene, REACHED) == ["check"]
    assert kinds(scene, TOLD) == [], "nobody has said where we are reached"
    with scene.database.writing() as transaction:
        set_schedule(transaction, scene.shop_id, "webhooks", is_on=False)
    assert kinds(scene, REACHED) == []


def test_a_scheduled_run_that_fails_again_and_again_is_told(scene: Scene) -> None:
    scene.sync()
    scene.pass_(minutes=15)
    scene.end(*scene.fire(scene.asker(None)))
    for _ in range(3):
        assert kinds(scene) == [], "it may have been a moment's trouble"
        scene.pass_(minutes=15)
        scene.end(*scene.fire(scene.asker(None)), state="failed", error="the token is not accepted")
    (concern,) = concerns(scene)
    assert concern.kind == "schedule"
    assert "the sync of products, each 15m, fails" in concern.text
    assert "the token is not accepted" in concern.text
    scene.pass_(minutes=15)
    scene.end(*scene.fire(scene.asker(None)))
    assert kinds(scene) == []


def test_that_it_succeeded_yesterday_is_known_however_many_runs_there_were_since(scene: Scene) -> None:
    """What is forgotten of the runs must not look as if it had never been."""

    def day(reconcile: str) -> None:
        scene.pass_(days=1)
        for run_id in scene.fire(scene.asker(None)):
            is_it = scene.run(run_id).kind == "reconcile"
            scene.end(run_id, state=reconcile if is_it else "succeeded", error="no answer")
        scene.crowd(KEPT_NEWEST)
        scene.pass_(minutes=1)
        while forget_runs(scene.database):
            pass

    scene.sync()
    day("succeeded")
    for _ in range(2):
        day("failed")
        assert kinds(scene) == [], "not three days yet"
    day("failed")
    (concern,) = concerns(scene)
    assert "the reconcile of products, each 1d, fails (the last that succeeded: 2026-11-29" in concern.text


def test_a_run_of_a_persons_that_fails_is_not_the_schedules_trouble(scene: Scene) -> None:
    scene.sync()
    scene.pass_(hours=2)
    scene.end(*scene.fire(scene.asker(None)), state="failed")
    scene.sync()
    assert kinds(scene) == []


@pytest.mark.parametrize(
    ("failed", "then", "state", "is_told"),
    [
        ("compare", "repair", "succeeded", False),
        ("findings", "repair", "succeeded", False),
        ("findings", "compare", "succeeded", False),
        ("findings", "repair", "failed", True),
        ("repair", "compare", "succeeded", True),
        ("repair", "findings", "succeeded", True),
        ("compare", "findings", "succeeded", True),
    ],
)
def test_a_reconcile_that_failed_is_made_good_by_one_that_does_as_much(
    scene: Scene, failed: str, then: str, state: str, is_told: bool
) -> None:
    def reconcile(mode: str, state: str) -> int:
        new = NewRun(
            kind="reconcile", resource="products", mode=mode, shop_id=scene.shop_id, requested_by="a person"
        )
        with scene.database.writing() as transaction:
            run_id = queue_run(transaction, new)
        scene.end(run_id, state=state)
        return run_id

    first = reconcile(failed, "failed")
    reconcile(then, state)
    with scene.database.reading() as transaction:
        assert (first in [run.id for run in failed_lately(transaction)]) is is_told


def test_nothing_is_said_of_a_removed_shop(scene: Scene) -> None:
    change(scene, shop, granted_scopes=[])
    assert kinds(scene) == ["scope"]
    with scene.database.writing() as transaction:
        remove_shop(transaction, DOMAIN)
    assert kinds(scene) == []


def secrets_of(scene: Scene) -> list[tuple[bool, str]]:
    with scene.database.reading() as transaction:
        return [(each.may_go, each.advice) for each in list_secrets(transaction, scene.shop_id)]


def use(scene: Scene, secret_id: int) -> None:
    with scene.database.writing() as transaction:
        changed = update(webhook_secret).where(webhook_secret.c.id == secret_id)
        transaction.execute(changed.values(last_used_at=transaction.now()))


def test_a_secret_may_go_a_day_after_it_signed_last_if_another_one_signs_since(scene: Scene) -> None:
    assert secrets_of(scene) == [(False, "the only one")]
    use(scene, 1)
    scene.pass_(minutes=1)
    scene.open(DOMAIN, "newer")
    assert secrets_of(scene) == [(False, "in use"), (False, "new")]
    scene.pass_(days=2)
    present = (False, "the app's present client secret")
    assert secrets_of(scene) == [(False, "no other one was used since"), present]
    use(scene, 2)
    assert secrets_of(scene) == [(True, "may be removed: others sign since"), (False, "in use")]
    assert kinds(scene) == []
    scene.pass_(days=29)
    use(scene, 2)
    (concern,) = concerns(scene)
    assert (concern.kind, concern.advice) == ("secret", f"`backroom shop secret remove {DOMAIN} 1`")


def test_a_secret_that_was_never_used_may_go_after_a_day(scene: Scene) -> None:
    with scene.database.writing() as transaction:
        add_secret(transaction, VAULT, scene.shop_id, "mistyped", "added")
    scene.pass_(hours=23)
    use(scene, 1)
    assert secrets_of(scene)[1] == (False, "new")
    scene.pass_(hours=2)
    assert secrets_of(scene)[1] == (True, "may be removed: never used")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_gauge(kind: str) -> None:
    from backroom.observe.metrics import WARNINGS, Metrics

    scraped = Metrics().render({f"{WARNINGS}{kind}": 2}).decode()
    assert f'backroom_warnings{{kind="{kind}"}} 2.0' in scraped
