"""Files of bulk operations, and a Shopify that gives them to a shop.

Enters: lines, as `catalogue` and `stockroom` write them. Leaves: files on this machine's disk, with the
counts that Shopify would state of them.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from backroom.resources.descriptor import Resource
from backroom.shopify.documents import bulk_document
from bench.exporter import Answer
from bench.places import Place
from bench.programs import DOMAIN, SECRET, backroom, program_of

WRITE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """All there is of one kind. `lines`, `roots`: as Shopify counts them."""

    resource: Resource
    path: Path
    lines: int
    roots: int

    @property
    def resources(self) -> int:
        """What is pulled may be but the way to them."""
        return self.roots if self.resource.split is None else self.lines - self.roots

    @property
    def megabytes(self) -> float:
        return self.path.stat().st_size / 1e6


def write_file(folder: Path, resource: Resource, lines: Iterable[str], *, roots: int) -> ExportFile:
    """One JSON object a line."""
    path = folder / f"{resource.plural}.jsonl"
    written = 0
    with path.open("w", buffering=WRITE_BYTES) as file:
        for line in lines:
            file.write(f"{line}\n")
            written += 1
    return ExportFile(resource=resource, path=path, lines=written, roots=roots)


@contextmanager
def exporting(place: Place, files: Sequence[ExportFile]) -> Iterator[None]:
    """A place with a shop, whose Shopify gives these files until the block ends."""
    answers = [
        Answer(
            document=bulk_document(each.resource.selection),
            path=str(each.path),
            lines=each.lines,
            roots=each.roots,
        )
        for each in files
    ]
    command = [sys.executable, "-m", "bench.exporter", msgspec.json.encode(answers).decode()]
    with program_of(command, place, "exporter.started", stdin=subprocess.PIPE) as program:
        host, port = program.address
        opening = json.dumps({"access_token": "none", "webhook_secrets": [SECRET]})
        backroom(place, "shop", "add", DOMAIN, "--api-url", f"http://{host}:{port}", stdin=opening)
        yield
