from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from backroom.shopify.bulk import (
    BulkOperation,
    BulkStatus,
    cancel_bulk,
    look_at_bulk,
    running_bulks,
    start_bulk,
)
from backroom.vocabulary.errors import BulkBusy, BulkForgotten, QueryRefused, Unreachable
from tests.shopify.stub import Stub, data

GID = "gid://shopify/BulkOperation/1"


def operation(**more: Any) -> dict[str, Any]:
    return {
        "id": GID,
        "type": "QUERY",
        "status": "CREATED",
        "errorCode": None,
        "query": "{ products }",
        "createdAt": "2026-11-28T10:00:00Z",
        "completedAt": None,
        "objectCount": "0",
        "rootObjectCount": "0",
        "fileSize": None,
        "url": None,
        "partialDataUrl": None,
        **more,
    }


def seen(**more: Any) -> BulkOperation:
    return look_at_bulk(Stub(data({"bulkOperation": operation(**more)})).client(), GID)


def test_a_bulk_operation_is_started_with_its_query() -> None:
    stub = Stub(data({"bulkOperationRunQuery": {"bulkOperation": operation(), "userErrors": []}}))
    started = start_bulk(stub.client(), "{ products }")
    assert started.id == GID
    assert started.is_running
    assert started.created_at == datetime(2026, 11, 28, 10, tzinfo=UTC)
    assert stub.asked[0]["variables"] == {"query": "{ products }"}


@pytest.mark.parametrize("code", ["OPERATION_IN_PROGRESS", "LIMIT_REACHED"])
def test_too_many_at_once_is_a_reason_to_come_back(code: str) -> None:
    said = [{"code": code, "field": None, "message": "no"}]
    stub = Stub(data({"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": said}}))
    with pytest.raises(BulkBusy):
        start_bulk(stub.client(), "{ products }")


def test_a_query_that_shopify_does_not_take_is_quoted() -> None:
    said = [{"code": "INVALID", "field": ["query"], "message": "at least one connection"}]
    stub = Stub(data({"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": said}}))
    with pytest.raises(QueryRefused, match="at least one connection"):
        start_bulk(stub.client(), "{ shop }")


def test_starting_is_not_repeated_where_it_may_have_begun() -> None:
    stub = Stub(httpx.ReadTimeout("no"))
    with pytest.raises(Unreachable):
        start_bulk(stub.client(), "{ products }")
    assert len(stub.requests) == 1


def test_counts_come_as_text_and_leave_as_numbers() -> None:
    found = seen(
        status="COMPLETED", objectCount="1100", rootObjectCount="100", fileSize="5000000000", url="https://x"
    )
    assert (found.object_count, found.root_object_count, found.file_size) == (1100, 100, 5_000_000_000)
    assert (found.is_running, found.is_empty, found.failure()) == (False, False, None)


def test_completed_without_a_file_is_nothing_found_and_no_error() -> None:
    found = seen(status="COMPLETED")
    assert (found.is_empty, found.failure()) == (True, None)


def test_completed_without_a_file_but_with_rows_is_an_error() -> None:
    assert "gives no file" in (seen(status="COMPLETED", objectCount="5").failure() or "")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"status": "FAILED", "errorCode": "ACCESS_DENIED"}, "a scope that it needs is not granted"),
        (
            {"status": "FAILED", "errorCode": "TIMEOUT", "partialDataUrl": "https://x"},
            "a part of its file is there",
        ),
        ({"status": "FAILED", "errorCode": None}, "failed"),
        ({"status": "EXPIRED"}, "expired"),
        ({"status": "CANCELED"}, "cancelled"),
    ],
)
def test_an_end_without_a_whole_file_is_said_in_words(more: dict[str, Any], words: str) -> None:
    found = seen(**more)
    assert words in (found.failure() or "")
    assert not found.is_running


def test_what_shopify_has_forgotten_is_unknown() -> None:
    with pytest.raises(BulkForgotten):
        look_at_bulk(Stub(data({"bulkOperation": None})).client(), GID)


def test_a_status_nobody_knows_is_an_error() -> None:
    with pytest.raises(QueryRefused):
        seen(status="PONDERING")


def test_cancelling_says_what_became_of_it() -> None:
    stub = Stub(
        data({"bulkOperationCancel": {"bulkOperation": operation(status="CANCELING"), "userErrors": []}})
    )
    assert cancel_bulk(stub.client(), GID).status is BulkStatus.CANCELING


def test_cancelling_what_is_over_leaves_it_as_it_is() -> None:
    said = [{"field": None, "message": "it is over"}]
    stub = Stub(
        data({"bulkOperationCancel": {"bulkOperation": None, "userErrors": said}}),
        data({"bulkOperation": operation(status="COMPLETED", url="https://x")}),
    )
    assert cancel_bulk(stub.client(), GID).status is BulkStatus.COMPLETED


def test_only_those_that_run_are_listed() -> None:
    nodes = [operation(status=status) for status in BulkStatus]
    stub = Stub(data({"bulkOperations": {"nodes": nodes}}))
    assert {found.status for found in running_bulks(stub.client())} == {
        BulkStatus.CREATED,
        BulkStatus.RUNNING,
        BulkStatus.CANCELING,
    }
