"""All jobs, by the kind and the mode of a run. Adding one is its file and an entry here."""

from collections.abc import Mapping
from types import MappingProxyType

from backroom.jobs.export_sync import ExportSync
from backroom.jobs.incremental_sync import IncrementalSync
from backroom.jobs.job import Job
from backroom.jobs.reconcile import Reconcile
from backroom.jobs.reconciling import COMPARE, FINDINGS, REPAIR
from backroom.jobs.refetch import Refetch
from backroom.jobs.registration import RegistrationCheck
from backroom.jobs.sweeping import Sweep

_ALL: tuple[Job, ...] = (
    ExportSync(),
    IncrementalSync(),
    Refetch(),
    RegistrationCheck(),
    Sweep(),
    *(Reconcile(mode) for mode in (COMPARE, REPAIR, FINDINGS)),
)

JOBS: Mapping[tuple[str, str], Job] = MappingProxyType({(job.kind, job.mode): job for job in _ALL})
