"""Migrations: from empty to the newest tables, by whoever comes first, and never back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

import backroom
from backroom.db.database import Database, open_database
from backroom.db.metadata import metadata
from backroom.db.migrate import MIGRATIONS, current_revision, newest_revision, upgrade
from backroom.erp.tables import field_change
from backroom.resources.product import shopify_product_cache
from backroom.shops.tables import shop_credential
from backroom.vocabulary.errors import BackroomError
from tests.conftest import drop_schemas
from tests.migrated import Copies
from tests.waiting import Running

for module in walk_packages(backroom.__path__, "backroom."):
    if module.name.endswith(".tables") or module.name.startswith("backroom.resources."):
        import_module(module.name)


@pytest.fixture
def empty(database_url: str, schema: str) -> Iterator[Database]:
    """A database in which nothing was ever done."""
    opened = open_database(database_url, schema)
    yield opened
    if opened.schema is not None:
        with opened.writing() as transaction:
            transaction.execute(text(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'))
    opened.dispose()


def environment(url: str, schema: str, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "BACKROOM_HOME": str(home),
        "BACKROOM_DATABASE_URL": url,
        "BACKROOM_DATABASE_SCHEMA": schema,
    }


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backroom", *arguments],
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def drawn(database: Database) -> list[str]:
    """Every table and index as the database describes it, without the schema's name."""
    if database.schema is None:
        # Not the tables' own texts: SQLite writes a column that came later behind the constraints.
        query = """
            SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL
            UNION ALL
            SELECT m.name || ' ' || c.name || ' ' || c.type || c."notnull" || c.pk || ifnull(c.dflt_value, '')
            FROM sqlite_master m, pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.name <> 'alembic_version'
            UNION ALL
            SELECT m.name || ' ' || k."from" || ' ' || k."table" || ' ' || k."to" || ' ' || k.on_delete
            FROM sqlite_master m, pragma_foreign_key_list(m.name) k
            WHERE m.type = 'table'
            UNION ALL
            SELECT m.name || ' ' || i."unique" || i.origin || i.partial || ' ' || group_concat(c.name)
            FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) c
            WHERE m.type = 'table' AND m.name <> 'alembic_version' GROUP BY m.name, i.name
        """
    else:
        query = """
            SELECT indexdef FROM pg_indexes
            WHERE schemaname = current_schema() AND tablename <> 'alembic_version'
            UNION ALL
            SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = current_schema()::regnamespace AND conname NOT LIKE 'alembic%'
            UNION ALL
            SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
            FROM information_schema.columns
            WHERE table_schema = current_schema() AND table_name <> 'alembic_version'
        """
    with database.reading() as transaction:
        lines = transaction.execute(text(query)).scalars().all()
    words = (line.replace(f"{database.schema}.", "") for line in lines)
    # One line a column or constraint, as SQLAlchemy writes them; SQLite keeps the order they were made in.
    return sorted(" ".join(sorted(part.strip(" \t,") for part in line.splitlines())) for line in words)


def test_an_empty_database_becomes_what_the_code_expects(empty: Database) -> None:
    assert current_revision(empty) is None
    assert upgrade(empty) == (None, newest_revision())
    assert current_revision(empty) == newest_revision()

    # A fresh engine: the first one connected when there was no schema yet.
    with empty.engine.connect() as connection:
        connection.dialect.default_schema_name = empty.schema or "main"
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_migrating_and_creating_draw_the_same_tables_and_indexes(
    empty: Database, database_url: str, tmp_path: Path
) -> None:
    """Alembic does not compare the conditions of partial indexes; the databases' own words do."""
    upgrade(empty)
    if empty.schema is None:
        created = open_database(f"sqlite:///{tmp_path}/created.db")
    else:
        created = open_database(database_url, f"{empty.schema}_created")
    with created.writing() as transaction:
        if created.schema is not None:
            transaction.execute(text(f'CREATE SCHEMA "{created.schema}"'))
        metadata.create_all(transaction.connection, checkfirst=False)
    try:
        assert drawn(empty) == drawn(created)
    finally:
        if created.schema is not None:
            with created.writing() as transaction:
                transaction.execute(text(f'DROP SCHEMA "{created.schema}" CASCADE'))
        created.dispose()


def test_the_copies_that_tests_begin_with_are_what_the_migrations_make(
    empty: Database, copies: Copies, database_url: str, tmp_path: Path
) -> None:
    upgrade(empty)
    if empty.schema is None:
        copy = copies.make(f"sqlite:///{tmp_path}/copy.db", "")
    else:
        copy = copies.make(database_url, f"{empty.schema}_copy")
    try:
        assert current_revision(copy) == newest_revision()
        assert drawn(copy) == drawn(empty) != []
    finally:
        drop_schemas(copy)
        copy.dispose()


def test_migrating_again_changes_nothing(empty: Database) -> None:
    upgrade(empty)
    before = drawn(empty)
    assert upgrade(empty) == (newest_revision(), newest_revision())
    assert drawn(empty) == before


def migrate_to(database: Database, revision: str) -> None:
    if database.schema is not None:
        with database.writing() as transaction:
            transaction.execute(text(f'CREATE SCHEMA "{database.schema}"'))
    with database.writing() as transaction:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = transaction.connection
        command.upgrade(config, revision)


FIRST_ROWS = """
    INSERT INTO shop (id, domain, created_at) VALUES (1, 'one.myshopify.com', :at);
    INSERT INTO shop_credential (shop_id, kind, ciphertext, updated_at)
    VALUES (1, 'access_token', :body, :at);
    INSERT INTO shopify_product_cache (shop_id, shopify_product_id, revision, shape, source, received_at,
        partial, wanted_at, last_synced_at, attempts, title, raw_data)
    VALUES (1, 7, 3, 'rest', 'webhook', :at, :no, :at, :at, 0, 'Shirt', :body);
    INSERT INTO field_change (commit_order, entity, entity_id, at) VALUES (1, 'product', 1, :at)
"""


def test_rows_of_the_first_version_come_along(empty: Database) -> None:
    migrate_to(empty, "0001")
    at = "2026-10-01 12:00:00+00" if empty.schema else 1_790_000_000_000_000
    values = {"at": at, "body": b'{"id":7}' * 2_000, "no": False}
    with empty.writing() as transaction:
        for statement in FIRST_ROWS.split(";"):
            transaction.execute(text(statement), values)

    assert upgrade(empty) == ("0001", newest_revision())
    with empty.reading() as transaction:
        (cached,) = transaction.execute(select(shopify_product_cache)).mappings()
        (change,) = transaction.execute(select(field_change)).mappings()
        (credential,) = transaction.execute(select(shop_credential)).mappings()
    assert (cached["shopify_product_id"], cached["revision"], cached["title"]) == (7, 3, "Shirt")
    assert bytes(cached["raw_data"]) == values["body"]
    assert cached["wanted_at"] is not None
    assert (cached["want_attempts"], cached["run_id"], change["run_id"]) == (0, None, None)
    assert (credential["kind"], credential["token_ciphertext"]) == ("access_token", None)


def test_bodies_stay_the_last_column(empty: Database) -> None:
    """SQLite walks through all of a long one to read what lies behind it."""
    upgrade(empty)
    if empty.schema is None:
        with empty.reading() as transaction:
            names = transaction.execute(text("PRAGMA table_info(shopify_product_cache)")).mappings().all()
        assert names[-1]["name"] == "raw_data"


def test_threads_that_migrate_at_once_all_find_it_done(
    empty: Database, database_url: str, schema: str
) -> None:
    others = [open_database(database_url, schema) for _ in range(3)]
    results = Running(*(lambda other=other: upgrade(other) for other in others)).join(60)
    assert {after for _, after in results} == {newest_revision()}
    assert current_revision(empty) == newest_revision()
    for other in others:
        other.dispose()


def test_processes_that_migrate_at_once_all_succeed(
    empty: Database, database_url: str, schema: str, tmp_path: Path
) -> None:
    settings = environment(database_url, schema, tmp_path)
    results = Running(*[lambda: run("db", "upgrade", **settings)] * 3).join(60)
    for result in results:
        assert (result.returncode, "Traceback" in result.stderr) == (0, False), result.stderr
    assert current_revision(empty) == newest_revision()


def test_there_is_no_way_back(empty: Database) -> None:
    for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions():
        assert not hasattr(script.module, "downgrade"), f"{script.revision} can be undone"
    assert "downgrade" not in run("db", "--help", **os.environ).stdout


def test_migrations_are_one_numbered_line() -> None:
    scripts = list(reversed(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())))
    numbers = [f"{number:04d}" for number in range(1, len(scripts) + 1)]
    assert [script.revision for script in scripts] == numbers
    assert [script.down_revision for script in scripts] == [None, *numbers[:-1]]
    assert all(Path(script.path).name.startswith(f"{script.revision}_") for script in scripts)


def test_a_database_of_a_newer_version_is_left_alone_and_said(
    empty: Database, database_url: str, schema: str, tmp_path: Path
) -> None:
    upgrade(empty)
    with empty.writing() as transaction:
        transaction.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = drawn(empty)

    with pytest.raises(BackroomError, match=r"9999.*newer"):
        upgrade(empty)
    settings = environment(database_url, schema, tmp_path)
    for arguments in (("db", "upgrade"), ("db", "check"), ("shop", "list"), ("serve", "--port", "0")):
        result = run(*arguments, **settings)
        assert result.returncode == 1
        assert "newer" in result.stderr
        assert "run `backroom db upgrade`" not in result.stderr
        assert "Traceback" not in result.stderr
    assert drawn(empty) == before


def test_a_migration_that_fails_half_way_leaves_nothing_behind(empty: Database) -> None:
    if empty.schema is not None:
        with empty.writing() as transaction:
            transaction.execute(text(f'CREATE SCHEMA "{empty.schema}"'))
    with empty.writing() as transaction:
        transaction.execute(text("CREATE TABLE webhook_delivery (id integer)"))
    with pytest.raises(BackroomError):
        upgrade(empty)
    with empty.engine.connect() as connection:
        assert inspect(connection).get_table_names(schema=empty.schema) == ["webhook_delivery"]
    assert current_revision(empty) is None
