import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import typer
from typer.main import get_command

from backroom import __version__
from backroom.cli import app
from tests.cli.conftest import Backroom
from tests.waiting import eventually
from tests.web.front import headers_of

DOMAIN = "demo.myshopify.com"
TRIED = f"nothing was asked of Shopify: `backroom shop test {DOMAIN}` tries it\n"
OPENING = json.dumps({"access_token": "hush-token", "webhook_secrets": ["hush"]})


def commands(command: object = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every command with its help text, groups included."""
    command = command or get_command(app)
    yield path, str(getattr(command, "help", "") or "")
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


@pytest.mark.parametrize(
    "path", [path for path, _ in commands()], ids=lambda path: " ".join(path) or "backroom"
)
def test_every_command_has_help(backroom: Backroom, home: Path, path: tuple[str, ...]) -> None:
    said = backroom(*path, "--help")
    assert said.code == 0
    assert "Usage:" in said.out
    assert dict(commands())[path]
    assert not home.exists(), "asking for help makes nothing"


def test_a_shop_is_added_before_any_serve_and_its_secrets_are_not_shown(
    backroom: Backroom, home: Path
) -> None:
    said = backroom("shop", "add", "Demo.myshopify.com", stdin=OPENING)
    assert (said.code, said.err) == (0, TRIED), "not that the database was made, either"
    (shop,) = backroom("shop", "list", "--json").json
    assert (shop["domain"], shop["credential"], shop["webhook_secrets"]) == (DOMAIN, "access_token", 1)
    shown = said.out + said.err
    for words in (["list"], ["list", "--json"], ["secret", "list", DOMAIN], ["settings", DOMAIN]):
        answer = backroom("shop", *words)
        assert answer.code == 0
        shown += answer.out + answer.err
    assert "hush" not in shown
    assert b"hush" not in (home / "backroom.db").read_bytes() + (home / "secret.key").read_bytes()


def test_a_shop_without_webhook_secrets_is_added_with_a_warning(backroom: Backroom) -> None:
    said = backroom("shop", "add", DOMAIN, stdin='{"access_token": "t"}')
    assert said.code == 0
    assert "no webhook will be accepted" in said.err


def test_a_client_secret_without_its_id_is_added_and_said_to_fetch_nothing(backroom: Backroom) -> None:
    said = backroom("shop", "add", DOMAIN, stdin='{"client_secret": "c"}')
    assert (said.code, said.out) == (0, f"{DOMAIN} is open; 1 webhook secret\n")
    assert f"`backroom shop add {DOMAIN} --client-id ID`" in said.err
    assert "shop test" not in said.err, "it would be refused"
    said = backroom("shop", "add", DOMAIN, "--client-id", "id", stdin='{"client_secret": "c"}')
    assert (said.out, said.err) == (f"{DOMAIN} is open; 1 webhook secret\n", TRIED)
    said = backroom("shop", "add", DOMAIN, stdin='{"client_secret": "d"}')
    assert "2 webhook secrets; the older ones stay valid until `backroom shop secret remove" in said.out
    assert said.err == TRIED, "the client id is there yet"


def test_a_client_id_and_an_api_url_are_kept(backroom: Backroom) -> None:
    backroom(
        "shop",
        "add",
        DOMAIN,
        "--client-id",
        "id",
        "--api-url",
        "http://127.0.0.1:9/",
        stdin='{"client_secret": "c"}',
    )
    (shop,) = backroom("shop", "list", "--json").json
    assert (shop["client_id"], shop["api_url"]) == ("id", "http://127.0.0.1:9")


@pytest.mark.parametrize(
    "stdin", ["", "hush", '{"hush": 1}', '{"access_token": "hush", "client_secret": "hush"}']
)
def test_a_shop_that_is_added_wrongly_is_wrong_usage_in_one_sentence(backroom: Backroom, stdin: str) -> None:
    said = backroom("shop", "add", DOMAIN, stdin=stdin)
    assert said.code == 2
    assert said.err.startswith("backroom: ")
    assert len(said.err.splitlines()) == 1
    assert '"hush"' not in said.err.replace('"hush": 1', "")


def test_settings_of_a_shop(backroom: Backroom) -> None:
    backroom("shop", "add", DOMAIN, stdin=OPENING)
    assert backroom("shop", "set", DOMAIN, "currency", "eur").out == "currency = EUR\n"
    values = {row["key"]: row["value"] for row in backroom("shop", "settings", DOMAIN, "--json").json}
    assert values == {"currency": "EUR", "api_url": None, "keep_deliveries": None, "keep_history": None}
    assert backroom("shop", "set", DOMAIN, "keep_deliveries", "90").out == "keep_deliveries = 90\n"
    assert backroom("shop", "set", DOMAIN, "keep_deliveries", "6").code == 2
    assert backroom("shop", "set", DOMAIN, "currency", "").code == 0
    assert backroom("shop", "set", DOMAIN, "colour", "red").code == 2
    assert backroom("shop", "set", DOMAIN, "currency", "euros").code == 2


def test_webhook_secrets_come_and_go(backroom: Backroom) -> None:
    backroom("shop", "add", DOMAIN, stdin='{"access_token": "t"}')
    assert backroom("shop", "secret", "add", DOMAIN, stdin="hush\n").code == 0
    assert backroom("shop", "secret", "add", DOMAIN, stdin="hush").code == 0
    (secret,) = backroom("shop", "secret", "list", DOMAIN, "--json").json
    columns = {"id", "fingerprint", "source", "created_at", "last_used_at", "use_count"}
    assert set(secret) == columns | {"opens_api", "may_go", "advice"}
    said = backroom("shop", "secret", "remove", DOMAIN, str(secret["id"]))
    assert (said.code, said.out) == (1, "")
    assert "is the only one: without it every webhook is refused. Add another one first" in said.err
    said = backroom("shop", "secret", "remove", DOMAIN, str(secret["id"]), "--force")
    assert said.code == 0
    assert "no webhook of this shop will be accepted" in said.err
    assert backroom("shop", "secret", "remove", DOMAIN, str(secret["id"])).code == 1
    assert backroom("shop", "secret", "add", DOMAIN, stdin="").code == 2


def test_the_secret_that_opens_the_api_is_marked_and_not_removed_in_passing(backroom: Backroom) -> None:
    backroom("shop", "add", DOMAIN, "--client-id", "c", stdin='{"client_secret": "old"}')
    backroom("shop", "add", DOMAIN, stdin='{"client_secret": "new"}')
    old, new = backroom("shop", "secret", "list", DOMAIN, "--json").json
    assert (old["opens_api"], new["opens_api"]) == (False, True)
    listed = backroom("shop", "secret", "list", DOMAIN).out
    assert "opens the API; new" in listed
    assert "False" not in listed
    said = backroom("shop", "secret", "remove", DOMAIN, str(new["id"]))
    assert said.code == 1
    assert "is the app's present client secret" in said.err
    assert backroom("shop", "secret", "remove", DOMAIN, str(old["id"])).code == 0


def test_a_client_secret_that_is_given_again_is_the_present_one_again(backroom: Backroom) -> None:
    """The way back from a mistyped one."""
    for secret in ("right", "mistyped", "right"):
        backroom("shop", "add", DOMAIN, "--client-id", "c", stdin=f'{{"client_secret": "{secret}"}}')
    right, mistyped = backroom("shop", "secret", "list", DOMAIN, "--json").json
    assert (right["opens_api"], mistyped["opens_api"]) == (True, False)
    assert backroom("shop", "secret", "remove", DOMAIN, str(mistyped["id"])).code == 0


def test_a_removed_shop_is_gone_and_comes_back(backroom: Backroom) -> None:
    backroom("shop", "add", DOMAIN, stdin=OPENING)
    assert backroom("shop", "remove", DOMAIN).code == 0
    assert backroom("shop", "list", "--json").json == []
    assert backroom("shop", "remove", DOMAIN).code == 1
    backroom("shop", "add", DOMAIN, stdin=OPENING)
    assert len(backroom("shop", "list", "--json").json) == 1


def test_a_token_is_printed_alone_on_the_last_line_and_never_again(backroom: Backroom) -> None:
    token = backroom("token", "create", "till", "--role", "operator").last_line
    assert token.startswith("bkr_")
    assert token == token.strip()
    listed = backroom("token", "list", "--json")
    assert [(row["name"], row["role"]) for row in listed.json] == [("till", "operator")]
    assert token not in listed.out
    assert backroom("token", "create", "till").code == 2
    assert backroom("token", "revoke", "till").code == 0
    assert backroom("token", "list", "--json").json == []
    assert backroom("token", "revoke", "till").code == 1
    assert backroom("token", "create", "till", "--role", "king").code == 2


def test_the_database_is_checked_and_brought_up_to_date(backroom: Backroom) -> None:
    said = backroom("db", "check")
    assert said.code == 1
    assert "there are no tables yet: run `backroom db upgrade` or `backroom serve`" in said.err
    assert backroom("shop", "list").code == 1
    assert "migrated from nothing" in backroom("db", "upgrade").out
    assert "already at" in backroom("db", "upgrade").out
    assert backroom("db", "check").code == 0
    assert backroom("shop", "list").out.startswith("no shops")


def test_wrong_usage_is_2_and_a_failure_is_1_with_one_sentence(
    backroom: Backroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backroom("nonsense").code == 2
    assert backroom("serve", "--port", "x").code == 2
    monkeypatch.setenv("BACKROOM_TYPO", "1")
    said = backroom("db", "check")
    assert (said.code, "BACKROOM_TYPO" in said.err) == (2, True)
    monkeypatch.delenv("BACKROOM_TYPO")
    monkeypatch.setenv("BACKROOM_DATABASE_URL", "postgresql://me:hush@127.0.0.1:1/none")
    said = backroom("db", "check")
    assert said.code == 1
    assert "Traceback" not in said.err
    assert "hush" not in said.err


def test_a_home_that_can_not_be_made_or_read_is_a_failure(backroom: Backroom, home: Path) -> None:
    home.write_text("no folder")
    said = backroom("status")
    assert (said.code, said.err) == (1, f"backroom: the home folder {home} can not be made: File exists\n")
    home.unlink()
    (home / "secret.key").mkdir(parents=True)
    said = backroom("db", "upgrade")
    assert (said.code, "can not be read" in said.err) == (1, True)


@pytest.mark.parametrize("words", [("add",), ("secret", "add")])
def test_a_closed_standard_input_is_one_sentence(home: Path, words: tuple[str, ...]) -> None:
    command = f'exec "{sys.executable}" -m backroom shop {" ".join(words)} {DOMAIN} <&-'
    ended = subprocess.run(["/bin/sh", "-c", command], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (2, "backroom: there is no standard input to read\n")


@pytest.mark.parametrize(
    "address",
    [
        "host=127.0.0.1 password=a hush",
        "postgresql://me:hush@[bad/x",
        "postgresql://me:hu sh@127.0.0.1/x",
        "postgresql://me:hush@127.0.0.1:1/x?hush=1",
    ],
)
def test_an_address_that_can_not_be_read_is_not_quoted(
    backroom: Backroom, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("BACKROOM_DATABASE_URL", address)
    said = backroom("db", "check")
    assert said.code == 2
    assert "address can not be read" in said.err
    assert not any(part in said.err for part in ("hush", "hu sh", "me:"))


def test_the_doctor_finds_a_healthy_house_healthy(
    backroom: Backroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKROOM_PUBLIC_URL", "https://backroom.example.com")
    backroom("shop", "add", DOMAIN, stdin=OPENING)
    said = backroom("doctor", "--json")
    assert said.code == 0
    states = {row["check"]: row["state"] for row in said.json}
    assert {name for name, state in states.items() if state != "ok"} == {"workers"}
    assert {"settings", "home", "key", "database", "tables", "journal", "shops", "codes"} <= set(states)


def test_the_doctor_says_what_is_broken_and_what_to_do(
    backroom: Backroom, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    said = backroom("doctor", "--json")
    assert said.code == 1
    (tables,) = (row for row in said.json if row["state"] == "fail")
    assert (tables["found"], tables["advice"]) == ("there are no tables yet", "backroom db upgrade")
    backroom("shop", "add", DOMAIN, stdin=OPENING)
    home.chmod(0o755)
    monkeypatch.setenv("BACKROOM_SECRET_KEY", "y" * 40)
    said = backroom("doctor", "--json")
    assert said.code == 1
    rows = {row["check"]: row for row in said.json}
    assert rows["shops"]["state"] == "fail"
    assert rows["home"]["state"] == "warn"
    assert rows["home"]["advice"].startswith("chmod 700")


class Serving:
    """A real `backroom serve`, its log and its address."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.log = home.parent / "serve.log"
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "backroom", "serve", "--port", "0", *arguments],
                env={**os.environ, "BACKROOM_LOG": "json"},
                stderr=file,
                start_new_session=True,
            )
        eventually(lambda: self.told("serve.started"), "the address in the log")
        (address,) = [line["address"] for line in self.lines() if line["event"] == "serve.started"]
        self.http = httpx.Client(base_url=address, timeout=20)
        eventually(lambda: self.http.get("/readyz").status_code == 200, "serve ready")

    def lines(self) -> list[dict[str, str]]:
        return [
            json.loads(line)
            for line in self.log.read_text().splitlines()
            if line.startswith("{") and line.endswith("}")
        ]

    def told(self, event: str) -> list[dict[str, str]]:
        return [line for line in self.lines() if line["event"] == event]

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def serving(home: Path, *arguments: str) -> Iterator[Serving]:
    served = Serving(home, *arguments)
    try:
        yield served
    finally:
        served.http.close()
        if served.process.poll() is None:
            os.killpg(served.process.pid, signal.SIGKILL)
        served.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_migrates_receives_works_and_stops_cleanly(backroom: Backroom, home: Path, number: int) -> None:
    backroom("shop", "add", DOMAIN, stdin=OPENING)
    with serving(home, "--workers", "2") as served:
        assert served.http.post("/api/webhooks", content=b"{}", headers=headers_of(b"{}")).status_code == 200
        eventually(lambda: len(served.family()) == 2, "two workers")
        eventually(
            lambda: sum(line["event"] == "worker.started" for line in served.lines()) == 2,
            "two workers started",
        )
        workers = served.family()
        os.kill(served.process.pid, number)
        assert served.process.wait(15) == 0
        assert not any(worker.is_running() for worker in workers)
        events = [line["event"] for line in served.lines()]
        assert events[-1] == "serve.stopped"
        assert "webhook.batch_stored" in events
        assert "library.reported" not in events


def test_workers_end_when_serve_is_killed(backroom: Backroom, home: Path) -> None:
    with serving(home) as served:
        eventually(
            lambda: any(line["event"] == "worker.started" for line in served.lines()), "the worker started"
        )
        workers = served.family()
        served.process.kill()
        assert psutil.wait_procs(workers, timeout=15)[1] == []


def test_without_a_worker_serve_only_receives(backroom: Backroom, home: Path) -> None:
    with serving(home, "--no-worker") as served:
        assert served.family() == []


def test_an_address_in_use_is_one_sentence(backroom: Backroom) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = backroom("serve", "--port", str(port))
    assert said.code == 1
    assert f"backroom: can not listen on 127.0.0.1:{port}: Address already in use\n" in said.err


def test_typer_shows_no_local_variables() -> None:
    assert isinstance(app, typer.Typer)
    assert app.pretty_exceptions_enable is False


def test_the_version_is_what_support_asks_for_first() -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "backroom", "--version"], capture_output=True, text=True, check=True
    )
    assert asked.stdout == f"backroom {__version__}\n"
