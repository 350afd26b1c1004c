"""DBOS's own SQLite file, whatever SQLite and whatever Python there are."""

import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from backroom.jobs.durable import sqlite_jobs_engine, unixepoch


def tell(engine: Engine, statement: str) -> float:
    with engine.begin() as connection:
        return float(connection.execute(text(statement)).scalar_one())


def test_the_time_is_told_in_thousandths_by_an_old_sqlite_too(tmp_path: Path) -> None:
    engine = sqlite_jobs_engine(tmp_path / "jobs.db")
    before = time.time()
    told = tell(engine, "SELECT unixepoch('subsec')")
    assert before - 0.001 <= told <= time.time() + 0.001
    engine.dispose()


def test_what_stands_in_for_an_old_sqlite_knows_the_one_question_only() -> None:
    before = time.time()
    assert before - 0.001 <= unixepoch("subsec") <= time.time() + 0.001
    with pytest.raises(ValueError, match="now"):
        unixepoch("now")


def test_a_column_may_have_it_as_its_default(tmp_path: Path) -> None:
    engine = sqlite_jobs_engine(tmp_path / "jobs.db")
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE t (id INT, at BIGINT NOT NULL DEFAULT (unixepoch('subsec') * 1000))")
        )
        connection.execute(text("INSERT INTO t (id) VALUES (1)"))
    assert abs(tell(engine, "SELECT at FROM t") / 1000 - time.time()) < 60
    engine.dispose()
