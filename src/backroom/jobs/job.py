"""What a job is: advances a run by about one chunk at a time, and says what comes next."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from backroom.db.database import Database
from backroom.jobs.chunks import Chunks
from backroom.jobs.runs import RunView
from backroom.resources.descriptor import Resource
from backroom.vocabulary.clock import Clock
from backroom.vocabulary.ids import ShopId

if TYPE_CHECKING:
    from backroom.shopify.client import Client


class Left(BaseException):
    """This process ends, or lost the run. Above Exception, so that neither a job nor DBOS takes it for a
    failure: the workflow stays as it is, and goes on elsewhere or later."""


@dataclass(frozen=True, slots=True)
class Next:
    """There is more to do at once."""


@dataclass(frozen=True, slots=True)
class Done:
    """The run has succeeded: its counts add up."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """There is more to do, after so many seconds. Say in the run's phase what is waited for."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What jobs are handed. `resources` by plural; `home` is a folder that a run may keep files in.

    `public_url`: where Shopify reaches us; null where nobody has said it.
    """

    database: Database
    client_of: "Callable[[ShopId], Client]"
    resources: Mapping[str, Resource]
    home: Path
    clock: Clock
    stopping: threading.Event
    public_url: str | None = None

    def heed(self) -> None:
        """Call it now and then within long work. Raises Left where the worker is asked to end."""
        if self.stopping.is_set():
            raise Left

    def sleep(self, seconds: float) -> None:
        """Raises Left as soon as the worker is asked to end."""
        self.stopping.wait(seconds)
        self.heed()


class Job(Protocol):
    """One kind and mode of run.

    `advance` may be called again for what it has just done: a crash after its commit looks the same as one
    before it. So it goes on from `run.cursor`, which commits with the rows. It ends a run by returning Done,
    or by raising: a Refused, Terminal or Misuse is the run's error, a Transient is tried again.
    """

    kind: str
    mode: str

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep: ...

    def abandon(self, run: RunView, services: Services) -> Any:
        """The run is cancelled: ends what it has begun elsewhere. The cursor to go on from, when resumed."""
