"""The roots of the API: what can be asked for and done at the top of a document.

Who looks and the arguments enter; things, pages of them, and bulk operations leave. What never happens
here: a field of a product (`readers.py`).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from shopify_simulator.admin import events, stock, stock_roots, subscriptions
from shopify_simulator.admin.asked import need, need_products, parsed
from shopify_simulator.admin.bulk import BulkRefused
from shopify_simulator.admin.bulk_roots import SCOPES
from shopify_simulator.admin.look import Look
from shopify_simulator.admin.operations import Operation
from shopify_simulator.admin.readers import (
    THINGS,
    Arguments,
    Counted,
    Readers,
    Sold,
    gid,
)
from shopify_simulator.admin.refusals import wrong_argument
from shopify_simulator.admin.search import search_of
from shopify_simulator.admin.slices import MOST_ON_A_PAGE, Slice, cut, stamp
from shopify_simulator.admin.versions import listed
from shopify_simulator.admin.world import SORTS
from shopify_simulator.shop.subscription import Subscription
from shopify_simulator.shop.timeline import Entry

MOST_COUNTED: Final = 25_000


def _thing(look: Look, identity: str) -> Any:
    """What has this id, or None."""
    kind, number = parsed(identity)
    if kind == "InventoryItem":
        return stock_roots.item_of(look, number)
    if kind == "InventoryLevel":
        return stock_roots.level_of(look, identity)
    if kind == "Location":
        return look.inventory.locations.get(number)
    if kind == "Product":
        return look.world.products.get(number)
    if kind == "ProductVariant":
        found = look.world.variant(number)
        return None if found is None else Sold(*found)
    if kind == "BulkOperation":
        return look.bulk.get(number)
    if kind == events.KIND:
        return events.one(look, number)
    if kind == subscriptions.KIND:
        return subscriptions.one(look, number)
    return look.shop if (kind, number) == ("Shop", 1) else None


_SCOPES: Final[Mapping[str, str]] = {
    "InventoryItem": stock.ITEMS,
    "InventoryLevel": stock.ITEMS,
    "Location": stock.PLACES,
}


def _need_for(look: Look, field: str, ids: Iterable[str]) -> None:
    """Raises AdminError where the app may not read one of these."""
    for scope in {_SCOPES.get(parsed(each)[0], "read_products"): None for each in ids}:
        need(look, field, scope)


def _node(_root: Any, look: Look, arguments: Arguments) -> Any:
    _need_for(look, "node", [arguments["id"]])
    return _thing(look, arguments["id"])


def _nodes(_root: Any, look: Look, arguments: Arguments) -> list[Any]:
    ids = arguments["ids"]
    if len(ids) > MOST_ON_A_PAGE:
        raise wrong_argument(
            f"The input array size of {len(ids)} is greater than the maximum allowed of 250."
        )
    _need_for(look, "nodes", ids)
    found = [_thing(look, each) for each in ids]
    return [*[None] * min(look.absent, len(found)), *found[look.absent :]]


def _product(_root: Any, look: Look, arguments: Arguments) -> Any:
    need_products(look, "product")
    kind, number = parsed(arguments["id"])
    if kind != "Product":
        raise wrong_argument(f"Invalid id: {arguments['id']}")
    return look.world.products.get(number)


def _products(_root: Any, look: Look, arguments: Arguments) -> Slice:
    need_products(look, "products")
    place, like = SORTS[arguments["sortKey"]]
    found = search_of(arguments.get("query"))
    look.search(found, arguments.get("query") or "", "products")
    ordered = look.world.found(arguments["sortKey"], arguments.get("query") or "", found)
    return cut(ordered, place, like, arguments)


def _products_count(_root: Any, look: Look, arguments: Arguments) -> Counted:
    need_products(look, "productsCount")
    found = search_of(arguments.get("query"))
    look.search(found, arguments.get("query") or "", "productsCount")
    count = len(look.world.found("ID", arguments.get("query") or "", found))
    most = min(arguments.get("limit") or MOST_COUNTED, MOST_COUNTED)
    return Counted(min(count, most), exact=count <= most)


def _bulk_operation(_root: Any, look: Look, arguments: Arguments) -> Any:
    kind, number = parsed(arguments["id"])
    return look.bulk.get(number) if kind == "BulkOperation" else None


def _bulk_operations(_root: Any, look: Look, arguments: Arguments) -> Slice:
    wanted = _wanted_operations(arguments.get("query") or "")
    ordered = [each for each in look.bulk.all() if wanted(each)]
    return cut(ordered, lambda each: (each.created_at, each.number), datetime, arguments)


def _wanted_operations(query: str) -> Callable[[Operation], bool]:
    """`status:RUNNING type:QUERY`: a small part of the search syntax."""
    terms = dict(each.partition(":")[::2] for each in re.split(r"\s+AND\s+|\s+", query.strip()) if each)
    if unknown := terms.keys() - {"status", "type"}:
        raise wrong_argument(f"the simulator does not know this search: {', '.join(sorted(unknown))}")
    status, kind = terms.get("status", "").upper(), terms.get("type", "").upper()
    return lambda each: status in ("", each.status) and kind in ("", "QUERY")


def _run_query(_root: Any, look: Look, arguments: Arguments) -> dict[str, Any]:
    def allowed(root: str) -> None:
        need(look, "bulkOperationRunQuery", SCOPES[root])

    try:
        return {"bulkOperation": look.bulk.run(arguments["query"], allowed), "userErrors": []}
    except BulkRefused as refused:
        field = ["query"] if refused.code == "INVALID" else None
        error: dict[str, Any] = {"code": refused.code, "field": field, "message": str(refused)}
        return {"bulkOperation": None, "userErrors": [error]}


def _cancel(_root: Any, look: Look, arguments: Arguments) -> dict[str, Any]:
    operation = _bulk_operation(None, look, arguments)
    if operation is None:
        error: dict[str, Any] = {"field": ["id"], "message": "Bulk operation does not exist"}
        return {"bulkOperation": None, "userErrors": [error]}
    if look.bulk.cancel(operation):
        return {"bulkOperation": operation, "userErrors": []}
    error = {
        "field": None,
        "message": "A bulk operation cannot be canceled when it is completed",
    }
    return {"bulkOperation": operation, "userErrors": [error]}


def _url(operation: Operation, look: Look, _arguments: Arguments) -> str | None:
    return look.address(operation) if operation.has_file else None


def _partial_url(operation: Operation, look: Look, _arguments: Arguments) -> str | None:
    return look.address(operation) if operation.has_partial_file else None


def _held(name: str) -> Any:
    return lambda source, _look, _arguments: source[name]


def _text(number: int | None) -> str | None:
    """UnsignedInt64 is written as text."""
    return None if number is None else str(number)


READERS: Final[Mapping[str, Readers]] = {
    **stock.EXPORTED,
    **events.TYPES,
    **subscriptions.TYPES,
    "Product": {**THINGS["Product"], **events.OF_PRODUCTS},
    "QueryRoot": {
        "bulkOperation": _bulk_operation,
        "bulkOperations": _bulk_operations,
        "currentAppInstallation": lambda _root, look, _arguments: look,
        "node": _node,
        "nodes": _nodes,
        "product": _product,
        "products": _products,
        "productsCount": _products_count,
        "publicApiVersions": lambda _root, look, _arguments: listed(look.versions),
        "shop": lambda _root, look, _arguments: look.shop,
        **events.QUERIES,
        **stock_roots.QUERIES,
        **subscriptions.QUERIES,
    },
    "Mutation": {
        "bulkOperationCancel": _cancel,
        "bulkOperationRunQuery": _run_query,
        **subscriptions.MUTATIONS,
    },
    "AppInstallation": {
        "id": lambda *_: gid("AppInstallation", 1),
        "accessScopes": lambda _source, look, _arguments: look.scopes,
    },
    "AccessScope": {
        "handle": lambda scope, *_: scope,
        "description": lambda scope, *_: scope.replace("_", " ").capitalize(),
    },
    "ApiVersion": {
        "handle": lambda version, *_: version[0],
        "displayName": lambda version, *_: version[1],
        "supported": lambda version, *_: version[2],
    },
    "BulkOperation": {
        "id": lambda operation, *_: gid("BulkOperation", operation.number),
        "status": lambda operation, *_: operation.status,
        "errorCode": lambda operation, *_: operation.error_code,
        "type": lambda *_: "QUERY",
        "query": lambda operation, *_: operation.query,
        "createdAt": lambda operation, *_: stamp(operation.created_at),
        "completedAt": lambda operation, *_: (
            None if operation.completed_at is None else stamp(operation.completed_at)
        ),
        "objectCount": lambda operation, *_: _text(operation.object_count),
        "rootObjectCount": lambda operation, *_: _text(operation.root_object_count),
        "fileSize": lambda operation, *_: _text(operation.file_size),
        "url": _url,
        "partialDataUrl": _partial_url,
    },
    "BulkOperationRunQueryPayload": {
        "bulkOperation": _held("bulkOperation"),
        "userErrors": _held("userErrors"),
    },
    "BulkOperationCancelPayload": {
        "bulkOperation": _held("bulkOperation"),
        "userErrors": _held("userErrors"),
    },
    "BulkOperationUserError": {name: _held(name) for name in ("code", "field", "message")},
    "UserError": {name: _held(name) for name in ("field", "message")},
}
"""The readers of every type in the schema that has values."""

_TYPES: Final[Mapping[type, str]] = {
    **stock.TYPE_OF_EXPORTED,
    Operation: "BulkOperation",
    Look: "AppInstallation",
    Subscription: subscriptions.KIND,
    Entry: events.KIND,
}


def type_of(source: Any) -> str:
    """The name of the type of what an interface's field found."""
    return _TYPES[type(source)]
