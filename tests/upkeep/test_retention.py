"""What is too old goes, and what something still stands on stays. Time is what a test says."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import insert, select, update

from backroom.db.database import Database
from backroom.drift.tables import drift_finding
from backroom.erp.changes import Position, read_feed, read_floor
from backroom.erp.tables import field_change
from backroom.erp.why import Why, why_product
from backroom.ingress.deliveries import replay
from backroom.ingress.tables import webhook_delivery
from backroom.jobs.carrier import Carrier
from backroom.jobs.chunks import Chunks
from backroom.jobs.claims import Claim, claim_queued
from backroom.jobs.firing import HISTORY, SWEEP
from backroom.jobs.job import Done, Services
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.runs import Run, read_run
from backroom.jobs.schedules import RETENTION
from backroom.jobs.sweeping import Sweep
from backroom.shops.shops import set_setting
from backroom.vocabulary.errors import Forgotten, Misuse
from backroom.vocabulary.ids import ShopId
from tests.bodies import product
from tests.drifted import put_finding
from tests.house import House, make_shop
from tests.jobs.crew import services_of
from tests.upkeep.scheduled import StoppedClock

DOMAIN = "one.myshopify.com"


class Keeper:
    """A house through the years, and sweeps of it in small pages."""

    def __init__(self, house: House, clock: StoppedClock, home: Path, page_rows: int = 4) -> None:
        self.house = house
        self.database = house.database
        self.clock = clock
        self.home = home
        self.job = Sweep(page_rows=page_rows)
        self._version = 0

    def pass_(self, **length: float) -> None:
        self.clock.at += timedelta(**length)

    def hear(self, title: str, number: int = 7) -> None:
        """One more delivery of a product, with another title."""
        self._version += 1
        self.house.play("products/update", product(number, at=self._version, title=title))

    def put(self, *states: str, shop_id: ShopId | None = None) -> list[int]:
        """Deliveries of now, as they are in these states."""
        with self.database.writing() as transaction:
            now = transaction.now()
            return [
                transaction.execute(
                    insert(webhook_delivery)
                    .values(
                        shop_id=shop_id or self.house.shop_id,
                        webhook_id=f"put-{self._next()}",
                        topic="products/update",
                        received_at=now,
                        state=state,
                        headers={},
                        body=b"{}",
                    )
                    .returning(webhook_delivery.c.id)
                ).scalar_one()
                for state in states
            ]

    def begin(self, shop_id: ShopId | None = None) -> tuple[Claim, Services]:
        new = NewRun(
            kind=RETENTION,
            resource=HISTORY,
            mode=SWEEP,
            shop_id=shop_id or self.house.shop_id,
            requested_by="a test",
        )
        with self.database.writing() as transaction:
            (claim,) = claim_queued(transaction, [queue_run(transaction, new)], "w")
        return claim, services_of(self.database, self.home, Event())

    def sweep(self, shop_id: ShopId | None = None) -> Run:
        """One run, to its end."""
        claim, services = self.begin(shop_id)
        carrier = Carrier(claim, {(RETENTION, SWEEP): self.job}, services)
        assert carrier.stretch(60.0)
        with self.database.reading() as transaction:
            run = read_run(transaction, claim.run_id)
        assert (run.state, run.error) == ("succeeded", None)
        assert run.seen == run.written + run.unchanged
        return run

    def deliveries(self) -> list[int]:
        with self.database.reading() as transaction:
            return list(
                transaction.execute(select(webhook_delivery.c.id).order_by(webhook_delivery.c.id)).scalars()
            )

    def titles(self) -> list[tuple[str | None, str | None]]:
        """The history of listing titles: (before, after)."""
        c = field_change.c
        with self.database.reading() as transaction:
            rows = transaction.execute(
                select(c.old, c.new).where(c.entity == "listing", c.field == "title").order_by(c.id)
            )
            return [(row.old, row.new) for row in rows]

    def why(self, field: str, number: int = 7) -> Why:
        with self.database.reading() as transaction:
            return next(
                each for each in why_product(transaction, str(number), field) if each.entity == "listing"
            )

    def _next(self) -> int:
        self._version += 1
        return self._version


@pytest.fixture
def keeper(timed: Database, clock: StoppedClock, tmp_path: Path) -> Iterator[Keeper]:
    house = House(timed)
    yield Keeper(house, clock, tmp_path)
    house.close()


def test_sorted_deliveries_go_after_thirty_days(keeper: Keeper) -> None:
    for number in range(10):
        keeper.hear(f"title {number}")
        keeper.pass_(days=1)
    keeper.pass_(days=25)
    run = keeper.sweep()
    assert keeper.deliveries() == [6, 7, 8, 9, 10]
    assert (run.seen, run.written) == (5, 5)
    assert keeper.house.cache()[0]["title"] == "title 9"


def test_what_is_not_sorted_stays_however_old(keeper: Keeper) -> None:
    _, pending, parked, dead = keeper.put("sorted", "pending", "parked", "dead")
    keeper.pass_(days=1_000)
    run = keeper.sweep()
    assert keeper.deliveries() == [pending, parked, dead]
    assert (run.seen, run.written, run.unchanged) == (4, 1, 3)


def test_a_shop_says_how_long_it_keeps_deliveries_and_other_shops_are_let_be(keeper: Keeper) -> None:
    other = make_shop(keeper.database, "two.myshopify.com")
    ours = keeper.put("sorted", "sorted", "sorted", "sorted", "sorted")
    theirs = keeper.put("sorted", "sorted", shop_id=other)
    with keeper.database.writing() as transaction:
        set_setting(transaction, DOMAIN, "keep_deliveries", "7")
    keeper.pass_(days=6)
    keeper.sweep()
    assert keeper.deliveries() == [*ours, *theirs]
    keeper.pass_(days=2)
    keeper.sweep()
    keeper.sweep(other)
    assert keeper.deliveries() == theirs


def test_a_sweep_begins_where_the_last_one_was_and_once_a_month_from_the_beginning(keeper: Keeper) -> None:
    dead, *_ = keeper.put("dead", "sorted")
    keeper.pass_(days=31)
    keeper.sweep()
    with keeper.database.writing() as transaction:
        transaction.execute(update(webhook_delivery).values(state="sorted"))
    keeper.pass_(days=1)
    assert keeper.sweep().seen == 0, "it does not walk there again"
    assert keeper.deliveries() == [dead]
    keeper.pass_(days=30)
    keeper.sweep()
    assert keeper.deliveries() == []


def test_rows_of_a_wrong_clock_neither_stop_a_sweep_nor_lead_it_on(keeper: Keeper) -> None:
    young_by_mistake = keeper.put("sorted")
    keeper.pass_(days=4_000)
    future = keeper.put("sorted", "sorted", "sorted", "sorted", "sorted")
    keeper.pass_(days=-3_960)
    old = keeper.put("sorted", "sorted")
    keeper.pass_(days=20)
    young = keeper.put("sorted")
    keeper.pass_(days=-500)
    long_ago_by_mistake = keeper.put("sorted")
    keeper.pass_(days=515)
    keeper.sweep()
    assert not set(young_by_mistake + old) & set(keeper.deliveries())
    assert keeper.deliveries() == [*future, *young, *long_ago_by_mistake]


def test_a_delivery_that_is_replayed_just_then_stays(keeper: Keeper) -> None:
    first, second = keeper.put("sorted", "sorted")
    keeper.pass_(days=31)
    claim, services = keeper.begin()
    chunks = Chunks(keeper.database, claim)
    keeper.job.advance(chunks.look(), chunks, services)
    with keeper.database.writing() as transaction:
        replay(transaction, [first])
    while not isinstance(keeper.job.advance(chunks.look(), chunks, services), Done):
        pass
    assert keeper.deliveries() == [first]
    assert second != first


def test_a_run_that_is_cut_off_goes_on_where_it_was(keeper: Keeper) -> None:
    keeper.put(*["sorted"] * 9)
    keeper.pass_(days=31)
    claim, services = keeper.begin()
    for _ in range(3):
        chunks = Chunks(keeper.database, claim)
        keeper.job.advance(chunks.look(), chunks, services)
    left = len(keeper.deliveries())
    assert 0 < left < 9
    carrier = Carrier(claim, {(RETENTION, SWEEP): keeper.job}, services)
    assert carrier.stretch(60.0)
    with keeper.database.reading() as transaction:
        run = read_run(transaction, claim.run_id)
    assert (run.state, run.seen, run.written) == ("succeeded", 9, 9)
    assert keeper.deliveries() == []


def test_a_change_goes_once_the_one_that_followed_it_is_too_old(keeper: Keeper) -> None:
    keeper.hear("A")
    for title in "BCDEF":
        keeper.pass_(days=100)
        keeper.hear(title)
    keeper.pass_(days=50)
    keeper.sweep()
    assert keeper.titles() == [("A", "B"), ("B", "C"), ("C", "D"), ("D", "E"), ("E", "F")]
    keeper.pass_(days=40)
    keeper.sweep()
    assert keeper.titles()[0] == ("A", "B"), "B stood until 390 days ago"
    keeper.pass_(days=20)
    keeper.sweep()
    assert keeper.titles()[0] == ("B", "C")
    keeper.pass_(days=3_000)
    keeper.sweep()
    assert keeper.titles() == [("E", "F")]


def test_why_says_of_every_value_who_set_it_however_long_ago(keeper: Keeper) -> None:
    keeper.hear("A")
    keeper.pass_(days=1)
    keeper.hear("B")
    set_at = keeper.why("title").at
    created_at = keeper.why("vendor").at
    keeper.pass_(days=3_000)
    keeper.hear("C", number=8)
    keeper.sweep()
    title, vendor = keeper.why("title"), keeper.why("vendor")
    assert (title.at, title.before, title.created, title.delivery_id) == (set_at, "A", False, 2)
    assert (vendor.at, vendor.created, vendor.delivery_id) == (created_at, True, 1)


def test_a_value_that_changed_a_thousand_times_is_swept_in_small_commits(keeper: Keeper) -> None:
    keeper.hear("A")
    with keeper.database.writing() as transaction:
        now = transaction.now()
        rows = [
            (0, keeper.house.shop_id, "listing", 1, "title", str(each), str(each + 1), now)
            for each in range(1_000)
        ]
        transaction.insert(
            field_change,
            ("commit_order", "shop_id", "entity", "entity_id", "field", "old", "new", "at"),
            rows,
        )
    keeper.pass_(days=401)
    run = keeper.sweep()
    assert keeper.titles() == [("999", "1000")]
    assert run.written >= 999


def test_settled_findings_go_with_the_history_and_what_stands_stays(keeper: Keeper) -> None:
    shop_id = keeper.house.shop_id
    long_ago = keeper.clock.now()
    for state in ("repaired", "gone", "ignored"):
        put_finding(keeper.database, shop_id, key=state, state=state, settled_at=long_ago)
    put_finding(keeper.database, shop_id, key="open")
    keeper.pass_(days=399)
    assert keeper.sweep().written == 0
    put_finding(keeper.database, shop_id, key="lately", state="gone", settled_at=keeper.clock.now())
    keeper.pass_(days=2)
    assert keeper.sweep().written == 2
    with keeper.database.reading() as transaction:
        left = set(transaction.execute(select(drift_finding.c.key)).scalars())
    assert left == {"ignored", "open", "lately"}


def feed(keeper: Keeper, after: Position | None) -> Position:
    """Reads all there is, as a program does that follows along; where it is then."""
    with keeper.database.reading() as transaction:
        floor = read_floor(transaction)
        while rows := read_feed(transaction, after, None, 2):
            after = Position(rows[-1]["commit_order"], rows[-1]["id"], floor)
    return after or Position(0, 0, floor)


def test_who_follows_the_feed_is_told_when_entries_after_the_cursor_are_gone(keeper: Keeper) -> None:
    keeper.hear("A")
    read = feed(keeper, None)
    for title in "BCD":
        keeper.hear(title)
    keeper.pass_(days=399)
    keeper.sweep()
    assert feed(keeper, read).id > read.id
    keeper.pass_(days=2)
    keeper.sweep()
    with pytest.raises(Forgotten, match="Start from the beginning"):
        feed(keeper, read)
    again = feed(keeper, None)
    keeper.hear("E")
    assert feed(keeper, again).id > again.id, "who begins anew is not stopped by what was gone already"


def test_who_is_past_what_was_deleted_reads_on(keeper: Keeper) -> None:
    for title in "ABC":
        keeper.hear(title)
    read = feed(keeper, None)
    keeper.pass_(days=401)
    keeper.sweep()
    assert keeper.titles() == [("B", "C")]
    assert feed(keeper, read) == read
    keeper.hear("D")
    assert feed(keeper, read).id > read.id


def test_who_begins_anew_while_a_sweep_goes_on_reads_to_the_end(keeper: Keeper) -> None:
    for title in "ABCDEF":
        keeper.hear(title)
    keeper.pass_(days=401)
    keeper.sweep()
    with keeper.database.reading() as transaction:
        first = read_feed(transaction, None, None, 1)[0]
        place = Position(first["commit_order"], first["id"], read_floor(transaction))
    keeper.hear("G")
    keeper.pass_(days=401)
    keeper.sweep()
    assert feed(keeper, place).id > place.id


@pytest.mark.parametrize(("key", "value"), [("keep_deliveries", "6"), ("keep_history", "29")])
def test_less_than_the_least_is_refused(keeper: Keeper, key: str, value: str) -> None:
    with keeper.database.writing() as transaction, pytest.raises(Misuse, match="no number of days"):
        set_setting(transaction, DOMAIN, key, value)
