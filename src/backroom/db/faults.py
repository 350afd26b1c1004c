"""Driver errors, sorted into the one question a worker asks: try again, or is this row guilty?

Only what the row's own content can provoke is Terminal (a value that does not fit, a broken
constraint). Everything else, a missing table included, is Transient: it would hit every row alike,
so no row may be blamed.
"""

import re
import sqlite3
from typing import Final

import psycopg
from sqlalchemy import exc

from backroom.vocabulary.errors import BackroomError, StoreUnavailable, Terminal, Transient

DRIVER_ERRORS: Final = (exc.SQLAlchemyError, sqlite3.Error, psycopg.Error, OverflowError, UnicodeEncodeError)

_GUILTY_SQLITE = ("SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH")
_GUILTY_SQLSTATE = ("22", "23", "54")
_RETRY_SQLSTATE = ("40",)
_QUOTED_ADDRESS = re.compile(
    r"(?<=failed to resolve host )'.*'"
    r'|(?<=translate host name )".*"'
    r'|(?<=invalid integer value )".*"(?= for)'
)
"""A part of the address that was taken for the host or the port; it may be one of the password."""


def translated(error: BaseException) -> BackroomError:
    """The error in our words, without the statement's parameters (they may hold a customer's data)."""
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, psycopg.Error):
        return _of_postgres(error)
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    if isinstance(error, (OverflowError, UnicodeEncodeError, exc.StatementError)):
        return Terminal(f"the database can not store a value: {_first_line(error)}")
    return StoreUnavailable(_first_line(error))


def _of_postgres(error: psycopg.Error) -> BackroomError:
    state = error.sqlstate or ""
    if state.startswith(_GUILTY_SQLSTATE) or (not state and isinstance(error, psycopg.DataError)):
        return Terminal(f"the database refused a value: {_first_line(error)}")
    if state.startswith(_RETRY_SQLSTATE):
        return Transient(_first_line(error))
    return StoreUnavailable(_first_line(error))


def _of_sqlite(error: sqlite3.Error) -> BackroomError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(_GUILTY_SQLITE) or isinstance(error, (sqlite3.IntegrityError, sqlite3.DataError)):
        return Terminal(f"the database refused a value: {_first_line(error)}")
    return StoreUnavailable(_first_line(error))


def _first_line(error: BaseException) -> str:
    """The message's first line: what follows quotes the row (DETAIL) or the statement. No address in it."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return _QUOTED_ADDRESS.sub("'...'", line)[:200]
