"""The end of a run: what it brought is processed, and its counts add up.

What never happens here: a row processed. The stations do that, as always; a run only waits for them, so that
who waits for the run finds the ERP's rows as Shopify has them.
"""

from datetime import datetime
from typing import Final

from backroom.cache.wants import unprocessed_of_run
from backroom.cache.watermarks import save_watermark
from backroom.jobs.chunks import Chunks
from backroom.jobs.job import Done, Services, Sleep
from backroom.jobs.runs import RunView
from backroom.resources.descriptor import Resource
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import RunId

LOOK_SECONDS: Final = 0.25
FAR_LOOK_SECONDS: Final = 1.0


def refused_sentence(run: RunView, resource: Resource) -> str:
    """Why a run is red that had to leave some behind."""
    return (
        f"{run.failed:,} of {run.seen:,} {resource.plural} could not be taken; `backroom runs show {run.id}`"
        " names some of them and says why"
    )


def settle(
    run: RunView, chunks: Chunks, services: Services, resource: Resource, *, watermark: datetime | None
) -> Done | Sleep:
    """Sleep while something waits to be processed; then the watermark is saved and the run is done.

    Raises Terminal where not everything was taken: a run is green only if it has all.
    """
    with services.database.reading() as transaction:
        waiting, parked = unprocessed_of_run(
            transaction, resource.cache, run.shop_id, RunId(run.id), run.created_at
        )
    if waiting:
        with chunks.noting() as chunk:
            chunk.say(f"processing: {waiting:,} {resource.plural} to go")
        return Sleep(LOOK_SECONDS if waiting < 1_000 else FAR_LOOK_SECONDS)
    with chunks.open() as chunk:
        chunk.count(parked=parked - run.parked)
        if watermark is not None and not run.failed:
            save_watermark(chunk.transaction, run.shop_id, run.resource, watermark, RunId(run.id))
    if run.failed:
        raise Terminal(refused_sentence(run, resource))
    if run.seen != run.written + run.unchanged:
        raise Terminal(
            f"the run's counts do not add up: {run.seen:,} seen, {run.written + run.unchanged:,} put"
        )
    return Done()
