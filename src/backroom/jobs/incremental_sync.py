"""`sync RESOURCE`: what changed since the watermark, page by page, the oldest change first.

A page's cursor commits with its rows. What Shopify has in no order of its changes comes by an export instead.
What was deleted is in no such page. So it is asked for apart, since the same instant; what the cache still
holds of it is wanted, and a fetch by id decides.
Source: shopify.dev/docs/api/usage/limits (2026-10): no more than 25,000 objects deep.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from backroom.cache.store import CacheStore
from backroom.flow.put import Putter
from backroom.jobs.chunks import Chunks
from backroom.jobs.counting import count, forget_counts
from backroom.jobs.export_sync import ExportSync
from backroom.jobs.greeting import greet
from backroom.jobs.job import Done, Next, Services, Sleep
from backroom.jobs.runs import RunView
from backroom.jobs.settling import settle
from backroom.jobs.since import INCREMENTAL, asked_since
from backroom.observe.log import get_log
from backroom.resources.descriptor import Resource
from backroom.shopify.deletions import read_deletions
from backroom.shopify.pages import ResourcePage, read_page
from backroom.vocabulary.clock import format_instant, instant_or_none, to_the_minute
from backroom.vocabulary.errors import QueryRefused, ScopeMissing, Terminal
from backroom.vocabulary.ids import ResourceKey, RunId
from backroom.vocabulary.selection import Changes

PAGE: Final = 50
DEEPEST: Final = 20_000
"""After so many resources the question is put anew, from the last one's instant on."""

Stage = Literal["read", "deletions", "settle", "anew"]


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """`since`: of this question, by Shopify's clock; null: from the beginning. `deep`: resources read of it.

    `newest`: the greatest updated_at that was listed. `saves`: nothing before `since` is left out, so that it
    becomes the watermark. `anew`: begin from the start, when resumed. `began`: the first question's `since`.
    """

    stage: Stage = "read"
    since: datetime | None
    began: datetime | None = None
    saves: bool
    after: str | None = None
    deep: int = 0
    newest: datetime | None = None


class IncrementalSync:
    """See the module."""

    kind = "sync"
    mode = INCREMENTAL

    def __init__(self, page: int = PAGE, deepest: int = DEEPEST, by_export: ExportSync | None = None) -> None:
        self._page = page
        self._deepest = deepest
        self._by_export = by_export or ExportSync()

    def abandon(self, run: RunView, services: Services) -> Any:
        """Of pages nothing is anywhere else."""
        if _is_by_export(services.resources[run.resource]):
            return self._by_export.abandon(run, services)
        return run.cursor

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
        resource = services.resources[run.resource]
        if _is_by_export(resource):
            return self._by_export.advance(run, chunks, services)
        if run.cursor is None or run.cursor["stage"] == "anew":
            greet(run, services, resource)
            return _begin(run, chunks)
        cursor = msgspec.convert(run.cursor, Cursor)
        if cursor.stage == "deletions":
            return _hear_of_deletions(cursor, run, chunks, services, resource)
        if cursor.stage == "settle":
            return _settle(cursor, run, chunks, services, resource)
        return self._read(cursor, run, chunks, services, resource)

    def _read(
        self, cursor: Cursor, run: RunView, chunks: Chunks, services: Services, resource: Resource
    ) -> Next:
        """One page. Asked, by the database's clock, before the question is sent."""
        with services.database.reading() as transaction:
            asked_at = transaction.now()
        query = None if cursor.since is None else f"updated_at:>='{format_instant(cursor.since)}'"
        page = read_page(
            services.client_of(run.shop_id),
            resource.selection,
            first=self._page,
            after=cursor.after,
            query=query,
        )
        with chunks.open() as chunk:
            putter = Putter(chunk.transaction, resource, run.shop_id, run_id=RunId(run.id), asked_at=asked_at)
            put = putter.bodies(page.items)
            count(chunk, put)
            chunk.go_on_at(_json(_following(cursor, page, self._deepest, resource)))
            chunk.transaction.notify()
        return Next()


def _is_by_export(resource: Resource) -> bool:
    return resource.selection.changes is not Changes.PAGES


def _begin(run: RunView, chunks: Chunks) -> Next:
    with chunks.noting() as chunk:
        asked = asked_since(chunk.transaction, run)
        since = asked.since
        forget_counts(chunk)
        chunk.say(
            f"asking for what changed since {to_the_minute(since)}" if since else "asking for everything"
        )
        chunk.go_on_at(_json(Cursor(since=since, began=since, saves=asked.saves)))
    return Next()


def _hear_of_deletions(
    cursor: Cursor, run: RunView, chunks: Chunks, services: Services, resource: Resource
) -> Next:
    """One page of what was deleted. Shopify's refusal to tell ends only this part of the run."""
    assert cursor.began is not None
    assert resource.deletion_subject is not None
    with services.database.reading() as transaction:
        asked_at = transaction.now()
    client = services.client_of(run.shop_id)
    try:
        page = read_deletions(client, resource.deletion_subject, since=cursor.began, after=cursor.after)
    except (ScopeMissing, QueryRefused) as error:
        get_log("jobs").warning("deletions.untold", run=run.id, shop=run.shop_id, reason=str(error))
        with chunks.noting() as chunk:
            chunk.say(f"going on without what was deleted, which only a full sync finds now: {error}")
            chunk.go_on_at(_json(replace(cursor, stage="settle", after=None)))
        return Next()
    with chunks.open() as chunk:
        store = CacheStore(chunk.transaction, resource.cache, run.shop_id)
        held = store.load(set(_keys(resource, page.gids)))
        gone = [key for key, row in held.items() if row.deleted_at is None]
        putter = Putter(chunk.transaction, resource, run.shop_id, run_id=RunId(run.id), asked_at=asked_at)
        putter.want(gone, "Shopify tells of its deletion")
        stage: Stage = "deletions" if page.has_next else "settle"
        after = page.end_cursor if page.has_next else None
        chunk.go_on_at(_json(replace(cursor, stage=stage, after=after)))
        chunk.transaction.notify()
    return Next()


def _keys(resource: Resource, gids: Sequence[str]) -> Iterator[ResourceKey]:
    """Those that name a resource; the others hold up nobody."""
    for gid in gids:
        with suppress(Terminal):
            yield resource.key_of(gid)


def _settle(
    cursor: Cursor, run: RunView, chunks: Chunks, services: Services, resource: Resource
) -> Done | Sleep:
    try:
        watermark = cursor.newest if cursor.saves else None
        return settle(run, chunks, services, resource, watermark=watermark)
    except Terminal:
        with chunks.noting() as chunk:
            chunk.go_on_at(_json(replace(cursor, stage="anew")))
        raise


def _following(cursor: Cursor, page: ResourcePage, deepest: int, resource: Resource) -> Cursor:
    """Where a page ended is told by what it listed, never by bodies: some were read again later."""
    listed = [at for at in map(instant_or_none, page.listed_at) if at]
    newest = max((at for at in (cursor.newest, *listed) if at), default=None)
    if not page.has_next:
        told = cursor.began is not None and resource.deletion_subject is not None
        return replace(cursor, stage="deletions" if told else "settle", after=None, newest=newest)
    deep = cursor.deep + len(page.items)
    oldest = min(listed, default=None)
    if deep >= deepest and oldest is not None and (cursor.since is None or oldest > cursor.since):
        return replace(cursor, since=oldest, after=None, deep=0, newest=newest)
    return replace(cursor, after=page.end_cursor, deep=deep, newest=newest)


def _json(cursor: Cursor) -> Any:
    return msgspec.to_builtins(cursor)
