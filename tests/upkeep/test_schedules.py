"""Which runs begin by themselves, and when; once over all machines. Time is what a test says."""

import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from backroom.db.database import Database
from backroom.flow.put import Putter
from backroom.jobs.automatic import WantedRefetches
from backroom.jobs.chunks import Chunks
from backroom.jobs.firing import DueRuns, Firing, fire
from backroom.jobs.job import Done, Services
from backroom.jobs.requests import AlreadyRunning, NewRun, queue_run
from backroom.jobs.runs import RunView
from backroom.jobs.schedules import RETENTION, seconds_of, set_schedule, shown_seconds
from backroom.jobs.tables import schedule
from backroom.registration.tables import webhook_subscription
from backroom.resources.product import product
from backroom.resources.registry import RESOURCES
from backroom.shops.shops import add_shop, read_opening, remove_shop
from backroom.shops.tables import shop
from backroom.vocabulary.errors import Misuse
from backroom.vocabulary.ids import RunId, ShopId
from tests.jobs.crew import Crew
from tests.untouched import logging_as_it_was
from tests.upkeep.scheduled import DOMAIN, PUBLIC_URL, VAULT, Scene
from tests.waiting import Running, eventually


class NothingToDo:
    """A job that is over at once."""

    kind = "webhooks"
    mode = "check"

    def abandon(self, run: RunView, services: Services) -> None:
        """Nothing of it is anywhere else."""

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Done:
        return Done()


def begins(scene: Scene) -> list[tuple[str, str, str]]:
    """Whatever is due begins: its kinds, resources and modes."""
    runs = [scene.run(run_id) for run_id in scene.fire()]
    assert all(run.requested_by == "the schedule" for run in runs)
    return [(run.kind, run.resource, run.mode) for run in runs]


def change(scene: Scene, kind: str, **more: object) -> None:
    with scene.database.writing() as transaction:
        set_schedule(transaction, scene.shop_id, kind, **more)  # type: ignore[arg-type]  # as a test says


def test_nothing_is_pulled_before_a_person_has_synced_the_shop_once(scene: Scene) -> None:
    scene.pass_(days=30)
    assert sorted(scene.due()) == ["retention", "webhooks"]


def test_a_sync_begins_fifteen_minutes_after_the_first_one_and_each_fifteen_minutes_from_then_on(
    scene: Scene,
) -> None:
    scene.fire()
    scene.sync()
    scene.pass_(minutes=14)
    assert "sync" not in scene.due()
    scene.pass_(minutes=1)
    change(scene, "webhooks", is_on=False)
    assert begins(scene) == [("sync", "products", "incremental")]
    assert scene.due() == []


def test_a_reconcile_begins_a_day_after_the_first_sync_however_many_came_since(scene: Scene) -> None:
    for kind in ("webhooks", "sync", "retention"):
        change(scene, kind, is_on=False)
    for _ in range(3):
        scene.sync()
        scene.pass_(hours=7)
    assert scene.due() == []
    scene.pass_(hours=3)
    assert begins(scene) == [("reconcile", "products", "compare")]


def test_a_reconcile_repairs_where_it_was_told_to(scene: Scene) -> None:
    scene.sync()
    change(scene, "reconcile", repairs=True, every_seconds=60)
    scene.pass_(minutes=1)
    assert ("reconcile", "products", "repair") in begins(scene)


def test_subscriptions_are_looked_at_at_once_and_after_a_look_by_hand_ten_minutes_later(scene: Scene) -> None:
    assert scene.due() == ["webhooks"]
    with scene.database.writing() as transaction:
        now = transaction.now()
        transaction.insert(
            webhook_subscription,
            ("shop_id", "topic", "state", "checked_at"),
            [(scene.shop_id, "products/update", "ok", now)],
        )
    assert scene.due() == []
    scene.pass_(minutes=10)
    assert begins(scene) == [("webhooks", "webhooks", "check")]


def test_subscriptions_are_not_looked_at_without_an_address(scene: Scene) -> None:
    assert scene.due(scene.asker(None)) == []
    assert scene.standing("webhooks", None).waits_for == "BACKROOM_PUBLIC_URL is not set"


def test_a_shop_whose_app_is_not_installed_or_that_nothing_opens_is_left_alone(scene: Scene) -> None:
    scene.sync()
    scene.pass_(days=2)
    assert sorted(scene.due()) == ["reconcile", "retention", "sync", "webhooks"]
    with scene.database.writing() as transaction:
        transaction.execute(update(shop).values(disconnected_at=transaction.now()))
    assert scene.due() == ["retention"]
    with scene.database.writing() as transaction:
        transaction.execute(update(shop).values(disconnected_at=None))
        opening = read_opening(b'{"client_secret": "new"}')
        remove_shop(transaction, DOMAIN)
        add_shop(transaction, VAULT, DOMAIN, opening)
    assert scene.standing("sync").waits_for == "no client id"
    assert scene.due() == ["retention"]


def test_history_is_swept_in_a_removed_shop_too_and_nothing_else_begins_there(scene: Scene) -> None:
    scene.sync()
    with scene.database.writing() as transaction:
        remove_shop(transaction, DOMAIN)
    scene.pass_(days=1)
    assert begins(scene) == [("retention", "history", "sweep")]


def test_what_is_off_does_not_begin_and_begins_at_once_when_it_is_on_again(scene: Scene) -> None:
    change(scene, "webhooks", is_on=False)
    scene.pass_(hours=1)
    assert scene.due() == []
    assert scene.standing("webhooks").next_at(scene.clock.at) is None
    change(scene, "webhooks", is_on=True)
    assert scene.due() == ["webhooks"]


def test_what_was_switched_off_since_it_was_seen_does_not_begin(scene: Scene) -> None:
    scene.end(*scene.fire())
    scene.pass_(hours=1)
    with scene.database.reading() as transaction:
        (firing,) = scene.ask(transaction)
    change(scene, "webhooks", is_on=False)
    with scene.database.writing() as transaction:
        assert fire(transaction, firing) == []


def test_after_a_week_off_everything_begins_once_and_not_a_weeks_worth(scene: Scene) -> None:
    scene.sync()
    scene.pass_(days=1)
    for run_id in scene.fire():
        scene.end(run_id)
    scene.pass_(days=7)
    again = scene.fire()
    assert len(again) == 4
    for run_id in again:
        scene.end(run_id)
    assert scene.due() == []


def test_a_clock_that_was_set_back_does_not_stop_the_schedule(scene: Scene) -> None:
    change(scene, RETENTION, is_on=False)
    scene.pass_(days=400)
    for run_id in scene.fire():
        scene.end(run_id)
    scene.pass_(days=-399)
    assert scene.due() == ["webhooks"]
    for run_id in scene.fire():
        scene.end(run_id)
    assert scene.due() == []
    scene.pass_(seconds=-4)
    assert scene.due() == [], "clocks of two machines differ a little"


def test_what_is_active_is_not_doubled_and_begins_once_it_is_over(scene: Scene) -> None:
    (first,) = scene.fire()
    scene.pass_(hours=1)
    assert scene.due() == [], "nothing to be tried again and again meanwhile"
    seen = scene.standing("webhooks").fired_at
    new = NewRun(
        kind="webhooks",
        resource="webhooks",
        mode="check",
        shop_id=scene.shop_id,
        requested_by="the schedule",
    )
    firing = Firing(shop_id=scene.shop_id, kind="webhooks", seen=seen, runs=(new,))
    with pytest.raises(AlreadyRunning), scene.database.writing() as transaction:
        fire(transaction, firing)
    assert scene.standing("webhooks").fired_at == seen
    scene.end(first)
    assert scene.due() == ["webhooks"]


def test_of_two_machines_that_saw_the_same_one_begins_it(scene: Scene) -> None:
    """At the first firing, where no row is there yet, and at a later one."""
    for _ in range(2):
        with scene.database.reading() as transaction:
            firings = [scene.asker()(transaction)[0] for _ in range(2)]

        def fire_one(firing: Firing) -> list[int]:
            with scene.database.writing() as transaction:
                return fire(transaction, firing)

        begun = Running(*(partial(fire_one, firing) for firing in firings)).join()
        assert sorted(map(len, begun)) == [0, 1]
        (run_id,) = [run_id for each in begun for run_id in each]
        scene.end(run_id)
        scene.pass_(hours=1)


def test_two_machines_that_look_all_the_time_fire_each_time_once(database: Database, scene: Scene) -> None:
    """Over the real clock: a sync each second, and two who would begin it, at once."""
    for kind in ("webhooks", "retention", "reconcile"):
        change(scene, kind, is_on=False)
    change(scene, "sync", every_seconds=1)
    scene.sync()
    real = Scene.of(database, scene.shop_id)

    def look() -> None:
        ask = real.asker()
        while len(real.scheduled_at()) < 3:
            real.fire(ask, end=True)

    Running(look, look).join()
    at = real.scheduled_at()
    assert all((later - earlier).total_seconds() >= 0.99 for earlier, later in pairwise(at))


def test_a_worker_begins_by_itself_what_is_due(
    database: Database, database_url: str, tmp_path: Path, scene: Scene
) -> None:
    change(scene, RETENTION, is_on=False)
    crew = Crew(database, database_url, tmp_path, {("webhooks", "check"): NothingToDo()})
    crew.automatic.append(DueRuns(RESOURCES, PUBLIC_URL))
    with logging_as_it_was():
        crew.begin()
        try:
            eventually(scene.scheduled_at, "a run that nobody asked for")
            run = crew.wait(1, "succeeded")
        finally:
            crew.end()
    assert (run.kind, run.requested_by) == ("webhooks", "the schedule")


def test_a_shop_whose_app_is_uninstalled_between_the_look_and_the_firing_holds_up_no_other_one(
    database: Database, database_url: str, tmp_path: Path, scene: Scene
) -> None:
    other = scene.open("two.myshopify.com")
    with scene.database.writing() as transaction:
        gone = update(shop).where(shop.c.id == scene.shop_id)
        transaction.execute(gone.values(disconnected_at=transaction.now()))

    def firing(shop_id: ShopId) -> Firing:
        new = NewRun(
            kind="webhooks", resource="webhooks", mode="check", shop_id=shop_id, requested_by="the schedule"
        )
        return Firing(shop_id=shop_id, kind="webhooks", seen=None, runs=(new,))

    crew = Crew(database, database_url, tmp_path, {("webhooks", "check"): NothingToDo()})
    crew.automatic.append(lambda _: [firing(scene.shop_id), firing(other)])
    with logging_as_it_was():
        crew.begin()
        try:
            eventually(scene.scheduled_at, "the other shop's run")
            run = crew.wait(1, "succeeded")
        finally:
            crew.end()
    assert run.shop == "two.myshopify.com"
    assert scene.standing("webhooks").fired_at is None, "it is due as soon as the app is there again"


def test_refetches_begin_no_more_often_than_they_may_and_not_at_all_while_off(scene: Scene) -> None:
    ask = WantedRefetches([product])

    def wanted() -> list[NewRun]:
        with scene.database.reading() as transaction:
            return ask(transaction)

    with scene.database.writing() as transaction:
        putter = Putter(transaction, product, scene.shop_id, run_id=RunId(1), asked_at=transaction.now())
        putter.want([(7,)], "a test")
    scene.pass_(hours=1)
    (new,) = wanted()
    with scene.database.writing() as transaction:
        run_id = queue_run(transaction, new)
    scene.end(run_id)
    assert len(wanted()) == 1, "at once, unless told otherwise"
    change(scene, "refetch", every_seconds=600)
    scene.pass_(seconds=599)
    assert wanted() == []
    scene.pass_(seconds=1)
    assert len(wanted()) == 1
    change(scene, "refetch", is_on=False)
    assert wanted() == []
    change(scene, "refetch", is_on=True)
    with scene.database.writing() as transaction:
        transaction.execute(update(shop).values(disconnected_at=transaction.now()))
    assert wanted() == []


def test_rows_are_there_only_of_what_was_changed_or_has_fired(scene: Scene) -> None:
    def rows() -> list[str]:
        with scene.database.reading() as transaction:
            return sorted(transaction.execute(select(schedule.c.kind)).scalars())

    scene.due()
    assert rows() == []
    scene.fire()
    change(scene, "reconcile", every_seconds=3_600)
    assert rows() == ["reconcile", "webhooks"]


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("lunch", {}, "no such schedule"),
        ("sync", {"repairs": True}, "only a reconcile repairs"),
        ("sync", {"every_seconds": 0}, "each second at most"),
    ],
)
def test_what_makes_no_sense_is_refused(scene: Scene, kind: str, more: dict[str, object], words: str) -> None:
    with pytest.raises(Misuse, match=words):
        change(scene, kind, **more)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("30s", 30), ("90s", 90), ("10m", 600), ("6h", 21_600), ("1d", 86_400), ("48h", 172_800)],
)
def test_lengths_of_time_are_read_and_written(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds
    assert seconds_of(shown_seconds(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "1.5h", "10 m", "1w", "367d", "٣m", "9999999999s"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(Misuse, match="says no length of time"):
        seconds_of(text)


def test_the_schedules_are_looked_at_once_a_second_however_often_somebody_asks(scene: Scene) -> None:
    at = [100.0]
    ask = DueRuns(RESOURCES, PUBLIC_URL, monotonic=lambda: at[0])
    assert scene.due(ask) == ["webhooks"]
    assert scene.due(ask) == []
    at[0] += 1.0
    assert scene.due(ask) == ["webhooks"]


def test_a_look_takes_as_many_statements_for_a_hundred_shops_as_for_one(scene: Scene) -> None:
    statements: list[str] = []

    def noted(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    for number in range(99):
        scene.sync(scene.open(f"shop{number}.myshopify.com"))
    with scene.database.reading() as transaction:
        scene.ask(transaction)
        event.listen(transaction.connection, "before_cursor_execute", noted)
        began = time.perf_counter()
        assert len(scene.ask(transaction)) == 100
        seconds = time.perf_counter() - began
        event.remove(transaction.connection, "before_cursor_execute", noted)
    assert len(statements) <= 7
    assert seconds < 0.5, "some milliseconds, on a machine that has nothing else to do"
