"""The stage is in tests/conftest.py (`backroom`) and in pulled_shop.py: other folders play on it, too."""

import pytest

pytest.register_assert_rewrite("tests.pull.running", "tests.pull.truth", "tests.reconcile.reconciled")
