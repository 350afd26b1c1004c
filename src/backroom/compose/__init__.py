"""All wiring: the only place that constructs things. Everything else is handed what it needs.

`open_house` is what every command starts with; `serve` and `work` are the two programs that stay.
"""

from backroom.compose.house import (
    House,
    NotMigrated,
    client_of,
    migrate_database,
    missing,
    open_house,
    unmigrated,
)
from backroom.compose.readings import gauges_of, readiness_of, told_of
from backroom.compose.serving import (
    BACKLOG,
    KEEP_ALIVE_SECONDS,
    serve,
    web_app,
)
from backroom.compose.working import JOBS_FILE, supervisor_of, work

__all__ = [
    "BACKLOG",
    "JOBS_FILE",
    "KEEP_ALIVE_SECONDS",
    "House",
    "NotMigrated",
    "client_of",
    "gauges_of",
    "migrate_database",
    "missing",
    "open_house",
    "readiness_of",
    "serve",
    "supervisor_of",
    "told_of",
    "unmigrated",
    "web_app",
    "work",
]
