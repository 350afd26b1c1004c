"""Fixtures for the Admin API: the real schema, and a shop that is asked over HTTP."""

from collections.abc import Iterator

import pytest

from tests.real_schema import real_schema
from tests.simulator.admin.asking import Asking, asking

__all__ = ["real_schema"]


@pytest.fixture
def api() -> Iterator[Asking]:
    """A small shop whose Admin API is served."""
    with asking() as opened:
        yield opened
