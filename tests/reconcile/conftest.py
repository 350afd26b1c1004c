"""The stage of the pulls: a simulated shop over HTTP, real jobs, real stations."""

import pytest

pytest.register_assert_rewrite("tests.pull.running", "tests.pull.truth", "tests.reconcile.reconciled")
