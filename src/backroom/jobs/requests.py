"""What people (and the automatic) ask of runs: begin one, cancel one, go on with one.

Enters: a write transaction. Leaves: rows of `sync_run`, which are their own outbox: a queued row is all that
a worker needs. What never happens here: work, or a word to a worker but the wake-up after the commit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import exc, insert, select, update

from backroom.db.database import Transaction
from backroom.jobs.runs import is_active
from backroom.jobs.tables import sync_run
from backroom.shops.connection import disconnected
from backroom.vocabulary.errors import BackroomError, Unknown
from backroom.vocabulary.ids import ShopId

NEEDS_NO_SHOP: Final = ("retention",)
"""Kinds of run that ask nothing of Shopify."""


class RunRefused(BackroomError):
    """A run can not do what was asked, as it is."""


class Disconnected(RunRefused):
    """The app is not installed on this shop: nothing can be asked of it. The message says what to do."""


class AlreadyRunning(RunRefused):
    """There is an active run of this shop, kind and resource; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run to be queued. `resource` is a plural; `options` are the job's own, JSON."""

    kind: str
    resource: str
    mode: str
    shop_id: ShopId
    requested_by: str
    options: Mapping[str, Any] = field(default_factory=dict)


def queue_run(transaction: Transaction, new: NewRun) -> int:
    """Queues a run and returns its id. Raises AlreadyRunning and Disconnected."""
    _require_connected(transaction, new.shop_id, new.kind)

    def queue() -> int:
        statement = insert(sync_run).values(
            kind=new.kind,
            resource=new.resource,
            mode=new.mode,
            shop_id=new.shop_id,
            state="queued",
            options=dict(new.options),
            seen=0,
            written=0,
            unchanged=0,
            parked=0,
            failed=0,
            samples=[],
            requested_by=new.requested_by,
            created_at=transaction.now(),
            generation=0,
        )
        return int(transaction.execute(statement.returning(sync_run.c.id)).scalar_one())

    return _unless_active(transaction, new.shop_id, new.kind, new.resource, queue)


def cancel_run(transaction: Transaction, run_id: int) -> None:
    """A queued run is cancelled at once; a running one stops before its next chunk. Asking twice is once.

    Raises Unknown, and RunRefused where it is over.
    """
    c = sync_run.c
    now = transaction.now()
    queued = update(sync_run).where(c.id == run_id, c.state == "queued")
    if transaction.execute(queued.values(state="cancelled", finished_at=now)).rowcount:
        return
    running = update(sync_run).where(c.id == run_id, c.state == "running")
    if transaction.execute(running.values(cancel_asked_at=now)).rowcount:
        transaction.notify()
        return
    raise RunRefused(f"run {run_id} is over already: it {_said(_state(transaction, run_id))}")


def resume_run(transaction: Transaction, run_id: int) -> None:
    """Queues a failed or cancelled run again, which goes on where it was, with its counts.

    Raises Unknown, RunRefused, AlreadyRunning and Disconnected.
    """
    c = sync_run.c
    row = transaction.execute(select(sync_run).where(c.id == run_id)).one_or_none()
    if row is None:
        raise Unknown(f"there is no run {run_id}")
    if row.state not in ("failed", "cancelled"):
        raise RunRefused(f"run {run_id} can not be resumed: it {_said(row.state)}")
    _require_connected(transaction, ShopId(row.shop_id), row.kind)

    def queue() -> int:
        stopped = update(sync_run).where(c.id == run_id, c.state == row.state)
        return transaction.execute(
            stopped.values(state="queued", error=None, finished_at=None, cancel_asked_at=None, executor=None)
        ).rowcount

    if not _unless_active(transaction, row.shop_id, row.kind, row.resource, queue):
        raise RunRefused(f"run {run_id} was resumed by somebody else meanwhile")


def _require_connected(transaction: Transaction, shop_id: ShopId, kind: str) -> None:
    if kind not in NEEDS_NO_SHOP and (reason := disconnected(transaction, shop_id)) is not None:
        raise Disconnected(reason)


def _unless_active(
    transaction: Transaction, shop_id: int, kind: str, resource: str, write: Callable[[], int]
) -> int:
    """What `write` returns, unless the unique index says that such a run is active."""
    try:
        with transaction.connection.begin_nested():
            written = write()
    except exc.IntegrityError:
        active = _active(transaction, shop_id, kind, resource)
        if active is None:
            raise
        raise AlreadyRunning(f"a {kind} of {resource} is {active.state} already: run {active.id}") from None
    transaction.notify()
    return written


def _active(transaction: Transaction, shop_id: int, kind: str, resource: str) -> Any:
    c = sync_run.c
    query = select(c.id, c.state).where(is_active(), c.shop_id == shop_id)
    return transaction.execute(query.where(c.kind == kind, c.resource == resource)).one_or_none()


def _state(transaction: Transaction, run_id: int) -> str:
    state = transaction.execute(select(sync_run.c.state).where(sync_run.c.id == run_id)).scalar_one_or_none()
    if state is None:
        raise Unknown(f"there is no run {run_id}")
    return str(state)


def _said(state: str) -> str:
    return {"cancelled": "was cancelled", "queued": "is queued", "running": "is running"}.get(state, state)
