"""The door against the simulated shop, over real HTTP: its points, its faults, its files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backroom.resources.product import product
from backroom.shopify.assembled import Assembled
from backroom.shopify.bulk import BulkOperation, look_at_bulk, start_bulk
from backroom.shopify.client import Client
from backroom.shopify.documents import bulk_document
from backroom.shopify.download import download
from backroom.shopify.jsonl import read_stretches
from backroom.shopify.pages import read_nodes, read_page
from backroom.shopify.patience import Timing
from backroom.shopify.posting import Shop
from backroom.vocabulary.errors import ExportBroken, Refused
from tests.shopify.stub import DOMAIN, FixedTokens
from tests.simulator.admin.asking import TOKEN, Asking, asking
from tests.waiting import eventually

SELECTION = product.selection


@pytest.fixture
def api() -> Iterator[Asking]:
    with asking(products=60) as opened:
        yield opened


def door(api: Asking, token: str = TOKEN) -> Client:
    """A client whose pauses move the shop's seconds on, and whose answers take no time."""
    timing = Timing(monotonic=api.seconds, sleep=api.seconds.pass_by, random=lambda: 0.5)
    shop = Shop(domain=DOMAIN, base_url=str(api.client.base_url).rstrip("/"), api_version="2026-10")
    return Client(api.client, shop, FixedTokens(token), timing=timing)


def paged(client: Client, first: int = 250) -> list[Assembled]:
    found: list[Assembled] = []
    after = None
    while True:
        page = read_page(client, SELECTION, first=first, after=after, query=None)
        found += page.items
        after = page.end_cursor
        if not page.has_next:
            return found


def exported(client: Client, path: Path) -> tuple[BulkOperation, list[Assembled], list[str]]:
    started = start_bulk(client, bulk_document(SELECTION))

    def over() -> BulkOperation | None:
        found = look_at_bulk(client, started.id)
        return None if found.is_running else found

    operation = eventually(over, "the bulk operation is over")
    assert operation.url is not None
    download(client.http, operation.url, path, size=operation.file_size, on_progress=lambda _: None)
    stretches = list(read_stretches(path, SELECTION))
    assert stretches[-1].place.lines == operation.object_count
    items = [item for stretch in stretches for item in stretch.items]
    assert len(items) == operation.root_object_count
    return operation, items, [gid for stretch in stretches for gid in stretch.scattered]


def by_gid(items: list[Assembled]) -> dict[str, Any]:
    assert all(item.whole for item in items)
    return {item.gid: item.raw for item in items}


def test_pages_nodes_and_bulk_operations_give_the_same_bytes(api: Asking, tmp_path: Path) -> None:
    client = door(api)
    pages = by_gid(paged(client))
    assert len(pages) == 60
    nodes = read_nodes(client, SELECTION, [*pages, "gid://shopify/Product/1"])
    assert nodes.absent == ["gid://shopify/Product/1"]
    assert by_gid(nodes.found) == pages
    _, items, scattered = exported(client, tmp_path / "f")
    assert {gid: msgspec.json.decode(raw) for gid, raw in by_gid(items).items()} == {
        gid: msgspec.json.decode(raw) for gid, raw in pages.items()
    }
    assert by_gid(items) == pages
    assert scattered == []


def test_a_throttled_run_uses_the_rate_and_provokes_nothing(api: Asking) -> None:
    api.control("POST", "/admin", {"points": {"maximum": 1000, "rate": 50}})
    client = door(api)
    paged(client)
    while api.control("GET", "/admin")["points"]["available"] > 400:
        paged(client)
    api.control("POST", "/admin", {"forget_counts": True})
    began = api.seconds.now
    for _ in range(10):
        paged(client)
    counts = api.control("GET", "/admin")["counts"]
    assert counts["throttled"] == 0
    assert counts["points"] / (api.seconds.now - began) >= 0.9 * 50


@pytest.mark.parametrize("fault", ["error", "error_page", "too_many", "reset", "cut", "internal", "throttle"])
def test_whatever_goes_wrong_on_the_way_the_same_comes_in_the_end(api: Asking, fault: str) -> None:
    expected = by_gid(paged(door(api)))
    api.control("POST", "/admin/scripts", {"request": ["ok", fault, fault, "ok", fault]})
    assert by_gid(paged(door(api), first=20)) == expected


@pytest.mark.parametrize(
    "fault", ["unauthorized", "denied", "frozen", "forbidden", "gone", "locked", "inactive"]
)
def test_what_a_person_has_to_mend_is_told_at_once(api: Asking, fault: str) -> None:
    api.control("POST", "/admin/scripts", {"request": [fault]})
    began = api.seconds.now
    with pytest.raises(Refused, match=DOMAIN):
        paged(door(api))
    assert api.seconds.now == began


def test_a_file_that_breaks_off_is_fetched_on_and_a_cut_one_is_never_whole(
    api: Asking, tmp_path: Path
) -> None:
    api.control("POST", "/admin/scripts", {"download": ["cut", "cut", "error"]})
    _, items, _ = exported(door(api), tmp_path / "f")
    assert len(by_gid(items)) == 60
    api.control("POST", "/admin/scripts", {"bulk": ["truncate"]})
    with pytest.raises((ExportBroken, AssertionError)):
        exported(door(api), tmp_path / "g")
