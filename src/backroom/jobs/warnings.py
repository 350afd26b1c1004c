"""What will go wrong, or does so quietly: for `status`, `doctor`, the metrics and the API. Reads only.

Enters: the tables, and what is set. Leaves: `Concern`s, each with what to do. What never happens here: a
question to Shopify, or a read that grows with the history: each looks at rows of which a shop has a handful.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from backroom.db.database import Transaction
from backroom.jobs.lately import failed_lately
from backroom.jobs.schedules import (
    SCHEDULED,
    WEBHOOKS,
    Standing,
    last_checked,
    read_standings,
    shown_seconds,
)
from backroom.jobs.tables import sync_run
from backroom.registration.plan import TELLING
from backroom.registration.refused import Refused, read_all_refused
from backroom.registration.tables import topic_heard, webhook_subscription
from backroom.registration.ungranted import in_words, lacking
from backroom.resources.descriptor import Resource
from backroom.shopify.access import WARNED_BEFORE, end_of_version
from backroom.shops.connection import disconnected_sentence
from backroom.shops.credentials import BY_CLIENT_SECRET
from backroom.shops.secrets import list_secrets
from backroom.shops.tables import shop, shop_credential
from backroom.vocabulary.clock import to_the_minute
from backroom.vocabulary.ids import ShopId

KINDS: Final = (
    "version",
    "token",
    "secret",
    "scope",
    "refused",
    "silence",
    "subscription",
    "check",
    "disconnected",
    "schedule",
)
TOKEN_ENDS_WITHIN: Final = timedelta(days=14)
SECRET_UNUSED: Final = timedelta(days=30)
FEWEST_DELIVERIES: Final = 20
HEARD_OVER: Final = timedelta(days=7)
"""A topic that has spoken less often, or for a shorter time, has no habit that could be broken: a week has
its weekend."""
SHORTEST_SILENCE: Final = timedelta(days=3)
SILENCE_TIMES: Final = 3
"""So many times as long as it was silent at most before."""
MISSED_TIMES: Final = 3
FAILED_WITHIN: Final = timedelta(days=7)
REFUSED_WITHIN: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One warning. `kind` is one of KINDS; `shop` is null where it is about all of them."""

    kind: str
    shop: str | None
    text: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is set and known without the database."""

    api_version: str
    public_url: str | None
    resources: Sequence[Resource]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What the rules look at: shops that are not removed, by id, and what their schedules say."""

    transaction: Transaction
    now: datetime
    told: Told
    shops: Mapping[ShopId, Any]
    standings: Mapping[tuple[ShopId, str], Standing]

    def connected(self, shop_id: ShopId) -> Any | None:
        """The shop's row, unless it is removed or disconnected: then silence is no wonder."""
        row = self.shops.get(shop_id)
        return None if row is None or row.disconnected_at is not None else row


def read_concerns(transaction: Transaction, told: Told) -> list[Concern]:
    """All there is to be warned of, by kind in the order of KINDS, and by shop."""
    plurals = [resource.plural for resource in told.resources]
    look = _Look(
        transaction=transaction,
        now=transaction.now(),
        told=told,
        shops=_shops(transaction),
        standings={
            (each.shop_id, each.kind): each for each in read_standings(transaction, plurals, told.public_url)
        },
    )
    return [concern for rule in _RULES for concern in rule(look)]


def count_by_kind(concerns: Sequence[Concern]) -> dict[str, int]:
    """For each of KINDS."""
    return {kind: sum(each.kind == kind for each in concerns) for kind in KINDS}


def _version(look: _Look) -> Iterator[Concern]:
    version = look.told.api_version
    end = end_of_version(version)
    if look.now.date() >= end - WARNED_BEFORE:
        text = f"Shopify promises API version {version} until {end}"
        advice = "a newer Backroom, or BACKROOM_API_VERSION"
        yield Concern(kind="version", shop=None, text=text, advice=advice)


def _token(look: _Look) -> Iterator[Concern]:
    for row in look.shops.values():
        ends = row.refresh_expires_at
        if ends is None or ends > look.now + TOKEN_ENDS_WITHIN:
            continue
        text = f"its refresh token {'ended' if ends <= look.now else 'ends'} on {ends:%Y-%m-%d}"
        advice = f"`backroom shop test {row.domain}`; if that fails, `backroom shop add` with a new pair"
        yield Concern(kind="token", shop=row.domain, text=text, advice=advice)


def _secret(look: _Look) -> Iterator[Concern]:
    for shop_id, row in look.shops.items():
        for secret in list_secrets(look.transaction, shop_id):
            used_at = secret.last_used_at
            if not secret.may_go or (used_at or secret.created_at) > look.now - SECRET_UNUSED:
                continue
            since = f"was never used since {secret.created_at:%Y-%m-%d}, when it came"
            if used_at is not None:
                since = f"was last used on {used_at:%Y-%m-%d}"
            text = f"webhook secret {secret.id} {since}; others are"
            advice = f"`backroom shop secret remove {row.domain} {secret.id}`"
            yield Concern(kind="secret", shop=row.domain, text=text, advice=advice)


def _scope(look: _Look) -> Iterator[Concern]:
    """Once for all of them, and for all of their topics."""
    for row in look.shops.values():
        if row.granted_scopes is None or row.disconnected_at is not None:
            continue
        lacked = lacking(look.told.resources, row.granted_scopes)
        if lacked:
            text = f"not granted to the app: {in_words(lacked)}"
            yield Concern(kind="scope", shop=row.domain, text=text, advice="grant it in Shopify")


def _refused(look: _Look) -> Iterator[Concern]:
    """Until a check has fetched what was missed; where none does, a week after it was over."""
    for bout in read_all_refused(look.transaction):
        row = look.connected(bout.shop_id)
        if row is None or (bout.is_over and bout.last_at < look.now - REFUSED_WITHIN):
            continue
        advice = _refused_advice(look.told, bout, row)
        yield Concern(kind="refused", shop=row.domain, text=bout.sentence(), advice=advice)


def _refused_advice(told: Told, bout: Refused, row: Any) -> str:
    """Where the app's client secret opens the API, the new one is wanted for that, too: tokens are asked for
    with the old one else."""
    if bout.is_over or row.kind not in BY_CLIENT_SECRET:
        return bout.advice(row.domain, is_checked=told.public_url is not None)
    given = "with it and a new pair" if row.kind == "offline" else "with it"
    return f"if the app's client secret is another one now: `backroom shop add {row.domain}` {given}"


def _silence(look: _Look) -> Iterator[Concern]:
    """Of topics that somebody here handles: all others are not ours to miss."""
    topics = {topic for resource in look.told.resources for topic in resource.topics}
    c = topic_heard.c
    heard = select(topic_heard).where(c.deliveries >= FEWEST_DELIVERIES).order_by(c.shop_id, c.topic)
    for each in look.transaction.execute(heard):
        row = look.connected(each.shop_id)
        if row is None or each.topic not in topics:
            continue
        longest = timedelta(seconds=each.longest_pause_seconds)
        patience = max(SHORTEST_SILENCE, SILENCE_TIMES * longest)
        if each.last_at - each.first_at < HEARD_OVER or look.now - each.last_at <= patience:
            continue
        text = f"{each.topic} was last heard of on {to_the_minute(each.last_at)}, and was never silent"
        text += f" for longer than for {_roughly(longest)} before"
        advice = f"`backroom webhooks plan --shop {row.domain}`"
        yield Concern(kind="silence", shop=row.domain, text=text, advice=advice)


def _subscription(look: _Look) -> Iterator[Concern]:
    c = webhook_subscription.c
    wrong: dict[ShopId, list[str]] = {}
    others = c.state.not_in((*TELLING, "scope"))  # which has a warning of its own
    found = select(c.shop_id, c.topic, c.state).where(others).order_by(c.shop_id, c.topic)
    for each in look.transaction.execute(found):
        wrong.setdefault(ShopId(each.shop_id), []).append(f"{each.topic} ({each.state})")
    for shop_id, topics in wrong.items():
        row = look.connected(shop_id)
        if row is not None:
            text = f"not subscribed as it should be, when last looked at: {', '.join(topics)}"
            advice = f"`backroom webhooks plan --shop {row.domain}`"
            yield Concern(kind="subscription", shop=row.domain, text=text, advice=advice)


def _check(look: _Look) -> Iterator[Concern]:
    checked = last_checked(look.transaction)
    for shop_id, row in look.shops.items():
        standing = look.standings[shop_id, WEBHOOKS]
        since = checked.get(shop_id) or max(row.created_at, row.opened_at or row.created_at)
        late = since + MISSED_TIMES * timedelta(seconds=standing.every_seconds)
        if standing.next_at(look.now) is None or look.now <= late:
            continue
        when = f"since {to_the_minute(since)}" if shop_id in checked else "yet"
        text = f"its webhook subscriptions were not looked at {when}"
        advice = "see that a worker runs (`backroom status`), and why (`backroom runs list`)"
        yield Concern(kind="check", shop=row.domain, text=text, advice=advice)


def _disconnected(look: _Look) -> Iterator[Concern]:
    for row in look.shops.values():
        if row.disconnected_at is not None:
            text = "the app is not installed: nothing is fetched"
            advice = disconnected_sentence(row.domain, row.disconnected_at)
            yield Concern(kind="disconnected", shop=row.domain, text=text, advice=advice)


def _schedule(look: _Look) -> Iterator[Concern]:
    """What fails again and again: a single failure is told by the list of runs."""
    for run in failed_lately(look.transaction, FAILED_WITHIN):
        shop_id = next((each for each, row in look.shops.items() if row.domain == run.shop), None)
        standing = None if shop_id is None else look.standings.get((shop_id, run.kind))
        if run.requested_by != SCHEDULED or standing is None or standing.next_at(look.now) is None:
            continue
        last = _last_success(look.transaction, standing, run.resource)
        patience = MISSED_TIMES * timedelta(seconds=standing.every_seconds)
        if last is not None and last > look.now - patience:
            continue
        since = "it never succeeded" if last is None else f"the last that succeeded: {to_the_minute(last)}"
        every = shown_seconds(standing.every_seconds)
        text = f"the {run.kind} of {run.resource}, each {every}, fails ({since}): {run.error}"
        advice = f"mend it; `backroom runs show {run.id}`"
        yield Concern(kind="schedule", shop=run.shop, text=text, advice=advice)


def _last_success(transaction: Transaction, standing: Standing, resource: str) -> datetime | None:
    c = sync_run.c
    last: datetime | None = transaction.execute(
        select(func.max(c.finished_at)).where(
            c.shop_id == standing.shop_id,
            c.kind == standing.kind,
            c.resource == resource,
            c.state == "succeeded",
        )
    ).scalar_one()
    return last


def _shops(transaction: Transaction) -> dict[ShopId, Any]:
    c = shop.c
    rows = transaction.execute(
        select(
            c.id,
            c.domain,
            c.created_at,
            c.disconnected_at,
            c.granted_scopes,
            shop_credential.c.updated_at.label("opened_at"),
            shop_credential.c.kind,
            shop_credential.c.refresh_expires_at,
        )
        .outerjoin(shop_credential, shop_credential.c.shop_id == c.id)
        .where(c.removed_at.is_(None))
        .order_by(c.domain)
    )
    return {ShopId(row.id): row for row in rows}


def _roughly(length: timedelta) -> str:
    """In the largest unit of which there are two."""
    seconds = max(1, round(length.total_seconds()))
    name, unit = next(
        (name, unit)
        for name, unit in (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))
        if seconds >= 2 * unit or unit == 1
    )
    return f"{round(seconds / unit)} {name}"


_RULES: Final[tuple[Callable[[_Look], Iterator[Concern]], ...]] = (
    _version,
    _token,
    _secret,
    _scope,
    _refused,
    _silence,
    _subscription,
    _check,
    _disconnected,
    _schedule,
)
