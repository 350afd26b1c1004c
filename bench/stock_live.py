"""Stock in motion: a simulated shop changes 100 levels a second, and each row is right a second after it.

5,000 SKUs at three locations, fetched first; then the shop sells, counts, restocks and sends on for a minute,
and the real `serve` with its worker is told by webhooks. One second after the last change each level is
compared with what the shop holds, and once more when all is worked off: one that differs ends the benchmark
with exit code 1.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import func, select

from backroom.db.database import Database, open_database
from backroom.db.idlist import among
from backroom.erp.tables import inventory_level
from backroom.ingress.tables import webhook_delivery
from backroom.resources.registry import BY_TOPIC, RESOURCES
from backroom.vocabulary.ids import ResourceKey
from bench.backlog import Backlog
from bench.carried import carried
from bench.flow import Watcher
from bench.places import Place, Places
from bench.programs import DOMAIN, SECRET, Program, backroom, serving
from bench.report import Report, Row, percentile
from bench.simulated import TOKEN, Simulated, simulating

RIGHT_WITHIN_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.02
LONGEST_REST_SECONDS: Final = 60.0
KINDS: Final = ("ordered", "restocked", "counted", "transferred")
"""What webhooks tell of: not what is sent on its way, nor what is expected."""

Levels = dict[ResourceKey, tuple[int | None, bool]]
"""What is available, and whether the level is active."""
Differing = list[tuple[ResourceKey, object, object]]
"""Keys, with what is ours and theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many products (of about seven SKUs each), and how many changes a second, for how long."""

    products: int = 750
    locations: int = 3
    rate: int = 100
    seconds: int = 60


FULL: Final = Size()
QUICK: Final = Size(products=100, seconds=5)


def run(report: Report, places: Places, size: Size) -> None:
    """Each database. Raises SystemExit where a level is wrong."""
    rows: list[Row] = []
    wrong: list[str] = []
    for kind in places.kinds:
        report.doing(f"{kind}, {size.rate} changes a second for {size.seconds} s")
        row, differing = _lived(places.place(kind), size)
        rows.append(row)
        if differing:
            first = ", ".join(f"{key}: {ours} for {theirs}" for key, ours, theirs in differing[:3])
            wrong.append(
                f"{kind}: {row['differing']} levels differed a second after the last change, and"
                f" {row['at rest']} once all was worked off: {first}"
            )
    report.table("stock changes, from the receipt to the row, ms", rows)
    if wrong:
        raise SystemExit("\n".join(wrong))


def _lived(place: Place, size: Size) -> tuple[Row, Differing]:
    with simulating(place, products=size.products, locations=size.locations) as shop:
        opening = msgspec.json.encode({"access_token": TOKEN, "webhook_secrets": [SECRET]}).decode()
        backroom(place, "shop", "add", DOMAIN, "--api-url", shop.url, stdin=opening)
        database = open_database(place.url, place.schema)
        try:
            with serving(place) as program:
                for resource in RESOURCES:
                    carried(place, program.pid, resource.plural)
                return _moved(database, program, shop, size)
        finally:
            database.dispose()


def _moved(database: Database, program: Program, shop: Simulated, size: Size) -> tuple[Row, Differing]:
    host, port = program.address
    for topic in BY_TOPIC:
        shop.subscribe(topic, f"http://{host}:{port}/api/webhooks")
    before = shop.status()
    watcher, backlog = Watcher(database), Backlog(database)
    watcher.look()
    watcher.seen.clear()
    with watcher.looking(), backlog.watched():
        shop.move_stock(size.rate, size.rate * size.seconds, KINDS)
        while shop.status()["rate"]:
            time.sleep(LOOK_SECONDS)
        ended = time.monotonic()
        time.sleep(RIGHT_WITHIN_SECONDS)
        held = _held(database)
        rest_seconds = _rest(backlog, ended)
    after, theirs = shop.status(), _levels_of(shop.truth()["inventory_levels"])
    differing, left = _differing(held, theirs), _differing(_held(database), theirs)
    lags, webhooks = _lags(database, watcher.seen)
    row: Row = {
        "database": database.seam.__class__.__name__.removesuffix("Seam").lower(),
        "skus": before["variants"],
        "levels": len(theirs),
        "changes": after["stock_changes"] - before["stock_changes"],
        "webhooks": webhooks,
        "p50": percentile(lags, 50),
        "p99": percentile(lags, 99),
        "most": max(lags),
        "waiting": max(look.waiting for look in backlog.looks),
        "rest s": rest_seconds,
        "differing": len(differing),
        "at rest": len(left),
    }
    return row, differing or left


def _differing(ours: Levels, theirs: Levels) -> Differing:
    keys = sorted(ours.keys() | theirs.keys())
    return [(key, ours.get(key), theirs.get(key)) for key in keys if ours.get(key) != theirs.get(key)]


def _held(database: Database) -> Levels:
    c = inventory_level.c
    columns = (c.shopify_inventory_item_id, c.shopify_location_id, c.available, c.is_active)
    with database.reading() as transaction:
        rows = transaction.execute(select(*columns)).tuples().all()
    return {(item, location): (available, active) for item, location, available, active in rows}


def _levels_of(truth: Iterable[Mapping[str, int]]) -> Levels:
    return {
        (each["inventory_item_id"], each["location_id"]): (each["available"], bool(each["is_active"]))
        for each in truth
    }


def _lags(database: Database, seen: Mapping[int, float]) -> tuple[list[float], int]:
    """Milliseconds from each receipt to the first look that saw its rows, and how many webhooks there were.

    One whose level was changed again, and back, before it was processed left no trace of its own.
    """
    c = webhook_delivery.c
    with database.reading() as transaction:
        number = transaction.execute(select(func.count()).select_from(webhook_delivery)).scalar_one()
        rows = transaction.execute(select(c.id, c.received_at).where(among(c.id, seen))).tuples().all()
    return [(seen[row_id] - at.timestamp()) * 1000 for row_id, at in rows], int(number)


def _rest(backlog: Backlog, since: float) -> float:
    """Until nothing waits; the seconds since then. Raises RuntimeError."""
    while backlog.look():
        if time.monotonic() - since > LONGEST_REST_SECONDS:
            raise RuntimeError("it never came to rest")
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - since
