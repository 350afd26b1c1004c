"""A shop in memory that can be asked: an export as a file, and nodes by their ids. For any specimen.

So that a law can say what one reconcile makes of what was dropped, without a network.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import update

from backroom.jobs.carrier import Carrier
from backroom.jobs.claims import claim_queued
from backroom.jobs.export import file_of
from backroom.jobs.exporting import Export
from backroom.jobs.job import Services
from backroom.jobs.reconcile import Reconcile
from backroom.jobs.reconcile_cursor import Cursor
from backroom.jobs.reconciling import RECONCILE, REPAIR
from backroom.jobs.requests import NewRun, queue_run
from backroom.jobs.runs import Run, read_run
from backroom.jobs.tables import sync_run
from backroom.shopify.answers import Answer
from backroom.shopify.client import Client
from backroom.vocabulary.clock import SystemClock
from tests.house import House
from tests.laws.specimen import Json, Specimen, State

OPERATION = "gid://shopify/BulkOperation/1"
MOST_TURNS = 500


class Upstream:
    """What Shopify has: a state a resource, or none where it was deleted."""

    def __init__(
        self, specimen: Specimen, states: Mapping[int, State], roots: Sequence[Json] | None = None
    ) -> None:
        """`roots`: as they are pulled, instead of those that the states make."""
        self._resource = specimen.resource
        self._branches = [branch.field for branch in specimen.resource.selection.branches]
        self.roots = specimen.roots(list(states.values())) if roots is None else list(roots)
        self._by_gid = {root["id"]: root for root in self.roots}

    def bodies(self) -> list[bytes]:
        """What the cache is to hold of it."""
        raw, split = [msgspec.json.encode(root) for root in self.roots], self._resource.split
        return raw if split is None else [body for root in raw for _, body in split(root)]

    def page_size(self, _document: str, wanted: int) -> int:
        return wanted

    def ask(self, _document: str, variables: Mapping[str, Any]) -> Answer:
        """`nodes`, by their ids; and no word of what was deleted."""
        if "ids" not in variables:
            page = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
            return Answer(data=msgspec.Raw(msgspec.json.encode({"events": page})), cost=None)
        nodes = [self._node(gid) for gid in variables["ids"]]
        return Answer(data=msgspec.Raw(msgspec.json.encode({"nodes": nodes})), cost=None)

    def write_export(self, path: Path) -> tuple[int, int]:
        """Children behind their parents; (lines, resources)."""
        lines = [line for root in self.roots for line in self._lines(root)]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        return len(lines), len(self.roots)

    def _lines(self, root: Json) -> list[Json]:
        own = {name: value for name, value in root.items() if name not in self._branches}
        children = [child for name in self._branches for child in root[name]]
        return [own, *({**child, "__parentId": root["id"]} for child in children)]

    def _node(self, gid: str) -> Json | None:
        root = self._by_gid.get(gid)
        if root is None:
            return None
        page = {"hasNextPage": False, "endCursor": None}
        return {**root, **{name: {"nodes": root[name], "pageInfo": page} for name in self._branches}}


def reconcile(house: House, specimen: Specimen, upstream: Upstream, home: Path) -> Run:
    """One reconcile with repair, by the real job, from the moment on at which its export's file is there."""
    resource = specimen.resource
    services = Services(
        database=house.database,
        client_of=lambda _shop_id: cast(Client, upstream),
        resources={resource.plural: resource},
        home=home,
        clock=SystemClock(),
        stopping=threading.Event(),
    )
    run_id = _queued(house, resource.plural)
    lines, resources = upstream.write_export(file_of(services, run_id, OPERATION))
    export = Export(
        stage="ready", asked_at=house.ask(), operation=OPERATION, lines=lines, resources=resources
    )
    with house.database.writing() as transaction:
        begun = {"cursor": msgspec.to_builtins(Cursor(stage="heads", export=export))}
        transaction.execute(update(sync_run).where(sync_run.c.id == run_id).values(begun))
        (claim,) = claim_queued(transaction, [run_id], "here")
    job = Reconcile(REPAIR, margin=timedelta(0), patience_seconds=0.0)
    carrier = Carrier(claim, {(RECONCILE, REPAIR): job}, services)
    for _ in range(MOST_TURNS):
        if carrier.stretch(0.0005):
            break
        house.settle()
    with house.database.reading() as transaction:
        return read_run(transaction, run_id)


def _queued(house: House, plural: str) -> int:
    new = NewRun(
        kind=RECONCILE,
        resource=plural,
        mode=REPAIR,
        shop_id=house.shop_id,
        requested_by="a test",
    )
    with house.database.writing() as transaction:
        return queue_run(transaction, new)
