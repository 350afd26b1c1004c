"""Every law runs over every registered resource, on SQLite and on PostgreSQL."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from backroom.resources.registry import RESOURCES
from tests.laws.specimen import Specimen
from tests.laws.specimens import SPECIMENS

SOAK = bool(os.environ.get("SOAK"))
SHRINKS = () if os.environ.get("MUTANT") else (Phase.shrink,)
settings.register_profile(
    "laws",
    max_examples=400 if SOAK else 20,
    phases=(Phase.explicit, Phase.generate, *SHRINKS),
    deadline=None,
    derandomize=not SOAK,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)
settings.load_profile("laws")


@pytest.fixture(params=[resource.name for resource in RESOURCES])
def specimen(request: pytest.FixtureRequest) -> Specimen:
    """One registered resource, or one of those that a test asks for."""
    return SPECIMENS[request.param]
