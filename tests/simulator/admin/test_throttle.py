"""The bucket of points: what fits, what is given back, what is told of it, and what is counted."""

import pytest

from shopify_simulator.admin.bucket import Bucket
from shopify_simulator.admin.ledger import Ledger
from tests.simulator.admin.asking import PAGE, Asking, Json, Seconds

DEAR = "{ " + " ".join(f"p{n}: shop {{ id }}" for n in range(100)) + " }"


def status(answer: Json) -> Json:
    return dict(answer["extensions"]["cost"]["throttleStatus"])


def test_points_are_taken_given_back_and_restored_with_the_time(api: Asking) -> None:
    assert status(api.ask(DEAR)) == {
        "maximumAvailable": 2000.0,
        "currentlyAvailable": 1900,
        "restoreRate": 100.0,
    }
    api.seconds.pass_by(0.255)
    assert status(api.ask("{ shop { id } }"))["currentlyAvailable"] == 1924  # 1924.5
    actual = api.ask(PAGE, first=250)["extensions"]["cost"]
    assert actual["throttleStatus"]["currentlyAvailable"] == int(1924.5 - actual["actualQueryCost"])
    api.seconds.pass_by(3600)
    assert status(api.ask("{ shop { id } }"))["currentlyAvailable"] == 1999


def test_what_does_not_fit_is_throttled_at_200_and_takes_nothing(api: Asking) -> None:
    for _ in range(20):
        assert "errors" not in api.ask(DEAR)
    api.seconds.pass_by(0.995)
    response = api.post(DEAR)
    assert response.status_code == 200
    answer = response.json()
    assert answer["errors"][0]["message"] == "Throttled"
    assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "data" not in answer
    cost = answer["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (100, None)
    assert cost["throttleStatus"]["currentlyAvailable"] == 99
    api.seconds.pass_by(0.005)
    assert "errors" not in api.ask(DEAR)


def test_another_plan_has_another_bucket(api: Asking) -> None:
    api.control("POST", "/admin", {"points": {"maximum": 20_000, "rate": 1_000}, "plan": "Plus"})
    assert status(api.ask(DEAR)) == {
        "maximumAvailable": 20_000.0,
        "currentlyAvailable": 19_900,
        "restoreRate": 1_000.0,
    }
    assert api.data("{ shop { plan { shopifyPlus } } }") == {"shop": {"plan": {"shopifyPlus": True}}}


def test_the_counts_say_what_was_used_and_what_was_refused_needlessly(api: Asking) -> None:
    for _ in range(20):
        api.ask(DEAR)
    api.ask(DEAR)  # it had been told 0
    api.seconds.pass_by(1)
    api.ask(DEAR)
    sheet = api.control("GET", "/admin")
    counts = sheet["counts"]
    assert (counts["asked"], counts["answered"], counts["points"]) == (22, 21, 2100)
    assert (counts["throttled"], counts["throttled_avoidably"], counts["seconds"]) == (1, 1, 1)
    assert sheet["points"]["overflown"] == 0
    api.control("POST", "/admin", {"forget_counts": True})
    assert not any(api.control("GET", "/admin")["counts"].values())


def test_points_that_a_full_bucket_could_not_take_are_counted() -> None:
    seconds = Seconds()
    bucket = Bucket(2_000, 100, seconds)
    bucket.take(150)
    seconds.pass_by(2)
    assert bucket.look().overflown == 50
    bucket.resize(1_000, 50)
    assert (bucket.look().overflown, bucket.look().available) == (0, 1_000)


@pytest.mark.parametrize(
    ("told", "later", "taken_since", "asked", "avoidable"),
    [
        (None, 0, 0, 100, 0),  # it was told nothing yet
        (500, 0, 0, 600, 1),
        (500, 0, 0, 500, 0),  # somebody else took points
        (500, 1, 0, 600, 0),
        (500, 1, 50, 600, 1),  # its own other request took 50
        (1990, 60, 0, 2001, 1),
    ],
)
def test_a_throttled_request_was_avoidable_where_its_client_could_have_reckoned_so(
    told: int | None, later: float, taken_since: int, asked: int, avoidable: int
) -> None:
    seconds = Seconds()
    ledger = Ledger(seconds)
    bucket = Bucket(2_000, 100, seconds)
    if told is not None:
        ledger.answered(asked, bucket.take(2_000 - told), taken=asked)
    seconds.pass_by(later)
    ledger.taken(taken_since)
    ledger.throttled(asked, bucket.look())
    assert ledger.sheet()["throttled_avoidably"] == avoidable


def test_what_an_answer_said_that_broke_off_is_not_held_against_its_client() -> None:
    ledger = Ledger(Seconds())
    bucket = Bucket(2_000, 100, Seconds())
    ledger.answered(0, bucket.take(0), taken=1_960)
    level = bucket.take(1_500)  # another copy of the app
    ledger.taken(100)
    ledger.answered(40, level, taken=100, heard=False)
    ledger.throttled(1_960, level)
    assert ledger.sheet()["throttled_avoidably"] == 0
    ledger.throttled(1_960, level)
    assert ledger.sheet()["throttled_avoidably"] == 1


def test_nobody_can_reckon_with_a_cost_that_nobody_told() -> None:
    ledger = Ledger(Seconds())
    level = Bucket(2_000, 100, Seconds()).take(2_000)
    ledger.answered(2_000, level, taken=2_000)
    for expected in (0, 1):
        ledger.throttled(300, level)
        assert ledger.sheet()["throttled_avoidably"] == expected
