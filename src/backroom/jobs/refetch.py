"""Fetches what the cache wants, by id, until nothing that is due is wanted any more.

It starts by itself (`automatic`). The wants are its cursor: each commit takes some away or puts them off.
"""

from functools import partial
from typing import Any, Final

from backroom.cache.wants import due_wants
from backroom.flow.fetch import fetch_by_keys
from backroom.flow.put import Putter
from backroom.jobs.chunks import Chunks
from backroom.jobs.counting import count
from backroom.jobs.greeting import greet
from backroom.jobs.job import Done, Next, Services, Sleep
from backroom.jobs.runs import RunView
from backroom.jobs.settling import refused_sentence
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import RunId

AT_ONCE: Final = 25
BESIDES_AT_ONCE: Final = 200
"""Most of what comes along is held already, and is not decoded."""


class Refetch:
    """See the module."""

    kind = "refetch"
    mode = "wanted"

    def abandon(self, run: RunView, services: Services) -> Any:
        """Nothing of it is anywhere else."""
        return run.cursor

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
        resource = services.resources[run.resource]
        if run.cursor is None:
            # Another shop at this address has nothing under our ids: no absence may be concluded from that.
            greet(run, services, resource)
        with services.database.reading() as transaction:
            asked_at = transaction.now()
            keys = due_wants(transaction, resource.cache, run.shop_id, AT_ONCE)
        if not keys:
            if run.failed:
                raise Terminal(refused_sentence(run, resource))
            return Done()
        answer = fetch_by_keys(services.client_of(run.shop_id), resource, keys)
        putter_in = partial(
            Putter, resource=resource, shop_id=run.shop_id, run_id=RunId(run.id), asked_at=asked_at
        )
        with chunks.open() as chunk:
            putter = putter_in(chunk.transaction)
            count(chunk, putter.pieces(list(answer.bodies.values())))
            gone = putter.absent(answer.absent)
            putter.unanswered(keys)
            chunk.count(seen=len(answer.absent), written=gone, unchanged=len(answer.absent) - gone)
            chunk.say(f"fetched {chunk.run.seen + len(keys):,} {resource.plural} that were wanted")
            # Whoever wanted it may have been sorted meanwhile: the next turn sees it.
            chunk.go_on_at({"fetched": chunk.run.seen + len(keys)})
            chunk.transaction.notify()
        # All levels of an item may be wanted: they are not asked for again, each time with all the others.
        # They are not counted, and one that can not be read is told once it is asked for.
        for first in range(0, len(answer.besides), BESIDES_AT_ONCE):
            services.heed()
            with chunks.open() as chunk:
                putter_in(chunk.transaction).pieces(answer.besides[first : first + BESIDES_AT_ONCE])
                chunk.transaction.notify()
        return Next()
