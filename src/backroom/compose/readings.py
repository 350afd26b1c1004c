"""What is told of a house while it runs: whether it is ready, its numbers, and what warnings go by.

Enters: a database and the settings. Leaves: functions that read anew at each call. What never happens here:
a threshold; `jobs/warnings.py` has them.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from backroom.db.database import Database
from backroom.settings import Settings
from backroom.vocabulary.errors import BackroomError

if TYPE_CHECKING:
    from backroom.jobs.warnings import Told

STATUS_GAUGES: Final = (
    "inbox_pending",
    "dirty",
    "parked",
    "wanted",
    "dead",
    "running",
    "lag_seconds",
    "code_conflicts",
    "drifting",
)


def readiness_of(
    database: Database, threads: Mapping[str, Callable[[], bool]] | None = None
) -> Callable[[], str | None]:
    """Looks at the database, and whether each of the threads runs, at each call.

    What this version needs is read once.
    """
    from backroom.db.migrate import current_revision, newest_revision

    newest = newest_revision()

    def reason() -> str | None:
        for name, is_running in (threads or {}).items():
            if not is_running():
                return f"{name} does not run"
        try:
            current = current_revision(database)
        except BackroomError:
            return "the database can not be reached"
        return None if current == newest else "the database is not at this version's tables"

    return reason


def told_of(settings: Settings) -> "Told":
    """What warnings go by, beside the database."""
    from backroom.jobs.warnings import Told
    from backroom.resources.registry import RESOURCES

    return Told(api_version=settings.api_version, public_url=settings.public_url, resources=RESOURCES)


def gauges_of(database: Database, told: "Told | None" = None) -> Callable[[], Mapping[str, float | None]]:
    """The numbers of /metrics, from one snapshot; warnings where it is told what they go by."""
    from backroom.drift.findings import count_open
    from backroom.flow.status import read_status
    from backroom.jobs.lately import failed_lately
    from backroom.jobs.runs import count_active
    from backroom.jobs.warnings import count_by_kind, read_concerns
    from backroom.observe.metrics import WARNINGS
    from backroom.resources.registry import RESOURCES
    from backroom.worker.heartbeat import youngest_age

    def gauges() -> Mapping[str, float | None]:
        with database.reading() as transaction:
            status = read_status(
                transaction,
                RESOURCES,
                running=count_active(transaction),
                drifting=count_open(transaction),
            )
            failed = len(failed_lately(transaction))
            age = youngest_age(transaction)
            warned = count_by_kind(read_concerns(transaction, told)) if told else {}
        numbers = {name: getattr(status, name) for name in STATUS_GAUGES}
        numbers |= {f"{WARNINGS}{kind}": number for kind, number in warned.items()}
        return {**numbers, "failed_runs": failed, "worker_heartbeat_age_seconds": age}

    return gauges
