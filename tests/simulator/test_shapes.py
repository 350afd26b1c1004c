"""The comparison of shapes itself: what it learns from samples, and what it reports."""

from typing import Any

import pytest

from tests.simulator.shapes import deviations, json_type, shape_of


def test_null_is_allowed_where_any_sample_shows_it() -> None:
    shape = shape_of([{"sku": "A"}], [{"sku": None}])

    assert deviations({"sku": None}, shape) == []
    assert deviations({"sku": 1}, shape) == ["sku: integer, where samples show null or string"]


def test_keys_of_older_samples_are_not_allowed() -> None:
    shape = shape_of([{"id": 1}], [{"id": 1, "weight": 0.5}])

    assert deviations({"id": 1, "weight": 0.5}, shape) == ["weight: no sample has it"]


def test_a_key_that_some_newest_samples_lack_may_be_missing() -> None:
    shape = shape_of([{"id": 1, "note": "x"}, {"id": 2}])

    assert deviations({"id": 3}, shape) == []
    assert deviations({"note": "x"}, shape) == ["id: missing"]


def test_items_of_a_list_share_one_shape_and_are_reported_once() -> None:
    shape = shape_of([[{"id": 1}, {"id": 2}]])

    assert deviations([{"id": "1"}, {"id": "2"}], shape) == ["[].id: string, where samples show integer"]


def test_items_that_no_sample_shows_are_reported() -> None:
    assert deviations({"ids": [1]}, shape_of([{"ids": []}])) == ["ids[]: no sample shows an item"]


@pytest.mark.parametrize(
    ("value", "name"),
    [(True, "boolean"), (1, "integer"), (1.0, "number"), (None, "null"), ({}, "object"), ([], "list")],
)
def test_json_types_are_told_apart(value: Any, name: str) -> None:
    assert json_type(value) == name
