"""Bulk operations: started, looked at, cancelled, listed. Their files are `download`'s and `jsonl`'s.

Since 2026-01 five may run at a time per app and shop, and each is polled by its own id.
Source: shopify.dev/docs/api/usage/bulk-operations/queries (2026-10).
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from backroom.shopify.answers import decoded
from backroom.shopify.client import Client
from backroom.shopify.documents import CANCEL_BULK, LOOK_AT_BULK, NEWEST_BULKS, START_BULK
from backroom.vocabulary.errors import BulkBusy, BulkForgotten, QueryRefused

NEWEST: Final = 25
"""Looked through for those that run: five at most do, and those are the newest."""
_BUSY: Final = ("OPERATION_IN_PROGRESS", "LIMIT_REACHED")


class BulkStatus(StrEnum):
    """As Shopify spells it. A spelling that is new to us is an error, not a status."""

    CREATED = "CREATED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


RUNNING: Final = frozenset({BulkStatus.CREATED, BulkStatus.RUNNING, BulkStatus.CANCELING})


class BulkOperation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What Shopify says of one. Counts are of lines (objects) and of resources (root objects).

    `url` is null until it is completed, and stays null where it found nothing.
    """

    id: str
    type: str
    status: BulkStatus
    error_code: str | None = None
    query: str = ""
    created_at: datetime
    completed_at: datetime | None = None
    object_count: int = 0
    root_object_count: int = 0
    file_size: int | None = None
    url: str | None = None
    partial_data_url: str | None = None

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING

    @property
    def is_empty(self) -> bool:
        """Completed, and there was nothing to export: no error, and no file."""
        return self.status is BulkStatus.COMPLETED and self.url is None

    def failure(self) -> str | None:
        """Why there is no whole file, in one sentence, or None."""
        match self.status:
            case BulkStatus.FAILED:
                rest = "; a part of its file is there" if self.partial_data_url else ""
                return f"Shopify's bulk operation failed ({_REASONS.get(self.error_code, 'unknown')}){rest}"
            case BulkStatus.EXPIRED:
                return "the file of Shopify's bulk operation has expired"
            case BulkStatus.CANCELED:
                return "Shopify's bulk operation was cancelled, by Shopify or in its admin"
        if self.is_empty and self.object_count:
            return "Shopify's bulk operation says that it has rows, and gives no file"
        return None


_REASONS: Final[dict[str | None, str]] = {
    "ACCESS_DENIED": "a scope that it needs is not granted",
    "INTERNAL_SERVER_ERROR": "an error within Shopify: try again later",
    "TIMEOUT": "it took Shopify too long: try again later",
}


class _UserError(msgspec.Struct):
    message: str
    code: str | None = None


class _Payload(msgspec.Struct, rename="camel"):
    bulk_operation: BulkOperation | None = None
    user_errors: list[_UserError] = []


class _Started(msgspec.Struct, rename="camel"):
    bulk_operation_run_query: _Payload


class _Cancelled(msgspec.Struct, rename="camel"):
    bulk_operation_cancel: _Payload


class _Looked(msgspec.Struct, rename="camel"):
    bulk_operation: BulkOperation | None


class _Page(msgspec.Struct):
    nodes: list[BulkOperation]


class _Newest(msgspec.Struct, rename="camel"):
    bulk_operations: _Page


def start_bulk(client: Client, document: str) -> BulkOperation:
    """Has Shopify run a bulk query.

    Raises BulkBusy where too many run, QueryRefused where Shopify does not take the query, and
    Unreachable also where it may have begun: `running_bulks` knows.
    """
    answer = client.ask(START_BULK, {"query": document})
    payload = decoded(answer.data, _Started).bulk_operation_run_query
    if any(error.code in _BUSY for error in payload.user_errors):
        raise BulkBusy(f"as many bulk operations run in {client.shop.domain} as Shopify lets run at once")
    return _operation(payload, client)


def look_at_bulk(client: Client, operation_id: str) -> BulkOperation:
    """Its state now. Raises BulkForgotten where Shopify knows it no longer."""
    operation = decoded(client.ask(LOOK_AT_BULK, {"id": operation_id}).data, _Looked).bulk_operation
    if operation is None:
        raise BulkForgotten(f"{client.shop.domain} knows no bulk operation {operation_id}")
    return operation


def cancel_bulk(client: Client, operation_id: str) -> BulkOperation:
    """Asks Shopify to cancel it, which takes a while. One that is over stays as it is."""
    answer = client.ask(CANCEL_BULK, {"id": operation_id}, repeatable=True)
    payload = decoded(answer.data, _Cancelled).bulk_operation_cancel
    if payload.bulk_operation is None or payload.user_errors:
        return look_at_bulk(client, operation_id)
    return payload.bulk_operation


def running_bulks(client: Client) -> list[BulkOperation]:
    """The bulk queries of this app that run, newest first."""
    answer = client.ask(NEWEST_BULKS, {"first": NEWEST})
    operations = decoded(answer.data, _Newest).bulk_operations.nodes
    return [operation for operation in operations if operation.is_running]


def _operation(payload: _Payload, client: Client) -> BulkOperation:
    if payload.bulk_operation is None or payload.user_errors:
        said = "; ".join(error.message for error in payload.user_errors)[:300] or "no reason is given"
        raise QueryRefused(f"{client.shop.domain} does not run the bulk operation: {said}")
    return payload.bulk_operation
