"""A Shopify that does nothing but give the files of bulk operations: as quickly as they can be read.

`python -m bench.exporter FILES`: answers what full syncs and reconciles ask, and says its address in one JSON
line. FILES is JSON: each file with the document that it is the answer to, and its counts. What Shopify would
take to make a file is no part of what is measured.
"""

import json
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import msgspec

PART_BYTES: Final = 1 << 20
SCOPES: Final = ("read_products", "read_inventory", "read_locations")
VERSION: Final = "2026-10"

Json = dict[str, Any]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A file. `lines` and `roots` as Shopify counts them."""

    document: str
    path: str
    lines: int
    roots: int


class Exporter:
    """All files, each of an operation that is over."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.address = ""
        self._answers = {f"gid://shopify/BulkOperation/{n}": answer for n, answer in enumerate(answers, 1)}

    def answer(self, document: str, variables: Json) -> Json:
        """To the questions of a full sync, by what they mention."""
        if "bulkOperationRunQuery" in document:
            (gid,) = (gid for gid, each in self._answers.items() if each.document == variables["query"])
            return {"bulkOperationRunQuery": {"bulkOperation": self._operation(gid), "userErrors": []}}
        if "bulkOperations(" in document:
            return {"bulkOperations": {"nodes": []}}
        if "bulkOperation(" in document:
            return {"bulkOperation": self._operation(variables["id"])}
        return {
            "shop": {
                "name": "Bench",
                "myshopifyDomain": "bench.myshopify.com",
                "currencyCode": "EUR",
                "plan": {"publicDisplayName": "Plus"},
                "resourceLimits": {"maxProductVariants": 2048, "maxProductOptions": 3},
            },
            "currentAppInstallation": {"accessScopes": [{"handle": scope} for scope in SCOPES]},
            "publicApiVersions": [{"handle": VERSION, "supported": True}],
        }

    def file(self, number: str) -> Path:
        """Of the operation of that number."""
        return Path(self._answers[f"gid://shopify/BulkOperation/{number}"].path)

    def _operation(self, gid: str) -> Json:
        answer = self._answers[gid]
        return {
            "id": gid,
            "type": "QUERY",
            "status": "COMPLETED",
            "errorCode": None,
            "query": "",
            "createdAt": datetime.now(UTC).isoformat(),
            "completedAt": None,
            "objectCount": str(answer.lines),
            "rootObjectCount": str(answer.roots),
            "fileSize": str(Path(answer.path).stat().st_size),
            "url": f"{self.address}/{gid.rpartition('/')[2]}",
            "partialDataUrl": None,
        }


def handler_of(exporter: Exporter) -> type[BaseHTTPRequestHandler]:
    """Questions are posted, files are got."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = exporter.answer(body["query"], body.get("variables") or {})
            answer = json.dumps({"data": found}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            path = exporter.file(self.path.strip("/"))
            self.send_response(200)
            self.send_header("Content-Length", str(path.stat().st_size))
            self.end_headers()
            with path.open("rb") as file:
                while part := file.read(PART_BYTES):
                    self.wfile.write(part)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    return Handler


def main(answers: Sequence[Answer]) -> None:
    """Serves until its standard input ends."""
    exporter = Exporter(answers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(exporter))
    exporter.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    event = {"event": "exporter.started", "address": exporter.address}
    print(json.dumps(event), file=sys.stderr, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=list[Answer]))
