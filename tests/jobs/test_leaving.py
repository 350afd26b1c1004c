"""A worker that is asked to end does not wait for what Shopify asks it to wait for."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from backroom.compose import open_house, supervisor_of
from backroom.jobs.chunks import Chunks
from backroom.jobs.job import Done, Next, Services, Sleep
from backroom.jobs.runs import RunView
from backroom.settings import Settings
from backroom.shops.shops import add_shop, read_opening
from backroom.worker.heartbeat import Heartbeat
from backroom.worker.supervisor import LEAVE_SECONDS
from tests.jobs.counting import jobs_of, ready
from tests.jobs.crew import queue, run_of
from tests.untouched import logging_as_it_was

PAUSE_SECONDS = 20


class Busy:
    """A Shopify that names a long pause."""

    def __init__(self) -> None:
        self.asked = asked = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.send_response(429)
                self.send_header("Retry-After", str(PAUSE_SECONDS))
                self.send_header("Content-Length", "0")
                self.end_headers()
                asked.set()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Asking:
    kind, mode = "sync", "full"

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
        services.client_of(run.shop_id).ask("query { shop { name } }")
        return Done()

    def abandon(self, run: RunView, services: Services) -> None:
        """Nothing of it is anywhere else."""


@pytest.fixture
def busy() -> Iterator[Busy]:
    made = Busy()
    yield made
    made.close()


def test_a_pause_that_shopify_named_ends_with_the_worker_and_the_run_goes_on_later(
    tmp_path: Path, busy: Busy
) -> None:
    opening = read_opening(json.dumps({"access_token": "shpat_1"}).encode())
    stopping = threading.Event()
    with logging_as_it_was(), open_house(Settings(home=tmp_path), tables="migrated") as house:
        with house.database.writing() as transaction:
            shop_id = add_shop(transaction, house.vault, "one.myshopify.com", opening, api_url=busy.address)
        heartbeat = Heartbeat(house.database, "here")
        supervisor = supervisor_of(house, "here", stopping, jobs_of(Asking()))
        run_id = queue(house.database, shop_id)
        heartbeat.start()
        supervisor.start()
        ready(busy.asked)
        stopping.set()
        began = time.monotonic()
        assert supervisor.stop()
        assert time.monotonic() - began < LEAVE_SECONDS
        heartbeat.stop()
        assert run_of(house.database, run_id).state == "running"
