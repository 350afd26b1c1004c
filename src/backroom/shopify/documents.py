"""Every GraphQL text that is sent to Shopify. Made from a `Selection`, or written out below.

Source: the Admin GraphQL schema, 2026-10, which a contract test holds them against. What never happens here:
a value within a text. Values travel as variables.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from backroom.vocabulary.clock import format_instant
from backroom.vocabulary.selection import Branch, Changes, Selection

_PAGE_INFO: Final = "pageInfo { hasNextPage endCursor }"
_BULK: Final = """\
id type status errorCode query createdAt completedAt
  objectCount rootObjectCount fileSize url partialDataUrl"""

START_BULK: Final = f"""\
mutation StartBulk($query: String!) {{
  bulkOperationRunQuery(query: $query) {{ bulkOperation {{ {_BULK} }} userErrors {{ code field message }} }}
}}"""
LOOK_AT_BULK: Final = f"query LookAtBulk($id: ID!) {{ bulkOperation(id: $id) {{ {_BULK} }} }}"
CANCEL_BULK: Final = f"""\
mutation CancelBulk($id: ID!) {{
  bulkOperationCancel(id: $id) {{ bulkOperation {{ {_BULK} }} userErrors {{ field message }} }}
}}"""
NEWEST_BULKS: Final = f"""\
query NewestBulks($first: Int!) {{
  bulkOperations(first: $first, sortKey: CREATED_AT, reverse: true, query: "type:QUERY") {{
    nodes {{ {_BULK} }}
  }}
}}"""
SHOP: Final = """\
query Shop {
  shop {
    name myshopifyDomain currencyCode
    plan { publicDisplayName }
    resourceLimits { maxProductVariants maxProductOptions }
  }
  currentAppInstallation { accessScopes { handle } }
  publicApiVersions { handle supported }
}"""
_SUBSCRIPTION: Final = "id topic uri name filter format includeFields apiVersion { handle } updatedAt"
SUBSCRIPTIONS: Final = f"""\
query Subscriptions($first: Int!, $after: String) {{
  webhookSubscriptions(first: $first, after: $after, sortKey: ID) {{
    nodes {{ {_SUBSCRIPTION} }}
    {_PAGE_INFO}
  }}
}}"""
CREATE_SUBSCRIPTION: Final = f"""\
mutation CreateSubscription($topic: WebhookSubscriptionTopic!, $wanted: WebhookSubscriptionInput!) {{
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $wanted) {{
    webhookSubscription {{ {_SUBSCRIPTION} }} userErrors {{ field message }}
  }}
}}"""
UPDATE_SUBSCRIPTION: Final = f"""\
mutation UpdateSubscription($id: ID!, $wanted: WebhookSubscriptionInput!) {{
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $wanted) {{
    webhookSubscription {{ {_SUBSCRIPTION} }} userErrors {{ field message }}
  }}
}}"""
DELETE_SUBSCRIPTION: Final = """\
mutation DeleteSubscription($id: ID!) {
  webhookSubscriptionDelete(id: $id) { userErrors { field message } }
}"""
DELETIONS: Final = f"""\
query Deletions($first: Int!, $after: String, $query: String) {{
  events(first: $first, after: $after, query: $query, sortKey: CREATED_AT) {{
    nodes {{ ... on BasicEvent {{ subjectId subject {{ __typename }} }} }}
    {_PAGE_INFO}
  }}
}}"""


def bulk_document(selection: Selection, since: datetime | None = None) -> str:
    """What a bulk operation runs: the whole connection. `first` and pageInfo mean nothing there.

    `since`: only the resources that changed from then on, by Shopify's clock; no document of a bulk operation
    takes variables.
    """
    is_asked = since is not None and selection.changes is Changes.EXPORT
    changed = f"query: \"updated_at:>='{format_instant(since)}'\"" if is_asked and since else ""
    resources = selection.resources
    branches = " ".join(
        f"{branch.field}{_arguments(changed if branch is resources else '')}"
        f" {{ edges {{ node {{ {branch.selection} }} }} }}"
        for branch in selection.branches
    )
    node = f"{selection.selection} {branches}".rstrip()
    arguments = _arguments(changed if resources is None else "", selection.arguments)
    return f"{{ {selection.connection}{arguments} {{ edges {{ node {{ {node} }} }} }} }}"


def page_document(selection: Selection) -> str:
    """One page of resources, by the instant of their last change, each with the first of its children."""
    arguments = _arguments(
        "first: $first, after: $after, query: $query, sortKey: UPDATED_AT", selection.arguments
    )
    return f"""\
query {selection.type_name}Page($first: Int!, $after: String, $query: String) {{
  {selection.connection}{arguments} {{
    nodes {{ {_node(selection)} }}
    {_PAGE_INFO}
  }}
}}"""


def nodes_document(selection: Selection) -> str:
    """Resources by their gids; null stands for one that is not there."""
    return f"""\
query {selection.type_name}Nodes($ids: [ID!]!) {{
  nodes(ids: $ids) {{ ... on {selection.type_name} {{ {_node(selection)} }} }}
}}"""


def branch_document(selection: Selection, branch: Branch) -> str:
    """More children of one resource, and its updatedAt, which tells whether it is still the same."""
    return f"""\
query {selection.type_name}{branch.field.capitalize()}($id: ID!, $first: Int!, $after: String) {{
  node(id: $id) {{
    ... on {selection.type_name} {{
      id updatedAt
      {branch.field}(first: $first, after: $after) {{ nodes {{ {branch.selection} }} {_PAGE_INFO} }}
    }}
  }}
}}"""


def every_document(selections: Mapping[str, Selection]) -> Iterator[tuple[str, str]]:
    """(name, text) of all that the project sends, or has a bulk operation run, with selections by name."""
    yield from (
        ("start_bulk", START_BULK),
        ("look_at_bulk", LOOK_AT_BULK),
        ("cancel_bulk", CANCEL_BULK),
        ("newest_bulks", NEWEST_BULKS),
        ("shop", SHOP),
        ("subscriptions", SUBSCRIPTIONS),
        ("create_subscription", CREATE_SUBSCRIPTION),
        ("update_subscription", UPDATE_SUBSCRIPTION),
        ("delete_subscription", DELETE_SUBSCRIPTION),
        ("deletions", DELETIONS),
    )
    for name, selection in selections.items():
        yield f"{name}.bulk", bulk_document(selection)
        if selection.changes is Changes.PAGES:
            yield f"{name}.page", page_document(selection)
        if selection.changes is Changes.EXPORT:
            yield f"{name}.changes.bulk", bulk_document(selection, datetime(2026, 11, 1, tzinfo=UTC))
        yield f"{name}.nodes", nodes_document(selection)
        for branch in selection.branches:
            yield f"{name}.{branch.field}", branch_document(selection, branch)


def _arguments(*arguments: str) -> str:
    """`(first: $first, sortKey: ID)`; nothing where there are none."""
    given = ", ".join(filter(None, arguments))
    return f"({given})" if given else ""


def _node(selection: Selection) -> str:
    branches = " ".join(
        f"{branch.field}(first: {branch.first}) {{ nodes {{ {branch.selection} }} {_PAGE_INFO} }}"
        for branch in selection.branches
    )
    return f"{selection.selection} {branches}".rstrip()
