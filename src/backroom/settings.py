"""What the environment says (`BACKROOM_*`), read once; and the home folder with the key in it.

Enters: environment variables, and `<home>/secret.key`. Leaves: a frozen `Settings`. What never happens
here: a secret in a repr or in an error (messages name the variable, never its value), or anything
written before somebody asks for the home or the keys.
"""

import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import SecretStr, StringConstraints, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from backroom.vocabulary.errors import BackroomError, Misuse

PREFIX: Final = "BACKROOM_"
SHORTEST_KEY_CHARACTERS: Final = 32
KEY_FILE: Final = "secret.key"
_ADDRESS: Final = re.compile(r"sqlite:///.+|postgres(ql)?://.*|\s*[a-z_]+\s*=.*", re.DOTALL)
_PUBLIC: Final = re.compile(r"https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/[^\s?#@\\]*)?", re.ASCII)
_WITH_PATH: Final = re.compile(r".*/api/webhooks/*", re.ASCII)
"""What is added to the public address, written to it already: webhooks would go where nobody listens."""
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ODD_AT: Final = re.compile(r"postgres(ql)?://([^@/?]*@[^/?]*@|[^@/?]*[/?][^?]*@).*", re.DOTALL)
"""An @, where libpq would take a part of the password for the host or the port, and print it."""


class HomeUnusable(BackroomError):
    """The home folder or the key in it can not be made or read."""


class Settings(BaseSettings):
    """The table in the documentation's page on settings, one field a row."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True, hide_input_in_errors=True
    )

    home: Path = Path(".backroom")
    """Folder for the database files and the generated key."""
    database_url: SecretStr | None = None
    """Secret, because it may hold a password. None: SQLite in the home."""
    database_schema: Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,40}$")] = "backroom"
    secret_key: SecretStr | None = None
    api_version: Annotated[str, StringConstraints(pattern=r"^20\d\d-(01|04|07|10)$")] = "2026-10"
    """Of Shopify's Admin API. They come out each quarter."""
    public_url: str | None = None
    """Where Shopify reaches us. By http only in tests: Shopify itself takes https alone."""
    log: Literal["text", "json"] | None = None
    """None: text on a terminal, else JSON."""

    @field_validator("database_url")
    @classmethod
    def _an_address(cls, value: SecretStr | None) -> SecretStr | None:
        # The driver would quote what it can't read, with the password in it.
        address = value.get_secret_value() if value else "sqlite:///x"
        if not _ADDRESS.fullmatch(address) or ("://" in address and _BROKEN_ESCAPE.search(address)):
            raise ValueError(
                "is neither sqlite:///FILE nor an address of a PostgreSQL (escape odd characters as %XX)"
            )
        if _ODD_AT.fullmatch(address):
            raise ValueError(
                "has an @ too many: write @ as %40, / as %2F and ? as %3F in the user and the password"
            )
        return value

    @field_validator("public_url")
    @classmethod
    def _a_public_address(cls, value: str | None) -> str | None:
        if value is not None and not _PUBLIC.fullmatch(value):
            raise ValueError("write https://HOST[/PATH], without a user, a query or a fragment")
        if value is not None and _WITH_PATH.fullmatch(value):
            raise ValueError("write https://HOST[/PATH] without /api/webhooks, which is added to it")
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _keys_in(value.get_secret_value())
        return value

    @property
    def database_address(self) -> str:
        """The database's address, password and all: for the driver, never for people."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home.absolute() / 'backroom.db'}"

    def make_home(self) -> Path:
        """The home folder, made (for its owner only) where it is missing. Raises HomeUnusable."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise HomeUnusable(f"the home folder {self.home} can not be made: {error.strerror}") from error
        return self.home

    def secret_keys(self) -> list[str]:
        """The keys of the vault, the one that encrypts first. Makes the key file where no key is set.

        Raises HomeUnusable.
        """
        if self.secret_key is not None:
            return _keys_in(self.secret_key.get_secret_value())
        path = self.make_home() / KEY_FILE
        try:
            return _keys_in(_read_or_make(path))
        except ValueError as error:
            raise HomeUnusable(f"{path}: {error}") from None
        except OSError as error:
            raise HomeUnusable(f"the key file {path} can not be read or made: {error.strerror}") from error


def read_settings() -> Settings:
    """The settings that the environment holds. Raises Misuse, naming every variable that is wrong."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(
        name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known
    )
    if unknown:
        raise Misuse(f"no such setting: {', '.join(unknown)} (there are {', '.join(sorted(known))})")
    try:
        return Settings()
    except ValidationError as error:
        raise Misuse("; ".join(_complaint(found["loc"], found["msg"]) for found in error.errors())) from None


def _complaint(location: tuple[int | str, ...], message: str) -> str:
    name = PREFIX + str(location[0]).upper() if location else "a setting"
    return f"{name}: {message.removeprefix('Value error, ')}"


def _keys_in(text: str) -> list[str]:
    keys = [key.strip() for key in text.split(",") if key.strip()]
    if not keys or min(map(len, keys)) < SHORTEST_KEY_CHARACTERS:
        raise ValueError(f"each key needs at least {SHORTEST_KEY_CHARACTERS} characters")
    return keys


def _read_or_make(path: Path) -> str:
    if not path.exists():
        _make_key_file(path)
    with path.open() as file:
        # Of the open file, so that nobody swaps it between the look and the read.
        if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError(f"others can read it; run: chmod 600 {path}")
        return file.read()


def _make_key_file(path: Path) -> None:
    """Two processes may start at once: the file appears whole under its name, and only once."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
