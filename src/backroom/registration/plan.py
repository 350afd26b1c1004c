"""What is there against what should be, topic by topic: pure, and the same for `webhooks plan` and the check.

| state | what it means | what is done |
| ok | ours, at our address, whole | nothing |
| missing | nobody tells us of it | made |
| address | ours, and leads elsewhere | led to our address |
| name | at our address, without our name | named |
| narrowed | a filter, fewer fields or XML keep something from us | made anew |
| twice | one more of ours of the same topic | ended |
| unknown | ours, of a topic that nobody here handles | ended |
| scope | missing, and the shop does not grant what it takes | nothing: a person has to grant it |
| version | told in another API version than ours: the app's setting | nothing: said where to set it |
| doubled | ours is right, and the app's configuration has the topic, too | nothing: harmless |
| app | the app's configuration alone tells us of it | nothing |
| elsewhere | somebody else's, of the same app | nothing |
| compliance | only an app's configuration may have it | nothing |
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

from backroom.registration.desired import COMPLIANCE_TOPICS, OURS, Wanted
from backroom.shopify.access import missing_scopes
from backroom.shopify.subscriptions import Subscription, enum_of

State = Literal[
    "ok",
    "missing",
    "address",
    "name",
    "narrowed",
    "twice",
    "unknown",
    "scope",
    "version",
    "doubled",
    "app",
    "elsewhere",
    "compliance",
]
Act = Literal["make", "move", "make anew", "end"]
TELLING: Final[frozenset[str]] = frozenset({"ok", "version", "doubled", "app", "name"})
"""Whole deliveries of the topic reach us."""
MARGIN: Final = timedelta(minutes=5)
"""Between Shopify's clock and ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One topic of the plan, or one subscription beside it. `uri`: where it leads now. `note` for people."""

    topic: str
    state: State
    uri: str | None
    subscription_id: str | None
    act: Act | None
    note: str
    wanted: Wanted | None

    @property
    def is_right(self) -> bool:
        """Nothing of it is to be mended, by us or by a person."""
        return self.act is None and self.state != "scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What else decides. `now`: when it was looked, by our clock; `unnamed`: topics that were heard lately
    without our name, and when the last time; `ours`: topics that a subscription of ours was seen for before;
    `granted`: scopes."""

    now: datetime
    api_version: str
    granted: Collection[str]
    unnamed: Mapping[str, datetime]
    ours: Collection[str]


def plan(wanted: Sequence[Wanted], held: Iterable[Subscription], around: Circumstances) -> list[Line]:
    """A line for each wanted topic in their order, then one for each other subscription."""
    by_enum = {enum_of(each.topic): each for each in wanted}
    uri = wanted[0].uri
    candidates: dict[str, list[Subscription]] = {}
    others: list[Line] = []
    for each in held:
        if not _is_ours(each, uri):
            topic = by_enum[each.topic].topic if each.topic in by_enum else each.topic
            others.append(_beside(each, topic, "elsewhere", None, "somebody else's: left as it is"))
        elif each.topic not in by_enum:
            others.append(_beside(each, each.topic, "unknown", "end", "nobody here handles this topic"))
        else:
            candidates.setdefault(each.topic, []).append(each)
    lines: list[Line] = []
    for one in wanted:
        found = _best_first(candidates.get(enum_of(one.topic), []), one)
        lines.append(_present(one, found[0], around) if found else _absent(one, around))
        others += [_beside(each, one.topic, "twice", "end", "one more of ours") for each in found[1:]]
    return [*lines, *others, *_compliance()]


def _is_ours(held: Subscription, uri: str) -> bool:
    """By its name, or because it leads where a Backroom listens."""
    parts = urlsplit(held.uri)
    is_there = parts.scheme in ("http", "https") and parts.path == urlsplit(uri).path
    return is_there or (held.name or "").startswith(OURS)


def _best_first(held: list[Subscription], wanted: Wanted) -> list[Subscription]:
    return sorted(held, key=lambda each: (each.uri != wanted.uri, each.name != wanted.name, each.id))


def _absent(wanted: Wanted, around: Circumstances) -> Line:
    lacking = missing_scopes(around.granted, wanted.scopes)
    heard = around.unnamed.get(wanted.topic)
    if heard is not None and wanted.topic not in around.ours:
        note = f"heard {_ago(around.now - heard)}; the app's own configuration"
        return _line(wanted, None, "app", None, note)
    if lacking:
        return _line(
            wanted, None, "scope", None, f"the app lacks the scope {' and '.join(lacking)}: grant it"
        )
    return _line(wanted, None, "missing", "make", "nobody tells us of it")


def _present(wanted: Wanted, held: Subscription, around: Circumstances) -> Line:
    heard = around.unnamed.get(wanted.topic)
    if held.narrowed_by:
        return _line(wanted, held, "narrowed", "make anew", f"{held.narrowed_by} keep something from us")
    if held.uri != wanted.uri:
        return _line(wanted, held, "address", "move", f"leads to another address than {wanted.uri}")
    if held.name != wanted.name:
        return _line(wanted, held, "name", "move", f"is to be named {wanted.name}")
    if held.api_version != around.api_version:
        note = (
            f"told in {held.api_version}, not in {around.api_version}: set the API version of the app's"
            " webhooks in the Dev Dashboard, or in shopify.app.toml"
        )
        return _line(wanted, held, "version", None, note)
    if heard is not None and heard > held.updated_at + MARGIN:
        note = "the app's own configuration has it, too: harmless; remove it in the Dev Dashboard"
        return _line(wanted, held, "doubled", None, note)
    return _line(wanted, held, "ok", None, "")


def _ago(passed: timedelta) -> str:
    """`3 hours ago`: whole units that have passed."""
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if number := int(passed.total_seconds()) // unit:
            return f"{number} {name}{'' if number == 1 else 's'} ago"
    return "just now"


def _line(wanted: Wanted, held: Subscription | None, state: State, act: Act | None, note: str) -> Line:
    return Line(
        topic=wanted.topic,
        state=state,
        uri=held.uri if held else None,
        subscription_id=held.id if held else None,
        act=act,
        note=note,
        wanted=wanted,
    )


def _beside(held: Subscription, topic: str, state: State, act: Act | None, note: str) -> Line:
    return Line(
        topic=topic,
        state=state,
        uri=held.uri,
        subscription_id=held.id,
        act=act,
        note=note,
        wanted=None,
    )


def _compliance() -> Iterator[Line]:
    for topic in COMPLIANCE_TOPICS:
        yield Line(
            topic=topic,
            state="compliance",
            uri=None,
            subscription_id=None,
            act=None,
            note="set in the Dev Dashboard",
            wanted=None,
        )
