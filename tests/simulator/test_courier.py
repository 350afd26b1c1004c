import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from shopify_simulator.shop.subscriptions import Subscriptions
from shopify_simulator.webhooks.carriage import Carriage
from shopify_simulator.webhooks.courier import Courier
from shopify_simulator.webhooks.deliveries import Deliveries
from shopify_simulator.webhooks.faults import Fate
from shopify_simulator.webhooks.retry import RETRY_WAITS_SECONDS, Patience
from tests.simulator.parcels import parcel
from tests.simulator.receiver import OK, Answer, Receiver
from tests.simulator.street import BRISK, FAST, a_product, save, settled, small_shop
from tests.waiting import eventually

HOUR_SECONDS = 3600
NEVER_SECONDS = 3600.0
LATE_SECONDS = 1.5
"""How much later than due a busy machine may be; less than the last wait of the test that uses it."""


def test_eight_retries_take_four_hours_and_each_waits_longer_than_the_one_before() -> None:
    assert len(RETRY_WAITS_SECONDS) == 8
    assert sum(RETRY_WAITS_SECONDS) == 4 * HOUR_SECONDS
    for one, next_one in itertools.pairwise(RETRY_WAITS_SECONDS):
        assert next_one / one == pytest.approx(2, rel=0.02)


def test_an_attempt_may_take_one_second_to_connect_and_five_in_all() -> None:
    assert Patience() == Patience(connect_seconds=1.0, total_seconds=5.0)


def test_an_accepted_delivery_is_sent_once() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(f"{receiver.url}/hooks?shop=1")
        save(simulation)
        counts = settled(simulation)
    assert [each.path for each in receiver.received] == ["/hooks?shop=1"]
    assert (counts["delivered"], counts["attempts"], counts["failed_attempts"]) == (1, 1, 0)


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308, 400, 401, 404, 410, 429, 500, 503])
def test_whatever_is_no_2xx_is_a_failure_and_tried_again(status: int) -> None:
    answers = iter([Answer(status=status, location="/elsewhere")])
    with Receiver(lambda received: next(answers, OK)) as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        save(simulation)
        counts = settled(simulation)
    assert (counts["delivered"], counts["failed_attempts"]) == (1, 1)
    # No redirection was followed.
    assert {each.path for each in receiver.received} == {"/"}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_a_success(status: int) -> None:
    with Receiver(lambda received: Answer(status=status)) as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        save(simulation)
        assert settled(simulation)["attempts"] == 1


def test_a_retry_has_the_original_body_headers_and_address_though_all_changed_meanwhile() -> None:
    with Receiver(lambda received: Answer(status=500)) as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        product_id = save(simulation)
        first = eventually(lambda: receiver.received[:1], "the first attempt")[0]
        simulation.secrets.rotate("another secret", seconds=0)
        simulation.shop.delete(product_id)
        settled(simulation)
    again = [each for each in receiver.received if each.webhook_id == first.webhook_id]
    assert len(again) == 9
    assert all(
        (each.headers, each.body, each.path) == (first.headers, first.body, first.path) for each in again
    )


def test_after_eight_retries_a_delivery_is_given_up() -> None:
    with Receiver(lambda received: Answer(status=503)) as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        save(simulation)
        counts = settled(simulation)
        (row,) = simulation.deliveries.rows(limit=10)
    assert len(receiver.received) == 9
    assert (counts["given_up"], counts["attempts"], counts["failed_attempts"]) == (1, 9, 9)
    assert (row["state"], [each["status"] for each in row["attempts"]]) == ("given_up", [503] * 9)


def test_retries_wait_as_the_table_says_divided_by_the_time_scale() -> None:
    scale = 3_600.0
    with (
        Receiver(lambda received: Answer(status=500)) as receiver,
        small_shop(time_scale=scale) as simulation,
    ):
        simulation.subscribe(receiver.url)
        save(simulation)
        settled(simulation)
        (row,) = simulation.deliveries.rows(limit=1)
    instants = [datetime.fromisoformat(each["at"]) for each in row["attempts"]]
    for wait, (one, next_one) in zip(RETRY_WAITS_SECONDS, itertools.pairwise(instants), strict=True):
        assert wait / scale <= (next_one - one).total_seconds() < wait / scale + LATE_SECONDS


def test_a_refused_connection_is_a_failure_with_its_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with small_shop() as simulation:
        simulation.subscribe(f"http://127.0.0.1:{port}/")
        save(simulation)
        counts = settled(simulation)
        (row,) = simulation.deliveries.rows(limit=1)
    assert counts["given_up"] == 1
    assert all(each["error"].startswith("ConnectError") for each in row["attempts"])


@contextmanager
def full_house() -> Iterator[str]:
    """A port whose queue of connections is full: a further one is neither taken nor refused."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(door.getsockname())
        yield f"http://127.0.0.1:{door.getsockname()[1]}/"
        for each in waiting:
            each.close()


def test_a_connection_that_is_not_taken_in_time_is_a_failure() -> None:
    with full_house() as url, small_shop(patience=Patience(connect_seconds=0.05)) as simulation:
        simulation.subscribe(url)
        save(simulation)
        settled(simulation)
        (row,) = simulation.deliveries.rows(limit=1)
    assert {each["error"] for each in row["attempts"]} == {"no connection within 0.05 s"}


@pytest.mark.parametrize("slow", [Answer(waits=True), Answer(trickles=True)], ids=["no answer", "slow body"])
def test_an_answer_that_is_not_whole_in_time_is_a_failure(slow: Answer) -> None:
    answers = iter([slow])
    with Receiver(lambda received: next(answers, OK)) as receiver, small_shop(patience=BRISK) as simulation:
        simulation.subscribe(receiver.url)
        save(simulation)
        settled(simulation)
        (row,) = simulation.deliveries.rows(limit=1)
    first, second = row["attempts"]
    assert first["error"] == "no whole answer within 0.6 s"
    assert second["status"] == 200


def test_a_connection_closed_without_an_answer_is_a_failure() -> None:
    answers = iter([Answer(closes=True)])
    with Receiver(lambda received: next(answers, OK)) as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        save(simulation)
        counts = settled(simulation)
    assert (counts["delivered"], counts["failed_attempts"]) == (1, 1)


def test_deliveries_of_one_subscription_go_out_32_at_a_time_over_kept_connections() -> None:
    with Receiver(lambda received: Answer(waits=True)) as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        save(simulation, 100)
        eventually(lambda: receiver.at_once == 32, "the lane is full")
        receiver.release()
        settled(simulation)
    assert len(receiver.received) == 100
    assert receiver.most_at_once == 32
    assert len({each.connection for each in receiver.received}) == 32


def test_deliveries_one_after_the_other_share_one_kept_connection() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        for _ in range(5):
            save(simulation)
            settled(simulation)
    assert {each.connection for each in receiver.received} == {1}


def test_a_receiver_that_hangs_does_not_keep_another_one_waiting() -> None:
    with (
        Receiver(lambda received: Answer(waits=True)) as hung,
        Receiver() as well,
        small_shop() as simulation,
    ):
        simulation.subscribe(hung.url)
        simulation.subscribe(well.url)
        save(simulation, 50)
        eventually(lambda: len(well.received) == 50, "the other one was told")
        assert len(hung.received) <= 32


def test_stopping_does_not_wait_for_retries() -> None:
    with Receiver(lambda received: Answer(status=500)) as receiver:
        with small_shop(time_scale=1.0) as simulation:
            simulation.subscribe(receiver.url)
            save(simulation)
            eventually(lambda: receiver.received, "the first attempt")
        assert simulation.status()["waiting"] == 1
        # What happens after that is nobody's business any more, and no error.
        save(simulation)


@pytest.mark.parametrize(
    "fate",
    [
        Fate(),
        Fate(delay_seconds=NEVER_SECONDS),
        Fate(passed_by=9, passed_within_seconds=NEVER_SECONDS),
        Fate(copies_after_seconds=(NEVER_SECONDS, NEVER_SECONDS)),
    ],
    ids=["as it is", "delayed", "reordered", "duplicated"],
)
def test_a_parcel_whose_subscription_went_before_it_was_taken_is_given_up_at_once(fate: Fate) -> None:
    deliveries = Deliveries(Carriage())
    nobody = Subscriptions(lambda: datetime.now(UTC))
    courier = Courier(deliveries=deliveries, subscriptions=nobody, clock=lambda: datetime.now(UTC))
    courier.start()
    deliveries.began(parcel(1), fate)
    courier.send(parcel(1), fate)
    eventually(lambda: deliveries.counts()["trips"] == 0, "all its trips are over")
    courier.stop()
    assert deliveries.counts()["given_up"] == 1


def test_stopping_does_not_wait_for_a_slow_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answering = threading.Event(), threading.Event()
    answered: list[str] = []

    def slow(*_: object, **__: object) -> None:
        asked.set()
        answering.wait(10)
        answered.append("late")
        raise OSError("no such name")

    with small_shop() as simulation:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        simulation.subscribe("http://erp.example/")
        save(simulation)
        assert asked.wait(10)
    assert answered == []
    answering.set()


def test_the_newest_finished_deliveries_are_kept_and_the_counts_are_exact() -> None:
    deliveries = Deliveries(Carriage(), finished_kept=10)
    for number in range(1, 31):
        made = parcel(number)
        deliveries.began(made, Fate())
        deliveries.arrived(made)
    assert [row["resource_id"] for row in deliveries.rows(limit=100)] == list(range(30, 20, -1))
    counts = deliveries.counts()
    assert (counts["deliveries"], counts["delivered"], counts["waiting"], counts["trips"]) == (30, 30, 0, 0)


def test_one_line_is_logged_for_a_delivery_that_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    with Receiver(lambda received: Answer(status=500)) as receiver, small_shop(time_scale=FAST) as simulation:
        simulation.subscribe(receiver.url)
        product_id = save(simulation)
        settled(simulation)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("shopify_simulator")]
    assert len(lines) == 1
    assert lines[0].startswith(f"delivery.given_up topic=products/update resource={product_id} ")


def test_subscribers_are_told_of_what_a_product_became_in_the_end() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        simulation.shop.delete(a_product(simulation))
        settled(simulation)
    (deleted,) = receiver.received
    assert deleted.headers["x-shopify-topic"] == "products/delete"
