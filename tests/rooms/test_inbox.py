"""The inbox's writer: one commit for many, an answer for each, and never one before the commit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from backroom.db.database import WRITER_WAIT_SECONDS, Database, Transaction
from backroom.ingress.inbox import BATCH_ROWS, WAITING_BYTES, Delivery, Inbox
from backroom.ingress.tables import webhook_delivery
from backroom.shops.secrets import tally_uses
from backroom.shops.tables import webhook_secret
from backroom.vocabulary.errors import BackroomError, StoreUnavailable, Terminal
from backroom.vocabulary.ids import ShopId
from tests.house import Answers, SilentObserver, make_shop
from tests.waiting import Running, eventually

SHOP = ShopId(1)
MEGABYTE = 1024 * 1024
Answer = bool | BackroomError


class Recorded:
    """A tally that keeps what it is told, once its transaction is likely to last."""

    def __init__(self) -> None:
        self.uses: dict[int, int] = {}

    def __call__(self, transaction: Transaction, uses: dict[int, int]) -> None:
        for secret_id, number in uses.items():
            self.uses[secret_id] = self.uses.get(secret_id, 0) + number


class Bench:
    """An inbox, and a gate: while it is shut the writer waits between two batches, and deliveries gather."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.observer = SilentObserver()
        self.tally = Recorded()
        self.inbox = Inbox(database, self.observer, self.tally)
        self.inbox.start()
        self.gate = threading.Event()

    def shut(self) -> None:
        reached = threading.Event()

        def hold(_answer: Answer) -> None:
            reached.set()
            self.gate.wait(30)

        self.append("gate", answer=hold)
        assert reached.wait(20)

    def append(
        self,
        webhook_id: str,
        *,
        body: bytes = b"{}",
        secret_id: int = 1,
        shop_id: ShopId = SHOP,
        topic: str = "products/update",
        answer: Callable[[Answer], None],
    ) -> None:
        self.inbox.append(
            Delivery(
                shop_id=shop_id,
                webhook_id=webhook_id,
                event_id=None,
                topic=topic,
                api_version=None,
                triggered_at=None,
                headers={"x-shopify-topic": topic},
                body=body,
                secret_id=secret_id,
                answer=answer,
            )
        )

    def stored(self) -> dict[str, Any]:
        c = webhook_delivery.c
        with self.database.reading() as transaction:
            rows = transaction.execute(select(c.webhook_id, c.duplicates).order_by(c.id))
            return {row[0]: row[1] for row in rows if row[0] != "gate"}

    def break_down(self) -> None:
        with self.database.writing() as transaction:
            transaction.execute(text("ALTER TABLE webhook_delivery RENAME TO webhook_delivery_away"))

    def heal(self) -> None:
        with self.database.writing() as transaction:
            transaction.execute(text("ALTER TABLE webhook_delivery_away RENAME TO webhook_delivery"))


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    opened = Bench(database)
    yield opened
    opened.gate.set()
    opened.inbox.stop()


def test_what_waits_together_is_committed_together(bench: Bench) -> None:
    answers = Answers()
    bench.shut()
    for number in range(100):
        bench.append(f"w-{number}", answer=answers)
    bench.gate.set()
    assert answers.wait(100) == [True] * 100
    eventually(lambda: bench.observer.batches == [1, 100], "one batch")


def test_many_senders_need_fewer_commits_than_deliveries(bench: Bench) -> None:
    def send(sender: int) -> None:
        for number in range(25):
            answers = Answers()
            bench.append(f"w-{sender}-{number}", answer=answers)
            assert answers.wait(1) == [True]

    Running(*(lambda sender=sender: send(sender) for sender in range(12))).join()
    bench.inbox.stop()
    assert len(bench.stored()) == 300 == sum(bench.observer.batches)
    assert len(bench.observer.batches) < 300


def test_a_batch_has_a_size(bench: Bench) -> None:
    answers = Answers()
    bench.shut()
    for number in range(2 * BATCH_ROWS + 10):
        bench.append(f"w-{number}", answer=answers)
    bench.gate.set()
    answers.wait(2 * BATCH_ROWS + 10)
    eventually(lambda: bench.observer.batches == [1, BATCH_ROWS, BATCH_ROWS, 10], "batches of their size")


def test_a_body_of_19_megabytes_goes_alone_and_arrives_whole(bench: Bench) -> None:
    answers, body = Answers(), bytes(range(256)) * (19 * 4096)
    bench.shut()
    bench.append("small", answer=answers)
    bench.append("large", body=body, answer=answers)
    bench.append("after", answer=answers)
    bench.gate.set()
    assert answers.wait(3) == [True] * 3
    eventually(lambda: bench.observer.batches == [1, 1, 1, 1], "the large one alone")
    with bench.database.reading() as transaction:
        c = webhook_delivery.c
        assert transaction.execute(select(c.body).where(c.webhook_id == "large")).scalar_one() == body


def test_an_answer_comes_after_the_commit_and_never_before(bench: Bench) -> None:
    """Whoever reads on another connection, at the very moment of the answer, finds the row."""
    seen: list[tuple[Answer, int]] = []
    c = webhook_delivery.c

    def look(webhook_id: str) -> Callable[[Answer], None]:
        def answered(answer: Answer) -> None:
            with bench.database.reading() as transaction:
                found = transaction.execute(select(c.id).where(c.webhook_id == webhook_id)).all()
            seen.append((answer, len(found)))

        return answered

    for number in range(60):
        bench.append(f"w-{number % 50}", answer=look(f"w-{number % 50}"))
    bench.inbox.stop()
    assert [found for _, found in seen] == [1] * 60
    assert [answer for answer, _ in seen].count(True) == 50


def test_a_delivery_that_was_stored_before_is_counted_and_answered_false(bench: Bench) -> None:
    answers = Answers()
    bench.append("w", answer=answers)
    assert answers.wait(1) == [True]
    bench.append("w", body=b"other bytes", answer=answers)
    assert answers.wait(2) == [True, False]
    assert bench.stored() == {"w": 1}


def test_repeats_within_one_batch_are_counted_too(bench: Bench) -> None:
    answers = Answers()
    bench.shut()
    for webhook_id in ("a", "b", "a", "a"):
        bench.append(webhook_id, answer=answers)
    bench.gate.set()
    assert answers.wait(4) == [True, True, False, False]
    assert bench.stored() == {"a": 2, "b": 0}


def test_a_batch_is_inserted_in_the_keys_order_and_each_is_given_its_own_answer(bench: Bench) -> None:
    """Two processes that were sent the same ids in opposite order would meet in a deadlock."""
    first = Answers()
    for webhook_id in ("d", "a"):
        bench.append(webhook_id, answer=first)
    first.wait(2)
    bench.shut()
    answers = Answers()
    for webhook_id in ("e", "d", "c", "e", "a", "b"):
        bench.append(webhook_id, answer=answers)
    bench.gate.set()
    assert answers.wait(6) == [True, False, True, False, False, True]
    assert [name for name in bench.stored() if name not in ("a", "d")] == ["b", "c", "e"]


def test_one_id_in_two_shops_is_two_deliveries(bench: Bench) -> None:
    answers = Answers()
    bench.append("w", answer=answers)
    bench.append("w", shop_id=ShopId(2), answer=answers)
    assert answers.wait(2) == [True, True]


def test_two_inboxes_that_get_the_same_deliveries_store_each_once(database: Database) -> None:
    benches = [Bench(database), Bench(database)]
    collected = [Answers(), Answers()]

    def send(number: int) -> None:
        for each in range(100):
            benches[number].append(f"w-{each}", answer=collected[number])
        collected[number].wait(100)

    Running(lambda: send(0), lambda: send(1)).join()
    for bench in benches:
        bench.inbox.stop()
    answers = [one for answers in collected for one in answers.all]
    assert (answers.count(True), answers.count(False)) == (100, 100)
    assert benches[0].stored() == {f"w-{each}": 1 for each in range(100)}


def test_a_store_that_fails_is_said_to_all_who_wait_and_heals(bench: Bench) -> None:
    answers = Answers()
    bench.shut()
    for number in range(20):
        bench.append(f"w-{number}", answer=answers)
    bench.break_down()
    bench.gate.set()
    assert [type(answer) for answer in answers.wait(20)] == [StoreUnavailable] * 20
    eventually(lambda: len(bench.observer.errors) == 1, "one report for the batch")

    bench.heal()
    bench.append("w-0", answer=answers)
    assert answers.wait(21)[-1] is True
    assert bench.stored() == {"w-0": 0}


def test_a_value_that_does_not_fit_hurts_only_its_own_delivery(bench: Bench) -> None:
    answers: dict[str, Answers] = {name: Answers() for name in ("a", "bad", "b")}
    bench.shut()
    for name, each in answers.items():
        bench.append(
            name, topic="half a surrogate: \ud800" if name == "bad" else "products/update", answer=each
        )
    bench.gate.set()
    assert answers["a"].wait(1) == answers["b"].wait(1) == [True]
    assert isinstance(answers["bad"].wait(1)[0], Terminal)
    assert bench.stored() == {"a": 0, "b": 0}


def test_verified_bytes_that_wait_are_bounded(bench: Bench) -> None:
    answers, body = Answers(), bytes(19 * MEGABYTE)
    bench.shut()
    bench.break_down()  # so that nobody has to write them
    fitting = WAITING_BYTES // len(body)
    for number in range(fitting):
        bench.append(f"w-{number}", body=body, answer=answers)
    assert bench.inbox.waiting_bytes <= WAITING_BYTES
    with pytest.raises(StoreUnavailable, match="waiting"):
        bench.append("too much", body=body, answer=answers)
    bench.append("a small one still fits", answer=answers)

    bench.gate.set()
    answers.wait(fitting + 1)
    assert bench.inbox.waiting_bytes == 0
    bench.heal()
    bench.append("now it fits", body=b"{}", answer=answers)
    assert answers.wait(fitting + 2)[-1] is True


def test_stopping_commits_what_waits_and_takes_no_more(bench: Bench) -> None:
    answers = Answers()
    bench.shut()
    for number in range(40):
        bench.append(f"w-{number}", answer=answers)
    stopping = Running(bench.inbox.stop)

    def refused() -> bool:
        try:
            bench.append("late", answer=lambda _: None)
        except StoreUnavailable:
            return True
        return False

    eventually(refused, "a stopping inbox refuses")
    bench.gate.set()
    stopping.join()
    assert answers.all == [True] * 40
    assert {f"w-{number}" for number in range(40)} <= bench.stored().keys()


def test_uses_of_secrets_are_written_down_without_a_further_delivery(bench: Bench) -> None:
    answers = Answers()
    for number in range(30):
        bench.append(f"w-{number}", secret_id=1 + number % 3, answer=answers)
    answers.wait(30)
    eventually(lambda: bench.tally.uses == {1: 10, 2: 10, 3: 10}, "the tally of an idle inbox")


def test_the_last_uses_are_written_when_the_inbox_stops(bench: Bench) -> None:
    answers = Answers()
    for number in range(7):
        bench.append(f"w-{number}", secret_id=9, answer=answers)
    bench.inbox.stop()
    assert bench.tally.uses == {9: 7}
    assert answers.all == [True] * 7


def test_a_secret_that_signed_more_than_31_bits_can_count_goes_on_signing(database: Database) -> None:
    shop_id, before = make_shop(database, "busy.myshopify.com"), 2**31 - 1
    with database.writing() as transaction:
        transaction.insert(
            webhook_secret,
            ("id", "shop_id", "ciphertext", "fingerprint", "source", "created_at", "use_count"),
            [(1, shop_id, b"sealed", "f", "added", transaction.now(), before)],
        )
    bench = Bench(database)
    bench.inbox.stop()
    answers = Answers()
    bench.inbox = Inbox(database, bench.observer, tally_uses)
    bench.inbox.start()
    for number in range(3):
        bench.append(f"w-{number}", answer=answers)
    bench.inbox.stop()
    assert answers.all == [True] * 3
    assert bench.observer.errors == []
    with database.reading() as transaction:
        assert transaction.execute(select(webhook_secret.c.use_count)).scalar_one() == before + 3


def test_a_tally_that_can_not_be_written_loses_no_delivery(database: Database) -> None:
    def broken(transaction: Transaction, uses: dict[int, int]) -> None:
        raise StoreUnavailable("no")

    bench = Bench(database)
    bench.inbox.stop()
    observer, answers = SilentObserver(), Answers()
    bench.inbox = Inbox(database, observer, broken)
    bench.inbox.start()
    bench.append("a", answer=answers)
    assert answers.wait(1) == [True]
    eventually(lambda: observer.errors, "the tally's failure is reported")
    bench.append("b", answer=answers)
    assert answers.wait(2) == [True, True]
    bench.inbox.stop()


class BrokenObserver:
    """Its log can not be written."""

    def stored(self, *, rows: int, duplicates: int, size_bytes: int, seconds: float) -> None:
        raise OSError("the log is away")

    def failed(self, *, rows: int, error: BackroomError) -> None:
        raise OSError("the log is away")


def test_an_observer_or_an_asker_that_raises_hurts_nobody_else(database: Database) -> None:
    def gone(_answer: Answer) -> None:
        raise OSError("nobody is there")

    bench = Bench(database)
    bench.inbox.stop()
    bench.inbox = Inbox(database, BrokenObserver(), bench.tally)
    bench.inbox.start()
    answers = Answers()
    with capture_logs() as lines:
        bench.shut()
        bench.append("gone", answer=gone)
        bench.append("a", answer=answers)
        bench.gate.set()
        assert answers.wait(1) == [True]
        bench.break_down()
        bench.append("b", answer=answers)
        assert isinstance(answers.wait(2)[1], StoreUnavailable)
        bench.heal()
        bench.append("b", answer=answers)
        assert answers.wait(3)[2] is True
        assert bench.inbox.is_running
        bench.inbox.stop()
    eventually(lambda: not bench.inbox.is_running, "its end")
    # The gate's, the first batch's and its asker's, the broken one's, and the last one's.
    assert [line["event"] for line in lines] == ["inbox.not_told"] * 5
    assert bench.stored().keys() == {"gone", "a", "b"}


def test_an_error_that_nobody_foresaw_is_answered_too_and_the_writer_goes_on(database: Database) -> None:
    def broken(transaction: Transaction, uses: dict[int, int]) -> None:
        raise RuntimeError("a bug")

    class Buggy(Database):
        broken = True

        @contextmanager
        def writing(self, wait_seconds: float = WRITER_WAIT_SECONDS) -> Iterator[Transaction]:
            with super().writing(wait_seconds) as transaction:
                yield transaction
                if self.broken:
                    raise RuntimeError("a bug")

    buggy = Buggy(database.engine, database.seam, database.schema)
    observer, answers = SilentObserver(), Answers()
    inbox = Inbox(buggy, observer, broken)
    bench = Bench(database)
    bench.inbox.stop()
    bench.inbox = inbox
    inbox.start()
    with capture_logs() as lines:
        bench.append("a", answer=answers)
        assert isinstance(answers.wait(1)[0], StoreUnavailable)
        buggy.broken = False
        bench.append("a", answer=answers)
        assert answers.wait(2)[1] is True
        assert bench.stored() == {"a": 0}
        eventually(lambda: len(lines) == 2, "the tally's failure is reported")
        bench.append("b", answer=answers)
        assert answers.wait(3)[2] is True
        inbox.stop()
    assert [str(error) for error in observer.errors] == ["the inbox met an error that it does not know"]
    assert {line["event"] for line in lines} == {"inbox.broke"}
