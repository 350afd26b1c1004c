"""`webhooks check`: looks at a shop's subscriptions, mends them, and has the outage fetched.

Enters: what should be (the registry's topics at BACKROOM_PUBLIC_URL), and what Shopify holds. Leaves: one row
a topic, subscriptions that are right, and an incremental sync of just the time in which one was not. What
never happens here: a gap lost by a crash. What was found wrong stays so in the rows until the gap is known to
the run that fills it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import select

from backroom.db.database import Transaction
from backroom.jobs.chunks import Chunk, Chunks
from backroom.jobs.counting import forget_counts
from backroom.jobs.gaps import Gap, filling_run, gaps_of, joined, refused_gaps, unfilled
from backroom.jobs.greeting import meet
from backroom.jobs.job import Done, Next, Services, Sleep
from backroom.jobs.requests import AlreadyRunning, NewRun, queue_run
from backroom.jobs.runs import RunView
from backroom.observe.log import get_log
from backroom.registration.desired import desired
from backroom.registration.looking import look
from backroom.registration.mending import mend
from backroom.registration.plan import TELLING, Line
from backroom.registration.record import read_recorded, record, record_found
from backroom.registration.refused import Refused, close_refused, read_refused
from backroom.registration.ungranted import gone_without
from backroom.shopify.subscriptions import SubscriptionRefused
from backroom.shops.tables import shop, shop_credential
from backroom.vocabulary.clock import instant_or_none, parse_instant, to_the_minute
from backroom.vocabulary.errors import ScopeMissing, Terminal
from backroom.vocabulary.ids import ShopId

KIND: Final = "webhooks"
MODE: Final = "check"
WAIT_SECONDS: Final = 1.0
"""Between two looks at a sync that has to end before ours may be queued."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """`gaps`: to be filled yet. `wrong`: what could not be mended, in sentences."""

    stage: Literal["mend", "fill"]
    gaps: list[Gap] = []
    wrong: list[str] = []


def new_check(
    shop_id: ShopId, requested_by: str, *, apply: bool = True, outage_since: str | None = None
) -> NewRun:
    """`outage_since`: nothing at all came in since then; ISO-8601."""
    options: dict[str, Any] = {} if apply else {"apply": False}
    if outage_since is not None:
        options["outage_since"] = outage_since
    return NewRun(
        kind=KIND,
        resource="webhooks",
        mode=MODE,
        shop_id=shop_id,
        requested_by=requested_by,
        options=options,
    )


def may_check(transaction: Transaction, shop_id: ShopId, public_url: str | None) -> bool:
    """Whether a check makes sense: an address, something to ask with, and an app that is installed."""
    c = shop.c
    open_shop = (
        select(c.id)
        .join(shop_credential, shop_credential.c.shop_id == c.id)
        .where(c.id == shop_id, c.removed_at.is_(None), c.disconnected_at.is_(None))
    )
    return public_url is not None and transaction.execute(open_shop).first() is not None


class RegistrationCheck:
    """See the module. `wait_seconds`: tests have less time."""

    kind = KIND
    mode = MODE

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds

    def abandon(self, run: RunView, services: Services) -> Any:
        """Nothing of it is anywhere else."""
        return run.cursor

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
        if run.cursor is None:
            return _look(run, chunks, services)
        cursor = msgspec.convert(run.cursor, Cursor)
        if cursor.stage == "mend":
            return _mend(run, chunks, services)
        return self._fill(cursor, run, chunks)

    def _fill(self, cursor: Cursor, run: RunView, chunks: Chunks) -> Next | Done | Sleep:
        """One gap a turn. A sync that is under way may have been past it already: ours comes after it."""
        if not cursor.gaps:
            if cursor.wrong:
                raise Terminal("; ".join(cursor.wrong))
            return Done()
        gap, *left = cursor.gaps
        with chunks.noting() as chunk:
            try:
                said = _filled(chunk, run, gap)
            except AlreadyRunning as error:
                chunk.say(f"waiting, to fill a gap of {gap.resource}: {error}")
                return Sleep(self._wait_seconds)
            chunk.say(said)
            chunk.sample(gap.resource, said)
            chunk.go_on_at(msgspec.to_builtins(msgspec.structs.replace(cursor, gaps=left)))
        return Next()


def _look(run: RunView, chunks: Chunks, services: Services) -> Next | Done:
    """Records what is wrong before anything is mended: a crash in between must not hide the outage."""
    looked_at, lines = _planned(run, services)
    outage = run.options.get("outage_since")
    with chunks.noting() as chunk:
        forget_counts(chunk)
        refused = read_refused(chunk.transaction, run.shop_id)
        record_found(chunk.transaction, run.shop_id, lines, looked_at, taken=_is_taken(refused))
        recorded = read_recorded(chunk.transaction, run.shop_id)
        healed = [line for line in lines if line.state in TELLING and not recorded[line.topic].was_told]
        unfinished = [unfilled(chunk.transaction, run.shop_id, plural) for plural in services.resources]
        without = gone_without(chunk.transaction, run.shop_id, lines)
        lines = _but_for(without, lines)
        wrong = [f"{line.topic}: {line.note}" for line in lines if not line.is_right]
        topics = sum(line.wanted is not None for line in lines)
        chunk.expect(topics)
        if refused is not None:
            chunk.sample("webhooks", refused.sentence())
        if not run.options.get("apply", True):
            _tell_without(chunk, without)
            chunk.count(seen=topics, unchanged=sum(line.is_right for line in lines if line.wanted))
            chunk.go_on_at(msgspec.to_builtins(Cursor(stage="fill", wrong=_to_apply(wrong))))
            return Next()
        is_due = refused is not None and refused.is_due(looked_at)
        if not (wrong or healed or outage or is_due or any(unfinished)):
            _tell_without(chunk, without)
            chunk.count(seen=topics, unchanged=topics)
            return Done()
        chunk.say("mending: " + "; ".join(wrong) if wrong else "seeing to what was not fetched")
        chunk.go_on_at(msgspec.to_builtins(Cursor(stage="mend")))
    return Next()


def _mend(run: RunView, chunks: Chunks, services: Services) -> Next:
    looked_at, lines = _planned(run, services)
    made: dict[str, str] = {}
    ended: list[str] = []
    wrong: list[str] = []
    for line in lines:
        services.heed()
        if line.act is None:
            continue
        try:
            gid = mend(services.client_of(run.shop_id), line)
        except (SubscriptionRefused, ScopeMissing) as error:
            wrong.append(str(error))
            continue
        get_log("jobs").info(
            "subscription.mended", run=run.id, topic=line.topic, was=line.state, act=line.act
        )
        if gid is None:
            ended.append(line.topic)
        else:
            made[line.topic] = gid
    with chunks.noting() as chunk:
        before = read_recorded(chunk.transaction, run.shop_id)
        refused = read_refused(chunk.transaction, run.shop_id)
        # One that Shopify took away for them says nothing any more, neither good nor bad: what was missed is
        # fetched. Should they be refused again, that is another bout.
        made_anew = any(line.state == "missing" and line.topic in made for line in lines)
        fills = refused is not None and (made_anew or refused.is_due(looked_at))
        record(chunk.transaction, run.shop_id, lines, looked_at, made, taken=fills or _is_taken(refused))
        now = [line for line in lines if line.topic in made or line.state in TELLING]
        outage = instant_or_none(run.options.get("outage_since"))
        gaps = gaps_of([line for line in now if line.wanted], before, outage)
        gaps += [
            gap
            for plural in services.resources
            if (gap := unfilled(chunk.transaction, run.shop_id, plural)) is not None
        ]
        if refused is not None and fills:
            gaps += refused_gaps(refused, services.resources)
            close_refused(chunk.transaction, refused)
        without = gone_without(chunk.transaction, run.shop_id, lines)
        lines = _but_for(without, lines)
        wrong += [line.note for line in lines if line.state == "scope"]
        _tell_without(chunk, without)
        _tell(chunk, lines, made, ended, len(wrong))
        cursor = Cursor(stage="fill", gaps=joined(gaps), wrong=list(dict.fromkeys(wrong)))
        chunk.go_on_at(msgspec.to_builtins(cursor))
    return Next()


def _is_taken(refused: Refused | None) -> bool:
    """Whether what is right in Shopify comes in: a wrong secret lets nothing in."""
    return refused is None or refused.is_over


def _planned(run: RunView, services: Services) -> tuple[datetime, list[Line]]:
    """The plan, and when (by the database's clock) Shopify was asked for what there is."""
    wanted = desired(services.resources.values(), services.public_url)
    facts = meet(run, services)
    return look(services.database, services.client_of(run.shop_id), run.shop_id, wanted, granted=facts.scopes)


def _but_for(without: Mapping[str, Sequence[Line]], lines: Sequence[Line]) -> list[Line]:
    left = [id(line) for waiting in without.values() for line in waiting]
    return [line for line in lines if id(line) not in left]


def _tell_without(chunk: Chunk, without: Mapping[str, Sequence[Line]]) -> None:
    """What the shop goes without, in the run's samples; it fails for nothing of that."""
    for plural, (first, *_) in without.items():
        chunk.sample(plural, first.note)


def _tell(chunk: Chunk, lines: list[Line], made: dict[str, str], ended: list[str], failed: int) -> None:
    """What was mended, in the run's counts and its samples: one for all of a resource that were alike."""
    wanted = [line for line in lines if line.wanted]
    right = sum(line.is_right for line in wanted)
    chunk.count(seen=len(wanted), written=len(made), unchanged=right, failed=failed)
    mended: dict[tuple[str | None, str, str], list[str]] = {}
    for line in lines:
        if line.topic in made and line.wanted:
            mended.setdefault((line.wanted.resource, line.state, line.note), []).append(line.topic)
    for (_, state, note), topics in mended.items():
        chunk.sample(", ".join(topics), f"was {state} ({note}); mended")
    for line in lines:
        if line.topic in ended and line.act == "end":
            chunk.sample(line.topic, f"ended the subscription that leads to {line.uri}: {line.note}")


def _filled(chunk: Chunk, run: RunView, gap: Gap) -> str:
    """Queues the filling run. Raises AlreadyRunning."""
    new = filling_run(chunk.transaction, run.shop_id, gap, f"webhooks check, run {run.id}")
    if new is None:
        return f"no sync of {gap.resource} yet: run a full one (`backroom sync {gap.resource} --full`)"
    run_id = queue_run(chunk.transaction, new)
    since = to_the_minute(parse_instant(new.options["since"]))
    return f"run {run_id} fetches what changed since {since}: {gap.reason}"


def _to_apply(wrong: list[str]) -> list[str]:
    if not wrong:
        return []
    return [f"{'; '.join(wrong)}: `backroom webhooks apply` mends what can be mended here"]
