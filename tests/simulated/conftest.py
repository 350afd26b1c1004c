"""The stage is in tests/conftest.py (`backroom`): one real Backroom on each database."""

import pytest

pytest.register_assert_rewrite("tests.simulated.scene")
