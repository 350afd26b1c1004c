"""A bulk operation of a run, from its start to its file on this machine's disk.

Enters: a run's cursor. Leaves: a file that is whole: its size and its number of lines are what Shopify said.
What never happens here: a look into a line, or a truncated file taken for a whole one.
"""

import re
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select

from backroom.ingress.deliveries import newest_delivery
from backroom.ingress.tables import webhook_delivery
from backroom.jobs.chunks import Chunks
from backroom.jobs.job import Services
from backroom.jobs.runs import RunView
from backroom.jobs.tables import sync_run
from backroom.shopify.bulk import BulkOperation, look_at_bulk, running_bulks, start_bulk
from backroom.shopify.client import Client
from backroom.shopify.download import download
from backroom.shopify.patience import Timing
from backroom.vocabulary.errors import ExportBroken

FINISHED: Final = "bulk_operations/finish"
LOOK_SECONDS: Final = ((10.0, 0.5), (60.0, 2.0), (3_600.0, 10.0), (float("inf"), 60.0))
"""How often an operation of such an age (seconds) is looked at, unless its webhook says that it is over."""
TOLD_SECONDS: Final = 0.25
READ_BYTES: Final = 1 << 20
KEPT: Final = timedelta(days=1)
"""Files of runs that are over."""


def file_of(services: Services, run_id: int, operation_id: str) -> Path:
    """Where this machine keeps the file. Named by the operation, too: a run may have had another before."""
    number = re.sub(r"\W+", "-", operation_id.rpartition("/")[2])
    return services.home / "exports" / f"run-{run_id}-{number}.jsonl"


def running_exports(client: Client, document: str) -> tuple[str, ...]:
    """The ids of the operations with these words that run now."""
    words = document.split()
    return tuple(operation.id for operation in running_bulks(client) if operation.query.split() == words)


def ask_for_export(client: Client, document: str, others: Collection[str]) -> BulkOperation:
    """Starts the operation, or takes the one that a crashed try of ours has started.

    `others` ran before we first asked. Raises BulkBusy where Shopify runs as many as it lets run at once.
    """
    for operation_id in running_exports(client, document):
        if operation_id not in others:
            return look_at_bulk(client, operation_id)
    return start_bulk(client, document)


def wait_for_export(
    client: Client, operation_id: str, asked_at: datetime, run: RunView, chunks: Chunks, services: Services
) -> BulkOperation:
    """The operation once it is worth a look. Raises BulkForgotten."""
    with services.database.reading() as transaction:
        newest = newest_delivery(transaction)
        age_seconds = (transaction.now() - asked_at).total_seconds()
    operation = look_at_bulk(client, operation_id)
    if operation.is_running:
        _sleep_until_told(age_seconds, newest, run, chunks, services)
        operation = look_at_bulk(client, operation_id)
    return operation


def sweep_exports(services: Services) -> None:
    """Deletes files of runs that are over since a day (until then, one may be resumed), or unknown."""
    folder = services.home / "exports"
    for path in folder.glob("run-*") if folder.is_dir() else ():
        number = path.name.split("-")[1]
        if number.isdigit() and _is_left_behind(services, int(number)):
            path.unlink(missing_ok=True)


def fetch_export(client: Client, operation_id: str, path: Path, chunks: Chunks, services: Services) -> None:
    """The file, whole, on this disk; at once where it is there already. Raises ExportBroken."""
    operation = look_at_bulk(client, operation_id)
    if operation.url is None:
        raise ExportBroken(operation.failure() or "Shopify gives no file for its bulk operation")
    sweep_exports(services)
    looked = time.monotonic()

    def on_progress(_bytes: int) -> None:
        nonlocal looked
        services.heed()
        if time.monotonic() - looked > 1:
            looked = time.monotonic()
            chunks.look()

    download(
        client.http,
        operation.url,
        path,
        size=operation.file_size,
        on_progress=on_progress,
        timing=Timing(sleep=services.sleep),
    )
    lines = count_lines(path)
    if lines != operation.object_count:
        path.unlink()
        raise ExportBroken(
            f"Shopify counted {operation.object_count} lines in its export, and its file has {lines}"
        )


def count_lines(path: Path) -> int:
    """Lines of a file; a last one that does not end counts, too."""
    lines, last = 0, b"\n"
    with path.open("rb", buffering=0) as file:
        while part := file.read(READ_BYTES):
            lines += part.count(b"\n")
            last = part[-1:]
    return lines + (last != b"\n")


def _is_left_behind(services: Services, run_id: int) -> bool:
    c = sync_run.c
    with services.database.reading() as transaction:
        kept_since = transaction.now() - KEPT
        run = transaction.execute(select(c.finished_at).where(c.id == run_id)).one_or_none()
    return run is None or (run.finished_at is not None and run.finished_at < kept_since)


def _sleep_until_told(
    age_seconds: float, newest: int, run: RunView, chunks: Chunks, services: Services
) -> None:
    """Until the operation's age says so, or a webhook that one is over."""
    pause = next(seconds for limit, seconds in LOOK_SECONDS if age_seconds < limit)
    deadline = time.monotonic() + pause
    while (left := deadline - time.monotonic()) > 0:
        if _is_told(services, run, newest):
            return
        services.sleep(min(left, TOLD_SECONDS))
        chunks.look()


def _is_told(services: Services, run: RunView, after: int) -> bool:
    c = webhook_delivery.c
    told = select(c.id).where(c.id > after, c.shop_id == run.shop_id, c.topic == FINISHED).limit(1)
    with services.database.reading() as transaction:
        return transaction.execute(told).first() is not None
