"""docs/simulator.md: its example does what it says, and it names what there is to name."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from shopify_simulator.admin.faults import FAULTS, SHOP_STATES, AdminFaults, Kind
from shopify_simulator.control.api import Control, routes_of
from shopify_simulator.webhooks.faults import CHANCES, REACHES
from tests.simulator.receiver import Receiver
from tests.simulator.street import small_shop

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
IN_THE_PAGE = "http://127.0.0.1:8765"


def test_the_example_in_python_delivers_the_catalogue_and_every_change() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert IN_THE_PAGE in example
    names: dict[str, Any] = {}
    with Receiver() as receiver:
        exec(compile(example.replace(IN_THE_PAGE, receiver.url), "docs/simulator.md", "exec"), names)
    topics = [each.headers["x-shopify-topic"] for each in receiver.received]
    # A product that is deleted before it is presented is told of once instead of twice.
    assert 200 < len(topics) <= 20 + 200
    assert {each["state"] for each in names["truth"]["carried"].values()} == {"carried"}


@pytest.mark.parametrize("name", ["seed", *CHANCES, *REACHES])
def test_the_page_names_every_fault_and_its_reach(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("kind", FAULTS)
def test_the_page_names_every_fault_of_the_admin_api(kind: Kind) -> None:
    (row,) = re.findall(rf"^\| `{kind}` \|(.*)\|$", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) >= set(FAULTS[kind])


def test_the_page_names_how_far_those_reach_and_how_a_shop_can_be_closed() -> None:
    reaches = {each.name for each in fields(AdminFaults)} - FAULTS.keys()
    assert [name for name in {*reaches, *SHOP_STATES} if f"`{name}`" not in PAGE] == []


def test_the_page_names_every_address_of_the_control_api() -> None:
    paths = {route.path.replace(":int", "") for route in routes_of(Control(small_shop()))}
    shortened = {path.replace("/control/subscriptions/", ".../") for path in paths}
    assert [path for path in shortened if path not in PAGE] == []
