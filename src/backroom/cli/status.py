"""`status`: what waits, what is parked, what was given up, and who works."""

from dataclasses import asdict, dataclass
from datetime import datetime

import typer

from backroom.cli.output import AsJson, say, show, when
from backroom.flow.status import ShopStatus, Status
from backroom.settings import read_settings
from backroom.vocabulary.shown import json_text
from backroom.worker.heartbeat import Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWorker:
    """A worker that did not end in order; an old heartbeat means that it crashed or hangs."""

    name: str
    heartbeat_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A shop's line; --json has all numbers."""

    shop: str
    pending: int
    dirty: int
    parked: int
    wanted: int
    dead: int
    last_received: datetime | None

    @classmethod
    def of(cls, found: ShopStatus) -> "Line":
        return cls(
            shop=found.domain,
            pending=found.inbox_pending,
            dirty=found.dirty,
            parked=found.parked,
            wanted=found.wanted,
            dead=found.dead,
            last_received=found.last_received_at,
        )


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    app.command()(status)


def status(as_json: AsJson = False) -> None:
    """Show what waits, what is parked and what was given up, all from one snapshot."""
    from backroom import compose
    from backroom.flow.status import read_status
    from backroom.resources.registry import RESOURCES
    from backroom.worker.heartbeat import read_signs

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        found = read_status(transaction, RESOURCES)
        signs = [sign for sign in read_signs(transaction) if sign.stopped_at is None]
    workers = [ShownWorker(name=sign.name, heartbeat_at=sign.heartbeat_at) for sign in signs]
    if as_json:
        say(json_text({**asdict(found), "workers": workers}))
    else:
        _print(found, signs)


def _print(found: Status, signs: list[Sign]) -> None:
    show([Line.of(each) for each in found.shops], Line, as_json=False, empty="no shops")
    say("")
    say(f"the oldest work that waits is {found.lag_seconds:.1f} s old" if _waits(found) else "nothing waits")
    if found.code_conflicts:
        say(
            f"SKU codes that variants of one shop share: {found.code_conflicts}; `backroom doctor` names them"
        )
    for sign in signs:
        alive = "works" if sign.is_alive else "is silent"
        say(f"worker {sign.name} {alive}, seen {when(sign.heartbeat_at)}")
    if not any(sign.is_alive for sign in signs):
        say("no worker is alive: run `backroom serve` or `backroom worker`")


def _waits(found: Status) -> bool:
    return found.inbox_pending + found.dirty > 0
