"""Who has a run: claims by compare-and-set, and the fence that holds off everybody else.

A claim is (run, executor, generation). Each claim of a run counts its generation up, so that whoever had it
before (hung, stopped, thought dead) finds the fence closed at its next commit.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select, update

from backroom.db.database import Transaction
from backroom.jobs.runs import RunView, is_active, view_of
from backroom.jobs.tables import sync_run
from backroom.vocabulary.shown import storable

Outcome = str
"""succeeded, failed or cancelled."""


class Fenced(Exception):
    """Somebody else has this run now. Whoever meets this ends without a word to the row."""


class CancelAsked(Exception):
    """A person asked to cancel this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """That an executor (a worker's name) has a run."""

    run_id: int
    executor: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveRuns:
    """All active runs: those that wait, and who has the others."""

    queued: list[int]
    claimed: list[Claim]


def read_active(transaction: Transaction) -> ActiveRuns:
    """Oldest first."""
    c = sync_run.c
    query = select(c.id, c.state, c.executor, c.generation).where(is_active()).order_by(c.id)
    found = ActiveRuns(queued=[], claimed=[])
    for row in transaction.execute(query):
        if row.state == "queued":
            found.queued.append(row.id)
        else:
            found.claimed.append(Claim(run_id=row.id, executor=row.executor, generation=row.generation))
    return found


def claim_queued(transaction: Transaction, run_ids: Collection[int], executor: str) -> list[Claim]:
    """Claims those of the runs that are still queued."""
    c = sync_run.c
    now = transaction.now()
    claims = []
    for run_id in run_ids:
        statement = (
            update(sync_run)
            .where(c.id == run_id, c.state == "queued")
            .values(
                state="running",
                executor=executor,
                generation=c.generation + 1,
                started_at=func.coalesce(c.started_at, literal(now, c.started_at.type)),
                heartbeat_at=now,
            )
            .returning(c.generation)
        )
        generation = transaction.execute(statement).scalar_one_or_none()
        if generation is not None:
            claims.append(Claim(run_id=run_id, executor=executor, generation=generation))
    return claims


def take_over(transaction: Transaction, claim: Claim, executor: str) -> Claim | None:
    """Claims a run from whoever has it, by its next generation. None where it is no longer so."""
    generation = claim.generation + 1
    taken = transaction.execute(
        update(sync_run)
        .where(*_had_by(claim))
        .values(executor=executor, generation=generation, heartbeat_at=transaction.now())
    )
    if taken.rowcount == 0:
        return None
    return Claim(run_id=claim.run_id, executor=executor, generation=generation)


def sit_down(transaction: Transaction, run_id: int, generation: int, executor: str) -> Claim | None:
    """What a workflow does first: it may have been recovered by another worker than the one that began it.

    None where another generation has the run, or where it is over.
    """
    c = sync_run.c
    seated = transaction.execute(
        update(sync_run)
        .where(c.id == run_id, c.state == "running", c.generation == generation)
        .values(executor=executor, heartbeat_at=transaction.now())
    )
    if seated.rowcount == 0:
        return None
    return Claim(run_id=run_id, executor=executor, generation=generation)


def look(transaction: Transaction, claim: Claim) -> RunView:
    """The run, unless somebody else has it (Fenced) or it is to be cancelled (CancelAsked)."""
    row = transaction.execute(select(sync_run).where(*_had_by(claim))).mappings().one_or_none()
    if row is None:
        raise Fenced
    if row["cancel_asked_at"] is not None:
        raise CancelAsked
    return view_of(row)


def hold(transaction: Transaction, claim: Claim) -> RunView:
    """`look`, and nobody else changes the run until this transaction is over."""
    transaction.lock_rows(sync_run, [claim.run_id])
    return look(transaction, claim)


def finish(
    transaction: Transaction, claim: Claim, state: Outcome, error: str | None, cursor: Any = None
) -> RunView:
    """Ends the run. Raises Fenced. It may be cancelled, too: what is done is done.

    `cursor`: where it goes on when it is resumed; null leaves it as it is. So does a null `error` of one that
    is cancelled: whoever asked for it may have said why.
    """
    now = transaction.now()
    moved = {} if cursor is None else {"cursor": cursor}
    said = {} if error is None and state == "cancelled" else {"error": storable(error)}
    row = (
        transaction.execute(
            update(sync_run)
            .where(*_had_by(claim))
            .values(state=state, phase=None, finished_at=now, heartbeat_at=now, **said, **moved)
            .returning(sync_run)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise Fenced
    return view_of(row)


def _had_by(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    c = sync_run.c
    return (
        c.id == claim.run_id,
        c.state == "running",
        c.executor == claim.executor,
        c.generation == claim.generation,
    )
