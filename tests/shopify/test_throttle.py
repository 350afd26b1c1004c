"""Against a bucket that counts as Shopify's does: the whole rate is used, and nothing refused in vain."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backroom.shopify.answers import Cost
from backroom.shopify.throttle import Kind, Throttle
from backroom.vocabulary.errors import MaxCostExceeded
from tests.shopify.stub import Stub, Time, cost, data, errors
from tests.waiting import Running

A, B, Q = Kind("a", 0), Kind("b", 0), Kind("q", 0)


def of(points: float) -> Kind:
    return Kind(str(points), 0)


class Bucket:
    """A shop's points. A query costs `requested`, of which it uses `actual`."""

    def __init__(self, time: Time, *, requested: float, actual: float, maximum: float, rate: float) -> None:
        self.time, self.requested, self.actual = time, requested, actual
        self.maximum, self.rate = maximum, rate
        self.available, self.at = maximum, time.seconds
        self.refused = self.served = 0
        self.spent = 0.0
        self.latency = 0.0

    def ask(self, _body: dict[str, Any]) -> httpx.Response:
        self.time.seconds += self.latency / 2
        self._fill()
        if self.available < self.requested:
            self.refused += 1
            return errors("THROTTLED", spent=self._cost(None))
        self.available -= self.actual
        self.spent += self.actual
        self.served += 1
        answer = data({"n": self.served}, self._cost(self.actual))
        self.time.seconds += self.latency / 2
        return answer

    def drink(self, points: float) -> None:
        """Another process does."""
        self._fill()
        self.available = max(0.0, self.available - points)

    def _fill(self) -> None:
        elapsed = self.time.seconds - self.at
        self.available = min(self.maximum, self.available + elapsed * self.rate)
        self.at = self.time.seconds

    def _cost(self, actual: float | None) -> dict[str, Any]:
        return cost(self.requested, int(self.available), actual=actual, maximum=self.maximum, rate=self.rate)


@pytest.mark.parametrize("actual", [500, 300, 40])
@pytest.mark.parametrize(("maximum", "rate"), [(1000, 50), (2000, 100), (20_000, 1000)])
@pytest.mark.parametrize("latency", [0.0, 0.3])
def test_the_whole_rate_is_used_and_nothing_is_refused(
    maximum: float, rate: float, actual: float, latency: float
) -> None:
    stub = Stub()
    bucket = Bucket(stub.time, requested=500, actual=actual, maximum=maximum, rate=rate)
    bucket.latency = latency
    stub._by = bucket.ask
    client = stub.client()
    # What a full bucket lets through at once is left out: it says nothing about the rate.
    while bucket.available >= 500 and stub.time.seconds < 1400:
        client.ask("query { n }")
    began, spent = stub.time.seconds, bucket.spent
    for _ in range(200):
        client.ask("query { n }")
    seconds = stub.time.seconds - began
    possible = min(rate, actual / latency if latency else rate)
    assert bucket.refused == 0
    assert (bucket.spent - spent) / seconds >= 0.9 * possible


def test_others_who_drink_cost_one_refusal_each_at_most() -> None:
    stub = Stub()
    bucket = Bucket(stub.time, requested=200, actual=200, maximum=2000, rate=100)
    stub._by = bucket.ask
    client = stub.client()
    for number in range(60):
        if number % 10 == 0:
            bucket.drink(1500)
        client.ask("query { n }")
    assert bucket.served == 60
    assert bucket.refused <= 12


def test_what_the_whole_bucket_can_not_hold_is_refused_here() -> None:
    throttle = Throttle(Time().monotonic, Time().sleep)
    throttle.leave(
        Q,
        throttle.enter(Q),
        Cost(requested=900, actual=None, maximum=500, available=500, restore_rate=50),
    )
    with pytest.raises(MaxCostExceeded):
        throttle.enter(Q)


def test_a_query_of_an_unknown_cost_is_let_through_at_once() -> None:
    time = Time()
    throttle = Throttle(time.monotonic, time.sleep)
    throttle.leave(
        A, throttle.enter(A), Cost(requested=90, actual=90, maximum=100, available=0, restore_rate=1)
    )
    throttle.enter(B)
    assert time.slept == []


def test_an_answer_without_a_cost_changes_nothing() -> None:
    time = Time()
    throttle = Throttle(time.monotonic, time.sleep)
    throttle.leave(
        A, throttle.enter(A), Cost(requested=90, actual=90, maximum=100, available=10, restore_rate=1)
    )
    throttle.leave(A, throttle.enter(A), None)
    assert time.slept == [pytest.approx(81.0)]
    throttle.enter(A)
    assert len(time.slept) == 1, "points that were there before are there still"


@given(st.lists(st.floats(1, 400), min_size=1, max_size=30), st.integers(1, 4))
def test_threads_never_have_more_in_flight_than_there_was(costs: list[float], threads: int) -> None:
    time = Time()
    throttle = Throttle(time.monotonic, time.sleep)
    for points in costs:
        known = Cost(requested=points, actual=points, maximum=400, available=400, restore_rate=1000)
        throttle.leave(of(points), throttle.enter(of(points)), known)

    def work() -> None:
        for points in costs:
            reserved = throttle.enter(of(points))
            assert throttle._in_flight <= 400.001
            throttle.leave(of(points), reserved, None)

    Running(*[work] * threads).join()
    assert throttle._flying == 0
    assert throttle._in_flight == pytest.approx(0, abs=0.001)


def test_another_size_of_a_known_query_is_reckoned_from_the_nearest() -> None:
    time = Time()
    throttle = Throttle(time.monotonic, time.sleep)
    kind = Kind.of("nodes", {"ids": ["x"] * 100, "after": None})
    told = Cost(requested=400, actual=400, maximum=1000, available=0, restore_rate=100)
    throttle.leave(kind, throttle.enter(kind), told)
    throttle.enter(Kind.of("nodes", {"ids": ["x"] * 50}))
    assert 2.0 <= sum(time.slept) <= 2.5


def test_a_size_that_is_only_reckoned_is_never_refused_here() -> None:
    time = Time()
    throttle = Throttle(time.monotonic, time.sleep)
    told = Cost(requested=400, actual=400, maximum=1000, available=1000, restore_rate=100)
    throttle.leave(Kind("page", 10), throttle.enter(Kind("page", 10)), told)
    assert throttle.enter(Kind("page", 250)) == 1000


def test_points_of_a_question_on_its_way_are_not_spent_twice() -> None:
    time = Time()
    throttle = Throttle(time.monotonic, time.sleep)
    told = Cost(requested=90, actual=90, maximum=200, available=100, restore_rate=1)
    throttle.leave(A, throttle.enter(A), told)
    throttle.enter(A)
    assert time.slept == []
    throttle.enter(A)
    assert sum(time.slept) == pytest.approx(81.0, abs=0.1)
