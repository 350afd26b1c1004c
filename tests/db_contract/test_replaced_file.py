"""An SQLite file that is deleted or replaced under a running process is noticed, not written into."""

from pathlib import Path

import pytest
from sqlalchemy import text

from backroom.db.database import open_database
from backroom.db.migrate import current_revision, upgrade
from backroom.vocabulary.errors import StoreUnavailable


def test_a_deleted_file_is_no_store(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/one.db")
    upgrade(database)
    for file in tmp_path.glob("one.db*"):
        file.unlink()

    with pytest.raises(StoreUnavailable, match="gone"), database.writing():
        pass
    assert list(tmp_path.iterdir()) == [], "and no empty one is made in its place"
    database.dispose()


def test_a_replaced_file_is_refused_once_and_then_opened_anew(tmp_path: Path) -> None:
    database, other = (open_database(f"sqlite:///{tmp_path}/{name}.db") for name in ("one", "other"))
    upgrade(database)
    upgrade(other)
    with other.writing() as transaction:
        transaction.execute(text("INSERT INTO shop (domain, created_at) VALUES ('restored.example', 0)"))
    other.dispose()
    for file in tmp_path.glob("one.db*"):
        file.unlink()
    (tmp_path / "other.db").rename(tmp_path / "one.db")

    with pytest.raises(StoreUnavailable, match="replaced"), database.writing():
        pass
    assert current_revision(database) is not None
    with database.reading() as transaction:
        assert transaction.execute(text("SELECT domain FROM shop")).scalars().all() == ["restored.example"]
    database.dispose()
