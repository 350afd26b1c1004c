import os
import threading
from pathlib import Path

import pytest

from backroom.registration.desired import address_of
from backroom.settings import KEY_FILE, HomeUnusable, read_settings
from backroom.vocabulary.errors import Misuse

HUSH = "hush-hush"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("BACKROOM_HOME", str(folder))
    return folder


def test_the_database_lies_in_the_home_unless_said_otherwise(home: Path) -> None:
    assert read_settings().database_address == f"sqlite:///{home}/backroom.db"


def test_reading_the_settings_makes_no_folder(home: Path) -> None:
    read_settings()
    assert not home.exists()


def test_the_home_is_its_owners_only(home: Path) -> None:
    read_settings().make_home()
    assert home.stat().st_mode & 0o777 == 0o700


def test_an_unknown_variable_stops_the_start_and_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKROOM_DATABSE_URL", HUSH)
    with pytest.raises(Misuse, match="BACKROOM_DATABSE_URL") as error:
        read_settings()
    assert HUSH not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://backroom.example.com",
        "https://example.com:8443/back/room/",
        "http://127.0.0.1:9",
        "http://[::1]:9",
        "https://example.com/api/webhooks-of-ours",
        "https://example.com/api/webhooks/backroom",
    ],
)
def test_a_public_address_is_a_host_and_a_path(
    home: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("BACKROOM_PUBLIC_URL", address)
    assert read_settings().public_url == address


def test_a_wrong_public_address_is_told_in_one_plain_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKROOM_PUBLIC_URL", "example.com")
    words = "BACKROOM_PUBLIC_URL: write https://HOST[/PATH], without a user, a query or a fragment"
    with pytest.raises(Misuse) as error:
        read_settings()
    assert str(error.value) == words


@pytest.mark.parametrize("end", ["", "/", "//"])
@pytest.mark.parametrize("address", ["https://hush-hush", "http://127.0.0.1:9/back/room/"])
def test_a_public_address_is_written_without_the_path_that_is_added_to_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, address: str, end: str
) -> None:
    monkeypatch.setenv("BACKROOM_PUBLIC_URL", address_of(address) + end)
    with pytest.raises(Misuse) as error:
        read_settings()
    words = "BACKROOM_PUBLIC_URL: write https://HOST[/PATH] without /api/webhooks, which is added to it"
    assert str(error.value) == words


def test_an_empty_variable_is_as_good_as_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKROOM_LOG", "")
    assert read_settings().log is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BACKROOM_SECRET_KEY", HUSH),
        ("BACKROOM_SECRET_KEY", "x" * 32 + "," + HUSH),
        ("BACKROOM_LOG", HUSH),
        ("BACKROOM_DATABASE_URL", f"mysql://user:{HUSH}@host/db"),
        ("BACKROOM_DATABASE_URL", f"postgresql://user:{HUSH}%zz@host/db"),
        ("BACKROOM_DATABASE_URL", f"postgresql://user:pa@{HUSH}@host/db"),
        ("BACKROOM_DATABASE_URL", f"postgres://user:{HUSH}/pa@host/db"),
        ("BACKROOM_DATABASE_URL", f"postgresql://user:{HUSH}?pa@host/db"),
        ("BACKROOM_DATABASE_SCHEMA", f"{HUSH}; drop"),
        ("BACKROOM_PUBLIC_URL", HUSH),
        ("BACKROOM_PUBLIC_URL", f"https://user:{HUSH}@host"),
        ("BACKROOM_PUBLIC_URL", f"https://host/?q={HUSH}"),
        ("BACKROOM_PUBLIC_URL", f"https://host/#{HUSH}"),
        ("BACKROOM_PUBLIC_URL", f"https:///{HUSH}"),
        ("BACKROOM_PUBLIC_URL", f"ftp://host/{HUSH}"),
    ],
)
def test_a_wrong_value_is_named_by_its_variable_and_never_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Misuse, match=name) as error:
        read_settings()
    assert HUSH not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:////srv/me@home/x@y.db",
        "postgresql://user:p%40ss@host/db",
        "postgresql://host/db?application_name=me@home",
        "postgresql:///db?host=/run&user=me@home",
        "host=/run user=me@home@work",
    ],
)
def test_an_address_may_have_an_at_where_it_is_no_part_of_a_password(
    home: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("BACKROOM_DATABASE_URL", address)
    assert read_settings().database_address == address


def test_secrets_are_not_in_the_repr(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKROOM_SECRET_KEY", HUSH * 4)
    monkeypatch.setenv("BACKROOM_DATABASE_URL", f"postgresql://user:{HUSH}@host/db")
    settings = read_settings()
    assert HUSH not in repr(settings) + str(settings)
    assert settings.secret_keys() == [HUSH * 4]


def test_several_keys_come_comma_separated_the_first_one_first(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKROOM_SECRET_KEY", f"{'a' * 32}, {'b' * 32}")
    assert read_settings().secret_keys() == ["a" * 32, "b" * 32]


def test_a_key_is_made_once_and_only_its_owner_can_read_it(home: Path) -> None:
    keys = read_settings().secret_keys()
    assert keys == read_settings().secret_keys()
    assert (home / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in home.iterdir()] == [KEY_FILE]


def test_two_that_start_at_once_agree_on_the_key(home: Path) -> None:
    settings = read_settings()
    settings.make_home()
    together = threading.Barrier(8)
    found: list[list[str]] = []

    def start() -> None:
        together.wait()
        found.append(settings.secret_keys())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(keys == found[0] for keys in found)


def test_a_key_file_that_others_can_read_stops_the_start(home: Path) -> None:
    read_settings().secret_keys()
    (home / KEY_FILE).chmod(0o640)
    with pytest.raises(HomeUnusable, match="chmod 600"):
        read_settings().secret_keys()


def test_a_key_file_with_too_little_in_it_stops_the_start(home: Path) -> None:
    path = read_settings().make_home() / KEY_FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, HUSH.encode())
    os.close(descriptor)
    with pytest.raises(HomeUnusable, match="32 characters") as error:
        read_settings().secret_keys()
    assert HUSH not in str(error.value)
