"""Runs bulk operations: each in a thread of its own, which writes its file while the shop lives.

A query enters; an operation leaves, which goes from CREATED over RUNNING to its end, and whoever listens is
told of that. What never happens here: points, or HTTP.
"""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from shopify_simulator.admin.bulk_roots import Reading, roots_of
from shopify_simulator.admin.bulk_rules import complaints_about
from shopify_simulator.admin.export import Export, NotExported, export_of
from shopify_simulator.admin.faults import Mishaps
from shopify_simulator.admin.operations import Operation, Status
from shopify_simulator.admin.writer import BulkWays, Writer
from shopify_simulator.shop.shop import Shop

ROOTS_AT_ONCE: Final = 100


class BulkRefused(Exception):
    """A user error: its code is LIMIT_REACHED, OPERATION_IN_PROGRESS or INVALID."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Bulk:
    """See the module. `finished` is called from an operation's thread, without a lock."""

    def __init__(
        self,
        shop: Shop,
        *,
        clock: Callable[[], datetime],
        mishaps: Mishaps,
        ways: BulkWays,
        finished: Callable[[Operation], None],
    ) -> None:
        self.ways = ways
        self._roots = roots_of(shop)
        self._reading = Reading(shop=shop)
        self._clock = clock
        self._mishaps = mishaps
        self._finished = finished
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._operations: dict[int, Operation] = {}
        self._threads: dict[int, threading.Thread] = {}
        self._stops: dict[int, threading.Event] = {}
        self._closed = False

    def run(self, query: str, allowed: Callable[[str], None]) -> Operation:
        """Starts one. Raises BulkRefused, and what `allowed` raises for the root that it may not export."""
        if complaints := complaints_about(query):
            raise BulkRefused("INVALID", " ".join(complaints))
        try:
            export = export_of(query)
        except NotExported as field:
            raise BulkRefused("INVALID", f"The simulator exports no {field} of products.") from None
        if export.root not in self._roots:
            raise BulkRefused("INVALID", f"The simulator exports products and stock, not {export.root}.")
        allowed(export.root)
        with self._lock:
            self._check_room()
            number = len(self._operations) + 1
            made = Operation(number=number, query=query, created_at=self._clock(), folder=self._made_folder())
            self._operations[number] = made
            self._stops[number] = threading.Event()
            thread = threading.Thread(
                target=self._work, args=(made, export), name=f"bulk-{number}", daemon=True
            )
            self._threads[number] = thread
        thread.start()
        return made

    def _check_room(self) -> None:
        most = self.ways.most_at_once
        if self._closed or sum(not each.over for each in self._operations.values()) < most:
            return
        if most == 1:
            raise BulkRefused("OPERATION_IN_PROGRESS", "A bulk query operation is already in progress.")
        raise BulkRefused("LIMIT_REACHED", f"A shop and app may run {most} bulk query operations at a time.")

    def get(self, number: int) -> Operation | None:
        return self._operations.get(number)

    def all(self) -> list[Operation]:
        """The oldest first."""
        with self._lock:
            return list(self._operations.values())

    def cancel(self, operation: Operation) -> bool:
        """Asks it to end; False where it is over."""
        with self._lock:
            if operation.over:
                return False
            operation.status = "CANCELING"
        self._stops[operation.number].set()
        return True

    def close(self) -> None:
        """Ends all that run; their files go."""
        with self._lock:
            self._closed = True
            threads = list(self._threads.values())
        for stop in self._stops.values():
            stop.set()
        for thread in threads:
            thread.join()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _made_folder(self) -> Path:
        """Made when it is needed first; it goes with us, whether we are closed or forgotten."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="shopify-simulator-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def _work(self, operation: Operation, export: Export) -> None:
        fault = self._mishaps.draw("bulk")
        stop = self._stops[operation.number]
        with self._lock:
            if operation.status == "CREATED":
                operation.status = "RUNNING"
        written = self._write(operation, export, stop)
        if fault == "stall":
            stop.wait()
        if not written or stop.is_set():
            self._end(operation, "CANCELED")
        else:
            self._complete(operation, fault)
        if not self._closed:
            self._finished(operation)

    def _complete(self, operation: Operation, fault: str | None) -> None:
        """Its end, good or bad."""
        if fault == "cancel":
            self._end(operation, "CANCELED")
        elif fault == "expire":
            self._end(operation, "EXPIRED")
        elif fault == "fail":
            self._cut(operation.file)
            operation.has_partial_file = operation.file.stat().st_size > 0
            operation.error_code = "INTERNAL_SERVER_ERROR"
            self._end(operation, "FAILED")
        else:
            operation.has_file = operation.object_count > 0
            if fault == "truncate":
                self._cut(operation.file)
            operation.file_size = operation.file.stat().st_size if operation.has_file else None
            self._end(operation, "COMPLETED")

    def _end(self, operation: Operation, status: Status) -> None:
        with self._lock:
            operation.completed_at = self._clock()
            operation.status = status

    def _cut(self, file: Path) -> None:
        with file.open("r+b") as opened:
            opened.truncate(self._mishaps.place(file.stat().st_size))

    def _write(self, operation: Operation, export: Export, stop: threading.Event) -> bool:
        """Writes the file; False where it was stopped."""
        ways = self.ways
        root = self._roots[export.root]
        numbers = root.numbers(export.arguments)
        chunks = max(1, -(-len(numbers) // ROOTS_AT_ONCE))
        with operation.file.open("wb") as file, tempfile.TemporaryFile(dir=operation.folder) as aside:
            writer = Writer(export, ways, root.get, self._reading, file, aside)
            for start in range(0, max(1, len(numbers)), ROOTS_AT_ONCE):
                if stop.wait(ways.seconds / chunks):
                    return False
                chunk = numbers[start : start + ROOTS_AT_ONCE]
                roots, lines = writer.write(chunk)
                with self._lock:
                    operation.root_object_count += roots
                    operation.object_count += lines
            lines = writer.finish()
            with self._lock:
                operation.object_count += lines
        return True
