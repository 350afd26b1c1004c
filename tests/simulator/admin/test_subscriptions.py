"""Webhook subscriptions by GraphQL: made, asked for, changed and ended, and Shopify's refusals."""

from typing import Any

import pytest
from graphql import GraphQLEnumType

from shopify_simulator.admin.schema import admin_schema
from shopify_simulator.shop.topics import BY_NAME, COMPLIANCE_TOPICS, TOPICS, scopes_for
from tests.simulator.admin.asking import Asking, Json
from tests.simulator.receiver import Answer, Receiver
from tests.simulator.street import save, settled, small_shop

URI = "https://erp.example/hooks"
FIELDS = (
    "id legacyResourceId topic uri filter format includeFields metafieldNamespaces name createdAt updatedAt"
    " apiVersion { handle displayName supported }"
)
CREATE = (
    "mutation ($topic: WebhookSubscriptionTopic!, $input: WebhookSubscriptionInput!) {"
    " webhookSubscriptionCreate(topic: $topic, webhookSubscription: $input)"
    f" {{ webhookSubscription {{ {FIELDS} }} userErrors {{ field message }} }} }}"
)
UPDATE = (
    "mutation ($id: ID!, $input: WebhookSubscriptionInput!) {"
    " webhookSubscriptionUpdate(id: $id, webhookSubscription: $input)"
    f" {{ webhookSubscription {{ {FIELDS} }} userErrors {{ field message }} }} }}"
)
DELETE = (
    "mutation ($id: ID!) { webhookSubscriptionDelete(id: $id)"
    " { deletedWebhookSubscriptionId userErrors { field message } } }"
)
LIST = (
    "query ($first: Int = 50, $after: String, $topics: [WebhookSubscriptionTopic!], $uri: String,"
    " $query: String) { webhookSubscriptions(first: $first, after: $after, topics: $topics, uri: $uri,"
    f" query: $query) {{ nodes {{ {FIELDS} }} edges {{ cursor node {{ id }} }}"
    " pageInfo { hasNextPage endCursor } } }"
)
ONE = f"query ($id: ID!) {{ webhookSubscription(id: $id) {{ {FIELDS} }} }}"


def create(api: Asking, topic: str = "PRODUCTS_UPDATE", /, **wanted: Any) -> Json:
    """The subscription that was made."""
    answer = api.data(CREATE, topic=topic, input={"uri": URI, **wanted})["webhookSubscriptionCreate"]
    assert answer["userErrors"] == []
    return dict(answer["webhookSubscription"])


def refusals(answer: Json, root: str) -> list[tuple[list[str] | None, str]]:
    held = answer[root]
    assert held.get("webhookSubscription") is None
    return [(each["field"], each["message"]) for each in held["userErrors"]]


def refused(api: Asking, topic: str = "PRODUCTS_UPDATE", /, **wanted: Any) -> tuple[list[str] | None, str]:
    """The only user error."""
    answer = api.data(CREATE, topic=topic, input={"uri": URI, **wanted})
    (found,) = refusals(answer, "webhookSubscriptionCreate")
    return found


def listed(api: Asking, **wanted: Any) -> list[Json]:
    return list(api.data(LIST, **wanted)["webhookSubscriptions"]["nodes"])


def test_what_is_made_is_shown_with_all_that_it_was_made_of(api: Asking) -> None:
    wanted = {
        "name": "stock_1",
        "filter": "status:active",
        "format": "XML",
        "includeFields": ["id", "updated_at"],
        "metafieldNamespaces": ["custom"],
    }
    made = create(api, **wanted)
    number = int(made["legacyResourceId"])
    assert made == {
        "id": f"gid://shopify/WebhookSubscription/{number}",
        "legacyResourceId": str(number),
        "topic": "PRODUCTS_UPDATE",
        "uri": URI,
        **wanted,
        "apiVersion": {"handle": "2026-10", "displayName": "2026-10 (Latest)", "supported": True},
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
    }
    assert api.data(ONE, id=made["id"])["webhookSubscription"] == made
    assert listed(api) == [made]
    (held,) = api.control("GET", "/subscriptions")
    assert (held["topic"], held["made_by"]) == ("products/update", "api")


def test_what_was_not_given_has_shopifys_defaults(api: Asking) -> None:
    made = create(api)
    assert (made["format"], made["includeFields"], made["metafieldNamespaces"]) == ("JSON", [], [])
    assert (made["name"], made["filter"]) == (None, None)


def test_those_of_the_apps_configuration_and_of_the_merchant_are_not_there(api: Asking) -> None:
    (by_app,) = api.simulation.subscribe(URI, ["products/update"], "app")
    (by_merchant,) = api.simulation.subscribe(URI, ["products/update"], "merchant")
    made = create(api)
    assert [each["id"] for each in listed(api)] == [made["id"]]
    for number in (by_app.id, by_merchant.id):
        identity = f"gid://shopify/WebhookSubscription/{number}"
        assert api.data(ONE, id=identity)["webhookSubscription"] is None
        gone = api.data(DELETE, id=identity)["webhookSubscriptionDelete"]
        assert gone["deletedWebhookSubscriptionId"] is None
        answer = api.data(UPDATE, id=identity, input={"uri": "https://x.example/"})
        assert refusals(answer, "webhookSubscriptionUpdate") == [
            (["id"], "Webhook subscription does not exist")
        ]
    assert len(api.control("GET", "/subscriptions")) == 3


def test_the_list_comes_in_pages_and_is_narrowed_by_topic_address_and_search(api: Asking) -> None:
    names = ["PRODUCTS_CREATE", "PRODUCTS_UPDATE", "PRODUCTS_DELETE", "ORDERS_CREATE", "SHOP_UPDATE"]
    ids = []
    for name in names:
        api.clock.advance(60)
        ids.append(create(api, name)["id"])
    other = create(api, "SHOP_UPDATE", uri="https://other.example/")
    first = api.data(LIST, first=4)["webhookSubscriptions"]
    assert first["pageInfo"]["hasNextPage"]
    second = api.data(LIST, first=4, after=first["pageInfo"]["endCursor"])["webhookSubscriptions"]
    assert [each["node"]["id"] for each in [*first["edges"], *second["edges"]]] == [*ids, other["id"]]
    assert [each["id"] for each in listed(api, topics=["SHOP_UPDATE", "ORDERS_CREATE"])] == [
        *ids[3:],
        other["id"],
    ]
    assert [each["id"] for each in listed(api, uri="https://other.example/")] == [other["id"]]
    number = other["legacyResourceId"]
    assert [each["id"] for each in listed(api, query=f"id:{number}")] == [other["id"]]
    assert listed(api, topics=[]) == []


@pytest.mark.parametrize(
    ("wanted", "field", "said"),
    [
        ({"uri": URI}, "callbackUrl", "Address for this topic has already been taken"),
        ({"uri": "ftp://erp.example/"}, "callbackUrl", "Address is invalid"),
        ({"uri": "hooks"}, "callbackUrl", "Address is invalid"),
        ({"uri": None}, "callbackUrl", "Address can't be blank"),
        ({"uri": ""}, "callbackUrl", "Address can't be blank"),
        ({"uri": "https://b.example/", "name": "Stock"}, "name", "Name already exists, no duplicate allowed"),
        ({"uri": "https://b.example/", "name": ""}, "name", "Name is too short (minimum is 1 character)"),
        (
            {"uri": "https://b.example/", "name": "x" * 51},
            "name",
            "Name is too long (maximum is 50 characters)",
        ),
        (
            {"uri": "https://b.example/", "name": "two words"},
            "name",
            "Name can only contain alphanumeric characters, underscores, and hyphens",
        ),
    ],
    ids=str,
)
def test_what_shopify_refuses_is_a_user_error_and_nothing_is_made(
    api: Asking, wanted: Json, field: str, said: str
) -> None:
    create(api, name="stock")
    assert refused(api, **wanted) == (["webhookSubscription", field], said)
    assert len(listed(api)) == 1


def test_an_address_may_be_told_of_a_topic_again_with_another_filter(api: Asking) -> None:
    create(api)
    create(api, filter="status:active")
    assert len(listed(api)) == 2


def test_the_topics_are_those_that_there_are_but_for_the_compliance_ones() -> None:
    kind = admin_schema().type_map["WebhookSubscriptionTopic"]
    assert isinstance(kind, GraphQLEnumType)
    assert kind.values.keys() == BY_NAME.keys()
    assert set(BY_NAME.values()) == TOPICS - COMPLIANCE_TOPICS


@pytest.mark.parametrize("topic", ["CUSTOMERS_REDACT", "SHOP_REDACT", "PRODUCTS_UPDATES", "products/update"])
def test_a_topic_that_the_api_does_not_know_is_an_error_of_the_document(api: Asking, topic: str) -> None:
    assert api.code(CREATE, topic=topic, input={"uri": URI}) == "INVALID_VARIABLE"


@pytest.mark.parametrize(
    ("granted", "topic", "allowed"),
    [
        (["read_products"], "PRODUCTS_DELETE", True),
        (["write_products"], "PRODUCTS_DELETE", True),
        (["read_orders"], "PRODUCTS_DELETE", False),
        (["read_inventory"], "INVENTORY_LEVELS_UPDATE", True),
        (["read_products"], "INVENTORY_LEVELS_UPDATE", False),
        (["read_products"], "INVENTORY_ITEMS_UPDATE", True),
        (["read_orders"], "REFUNDS_CREATE", True),
        (["read_products"], "ORDERS_CREATE", False),
        (["read_orders"], "LOCATIONS_UPDATE", False),
        (["read_locations"], "LOCATIONS_UPDATE", True),
        ([], "APP_UNINSTALLED", True),
        ([], "APP_SCOPES_UPDATE", True),
        ([], "BULK_OPERATIONS_FINISH", True),
        ([], "SHOP_UPDATE", True),
    ],
)
def test_a_topic_needs_its_scope(api: Asking, granted: list[str], topic: str, allowed: bool) -> None:
    api.control("POST", "/admin", {"scopes": granted})
    if allowed:
        assert create(api, topic)["topic"] == topic
    else:
        field, message = refused(api, topic)
        assert field == ["topic"]
        assert message.startswith(
            f"You do not have permission to create or update webhooks with {BY_NAME[topic]} topic."
        )
        assert scopes_for(BY_NAME[topic])[0] in message


def test_an_update_changes_what_it_names_and_null_takes_it_away(api: Asking) -> None:
    made = create(api, name="stock", filter="status:active", includeFields=["id"])
    api.clock.advance(60)
    new = "https://new.example/"
    changed = api.data(UPDATE, id=made["id"], input={"uri": new, "filter": None})["webhookSubscriptionUpdate"]
    assert changed["userErrors"] == []
    after = changed["webhookSubscription"]
    assert after == {**made, "uri": new, "filter": None, "updatedAt": after["updatedAt"]}
    assert after["updatedAt"] > made["updatedAt"]
    assert listed(api) == [after]


def test_an_update_may_not_take_what_another_one_has(api: Asking) -> None:
    create(api)
    other = create(api, uri="https://other.example/")
    answer = api.data(UPDATE, id=other["id"], input={"uri": URI})
    assert refusals(answer, "webhookSubscriptionUpdate") == [
        (["webhookSubscription", "callbackUrl"], "Address for this topic has already been taken")
    ]
    assert other in listed(api)


def test_what_is_deleted_is_gone_and_cannot_be_deleted_again(api: Asking) -> None:
    made = create(api)
    answer = api.data(DELETE, id=made["id"])["webhookSubscriptionDelete"]
    assert answer == {"deletedWebhookSubscriptionId": made["id"], "userErrors": []}
    assert listed(api) == []
    again = api.data(DELETE, id=made["id"])["webhookSubscriptionDelete"]
    assert again == {
        "deletedWebhookSubscriptionId": None,
        "userErrors": [{"field": ["id"], "message": "Webhook subscription does not exist"}],
    }


def test_a_mutation_costs_10_and_the_list_what_connections_cost(api: Asking) -> None:
    made = api.ask(CREATE, topic="PRODUCTS_UPDATE", input={"uri": URI})
    assert made["extensions"]["cost"]["actualQueryCost"] == 10
    listing = "{ webhookSubscriptions(first: 50) { nodes { id topic apiVersion { handle } } } }"
    cost = api.ask(listing)["extensions"]["cost"]
    # 2 + (1 for the node + 1 for its version) x floor(2 ln 50), and one came.
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (16, 4)


def test_one_made_by_the_api_and_one_by_the_app_both_tell_of_one_event() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url, ["products/update"], "app")
        simulation.subscriptions.add(
            topic="products/update", uri=receiver.url, made_by="api", name="by-the-api"
        )
        save(simulation)
        settled(simulation)
    first, second = receiver.received
    assert first.webhook_id != second.webhook_id
    assert first.headers["x-shopify-event-id"] == second.headers["x-shopify-event-id"]
    names = {each.headers.get("x-shopify-name") for each in receiver.received}
    assert names == {None, "by-the-api"}


def test_deleting_by_the_api_gives_up_what_waits(api: Asking) -> None:
    with Receiver(lambda _: Answer(status=500)) as receiver:
        made = create(api, uri=receiver.url)
        save(api.simulation)
        api.data(DELETE, id=made["id"])
        assert settled(api.simulation)["given_up"] == 1
