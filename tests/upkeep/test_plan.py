"""The plan, line by line: pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backroom.registration.desired import NoAddress, desired, name_of
from backroom.registration.plan import Circumstances, Line, plan
from backroom.resources.product import product
from backroom.resources.registry import BY_TOPIC, RESOURCES
from backroom.shopify.subscriptions import Subscription, enum_of

URL = "https://backroom.example.com"
URI = f"{URL}/api/webhooks"
MADE_AT = datetime(2026, 11, 1, tzinfo=UTC)
RIGHT = Subscription(
    id="gid://shopify/WebhookSubscription/1",
    topic="PRODUCTS_UPDATE",
    uri=URI,
    name="backroom-products-update",
    narrowed_by="",
    api_version="2026-10",
    updated_at=MADE_AT,
)
NOW = MADE_AT + timedelta(hours=3, minutes=50)
AROUND = Circumstances(now=NOW, api_version="2026-10", granted=("read_products",), unnamed={}, ours=())


def planned(*held: Subscription, around: Circumstances = AROUND) -> Mapping[str, Line]:
    """The lines of wanted topics."""
    return {line.topic: line for line in plan(desired(RESOURCES, URL), held, around) if line.wanted}


def beside(*held: Subscription) -> list[Line]:
    return [
        line
        for line in plan(desired(RESOURCES, URL), held, AROUND)
        if line.wanted is None and line.state != "compliance"
    ]


@pytest.mark.parametrize(
    ("held", "state", "act"),
    [
        (RIGHT, "ok", None),
        (replace(RIGHT, uri="https://old.example.com/api/webhooks"), "address", "move"),
        (replace(RIGHT, uri="https://old.example.com/elsewhere"), "address", "move"),
        (replace(RIGHT, name=None), "name", "move"),
        (replace(RIGHT, name=None, uri="https://old.example.com/api/webhooks"), "address", "move"),
        (replace(RIGHT, narrowed_by="the filter vendor:x"), "narrowed", "make anew"),
        (replace(RIGHT, narrowed_by="the format XML", uri="https://o.example.com/"), "narrowed", "make anew"),
        (replace(RIGHT, api_version="2026-07"), "version", None),
        (replace(RIGHT, uri="https://other.example.com/", name=None), "missing", "make"),
        (replace(RIGHT, uri="pubsub://project:topic", name="theirs"), "missing", "make"),
    ],
)
def test_what_is_held_has_a_state_and_an_act(held: Subscription, state: str, act: str | None) -> None:
    line = planned(held)["products/update"]
    assert (line.state, line.act) == (state, act)


def test_a_version_says_where_it_is_set() -> None:
    note = planned(replace(RIGHT, api_version="2026-07"))["products/update"].note
    assert "2026-07" in note
    assert "Dev Dashboard" in note


def test_somebody_elses_is_shown_and_left() -> None:
    (line,) = beside(replace(RIGHT, topic="ORDERS_CREATE", uri="https://other.example.com/", name=None))
    assert (line.topic, line.state, line.act) == ("ORDERS_CREATE", "elsewhere", None)


def test_ours_of_a_topic_that_nobody_handles_is_ended() -> None:
    (line,) = beside(replace(RIGHT, topic="ORDERS_CREATE", name="backroom-orders-create"))
    assert (line.state, line.act) == ("unknown", "end")


def test_of_two_of_ours_the_better_one_stays() -> None:
    old = replace(
        RIGHT, id="gid://shopify/WebhookSubscription/0", name=None, uri=f"https://o.example.com{URI[28:]}"
    )
    assert planned(old, RIGHT)["products/update"].state == "ok"
    (line,) = beside(old, RIGHT)
    assert (line.state, line.act, line.subscription_id) == ("twice", "end", old.id)


def test_a_topic_whose_scope_is_not_granted_is_named_and_holds_up_no_other() -> None:
    lines = planned(around=replace(AROUND, granted=()))
    assert (lines["products/update"].state, lines["products/update"].act) == ("scope", None)
    assert "read_products" in lines["products/update"].note
    assert lines["app/uninstalled"].act == "make"


def test_what_needs_another_scope_is_planned_all_the_same() -> None:
    """A shop may go without stock."""
    lines = planned()
    acts = {topic: lines[topic].act for topic in BY_TOPIC}
    assert {topic for topic, act in acts.items() if act == "make"} == set(product.topics)
    assert {lines[topic].state for topic, act in acts.items() if act is None} == {"scope"}
    assert lines["locations/update"].note == "the app lacks the scope read_locations: grant it"


def test_what_the_apps_configuration_tells_is_not_made_twice() -> None:
    heard = replace(AROUND, unnamed={"products/update": MADE_AT})
    line = planned(around=heard)["products/update"]
    assert (line.state, line.note) == ("app", "heard 3 hours ago; the app's own configuration")
    assert planned(around=heard)["products/create"].state == "missing"


def test_one_of_ours_that_is_gone_is_missing_whatever_was_heard() -> None:
    heard = replace(AROUND, unnamed={"products/update": MADE_AT}, ours=("products/update",))
    assert planned(around=heard)["products/update"].state == "missing"


def test_doubled_is_said_where_both_tell_and_not_of_what_was_before() -> None:
    later = replace(AROUND, unnamed={"products/update": MADE_AT + timedelta(hours=1)})
    before = replace(AROUND, unnamed={"products/update": MADE_AT - timedelta(hours=1)})
    assert planned(RIGHT, around=later)["products/update"].state == "doubled"
    assert planned(RIGHT, around=later)["products/update"].is_right
    assert planned(RIGHT, around=before)["products/update"].state == "ok"


def test_compliance_topics_are_shown_as_set_elsewhere() -> None:
    lines = [line for line in plan(desired(RESOURCES, URL), [], AROUND) if line.state == "compliance"]
    assert [line.topic for line in lines] == ["customers/data_request", "customers/redact", "shop/redact"]


def test_names_fit_and_stay_apart() -> None:
    long = "fulfillment_orders/line_items_prepared_for_local_delivery"
    assert name_of("products/update") == "backroom-products-update"
    assert len(name_of(long)) == 50
    assert name_of(long) != name_of(long.replace("delivery", "deliverx"))
    assert enum_of("inventory_levels/update") == "INVENTORY_LEVELS_UPDATE"


def test_without_an_address_nothing_is_wanted() -> None:
    with pytest.raises(NoAddress, match="BACKROOM_PUBLIC_URL"):
        desired(RESOURCES, None)
