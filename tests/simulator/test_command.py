import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from shopify_simulator.__main__ import app
from shopify_simulator.webhooks.faults import CHANCES, REACHES
from shopify_simulator.webhooks.signing import sign
from tests.simulator.receiver import Receiver
from tests.waiting import eventually

COMMAND = [sys.executable, "-m", "shopify_simulator"]
READY = re.compile(r"simulating (\S+) on (http://127\.0\.0\.1:\d+)\n")


@contextmanager
def running(*arguments: str, stdin: str = "") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program as a process of its own, and the address that it prints."""
    process = subprocess.Popen(
        [*COMMAND, "--products", "5", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        line = process.stdout.readline()
        found = READY.fullmatch(line)
        assert found, line + process.communicate()[1]
        yield process, found[2]
    finally:
        process.kill()
        process.communicate()


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "80"}
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env=environment,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_lives_and_ends_cleanly(number: signal.Signals) -> None:
    with (
        Receiver() as receiver,
        running("--secret-stdin", "--deliver-to", receiver.url, "--rate", "50", stdin="hush\n") as (
            process,
            url,
        ),
    ):
        assert httpx.get(f"{url}/control/health", trust_env=False).json() == {"domain": "demo.myshopify.com"}
        first = eventually(lambda: receiver.received[:1], "a delivery")[0]
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout, stderr) == (0, "", "")
    assert first.headers["x-shopify-hmac-sha256"] == sign(first.body, "hush")


def test_the_options_reach_the_shop(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush\nstore\n")
    with (
        Receiver() as receiver,
        running(
            *("--secret-file", str(secret), "--domain", "shirts.myshopify.com", "--seed", "4"),
            *("--deliver-to", receiver.url, "--topics", "products/update", "--made-by", "merchant"),
            *("--faults", "id_only=1,duplicate=0.5,delay_seconds=0.5,reorder_window=3"),
        ) as (_, url),
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        assert client.get("/control/health").json() == {"domain": "shirts.myshopify.com"}
        assert {each["made_by"] for each in client.get("/control/subscriptions").json()} == {"merchant"}
        faults = client.get("/control/faults").json()
        assert (faults["seed"], faults["id_only"], faults["duplicate"]) == (4, 1, 0.5)
        assert (faults["delay_seconds"], faults["reorder_window"]) == (0.5, 3)
        client.post("/control/announce")
        first = eventually(lambda: receiver.received[:1], "a delivery")[0]
    assert first.headers["x-shopify-hmac-sha256"] == sign(first.body, "store")
    assert first.headers["x-shopify-shop-domain"] == "shirts.myshopify.com"


def test_the_options_reach_the_admin_api() -> None:
    with (
        running(
            *("--secret-stdin", "--client-id", "erp", "--plan", "plus", "--bulk-order", "parted"),
            *("--bulk-seconds", "2", "--admin-faults", "download.cut=0.5,hang_seconds=3"),
            stdin="hush\n\nshpat_fixed\n",
        ) as (_, url),
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        answer = client.post(
            "/admin/api/2026-10/graphql.json",
            json={"query": "{ shop { name plan { publicDisplayName } } }"},
            headers={"X-Shopify-Access-Token": "shpat_fixed"},
        ).json()
        assert answer["data"]["shop"] == {"name": "Demo", "plan": {"publicDisplayName": "Plus"}}
        assert answer["extensions"]["cost"]["throttleStatus"]["maximumAvailable"] == 20_000
        form = {"client_id": "erp", "client_secret": "hush", "grant_type": "client_credentials"}
        assert client.post("/admin/oauth/access_token", data=form).status_code == 200
        ways = client.get("/control/admin").json()["bulk"]
        assert (ways["order"], ways["seconds"]) == ("parted", 2)
        faults = client.get("/control/admin/faults").json()
        assert (faults["download"], faults["hang_seconds"]) == ({"cut": 0.5}, 3)


def test_one_line_tells_on_stderr_of_a_removed_subscription_and_each_delivery_given_up() -> None:
    gone = "http://127.0.0.1:9/"
    with running(
        *("--secret-stdin", "--deliver-to", gone, "--made-by", "api", "--topics", "products/update"),
        *("--time-scale", "1000000"),
        stdin="hush",
    ) as (process, url):
        httpx.post(f"{url}/control/announce", trust_env=False)
        eventually(
            lambda: httpx.get(f"{url}/control/status", trust_env=False).json()["given_up"] == 5,
            "all are given up",
        )
        process.terminate()
        _, stderr = process.communicate(timeout=30)
    lines = [line.split()[0] for line in stderr.splitlines()]
    assert sorted(lines) == ["delivery.given_up"] * 5 + ["subscription.removed"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--deliver-to", "http://127.0.0.1:9/"], "secret"),
        (["--secret-stdin"], "the secret is empty"),
        (["--secret-file", "/nowhere/at/all"], "secret-file"),
        (["--faults", "explode=1"], "explode"),
        (["--faults", "drop=often"], "drop"),
        (["--faults", "drop=3"], "drop is a probability"),
        (["--faults", "reorder_window=1.5"], "reorder_window"),
        (["--faults", "delay_seconds=0"], "delay_seconds is more"),
        (["--secret-stdin", "--secret-file", __file__], "one of"),
        (["--products", "0"], "products"),
        (["--rate", "-1"], "rate"),
        (["--domain", "shirts.example"], "myshopify.com"),
        (["--plan", "gold"], "--plan is one of"),
        (["--bulk-order", "sideways"], "bulk-order"),
        (["--admin-faults", "request.explode=1"], "request.explode"),
        (["--admin-faults", "bulk.fail=often"], "bulk.fail"),
        (["--admin-faults", "explode=1"], "explode"),
    ],
    ids=str,
)
def test_wrong_usage_ends_with_2_and_a_reason(arguments: list[str], says: str) -> None:
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 2
    assert says in ended.stderr


def test_an_address_that_others_reach_is_wrong_usage() -> None:
    ended = run("--host", "0.0.0.0")
    assert ended.returncode == 2
    assert "--any-host allows it" in ended.stderr


def test_a_topic_that_there_is_not_is_wrong_usage() -> None:
    ended = run(
        "--secret-stdin", "--deliver-to", "http://127.0.0.1:9/", "--topics", "products/updates", stdin="x"
    )
    assert ended.returncode == 2
    assert "topic" in ended.stderr


def test_a_wrong_receiver_is_wrong_usage_and_the_secret_does_not_show() -> None:
    ended = run("--secret-stdin", "--deliver-to", "ftp://erp.example/", stdin="hush-hush-hush")
    assert ended.returncode == 2
    assert "uri" in ended.stderr
    assert "hush" not in ended.stderr + ended.stdout


def test_a_port_that_is_taken_ends_with_1_and_one_sentence() -> None:
    with running() as (_, url):
        ended = run("--port", url.rpartition(":")[2])
    assert ended.returncode == 1
    assert ended.stderr.startswith("cannot listen on 127.0.0.1:")
    assert len(ended.stderr.splitlines()) == 1


def test_the_help_names_every_option_and_shows_an_example() -> None:
    helped = run("--help").stdout
    options = "host port domain products seed deliver-to topics secret-file secret-stdin rate faults"
    for (
        option
    ) in f"{options} time-scale any-host made-by client-id plan bulk-seconds bulk-order admin-faults".split():
        assert f"--{option} " in helped
    for name in (*CHANCES, *REACHES):
        assert name in helped
    assert "Example" in helped
    assert max(len(line) for line in helped.splitlines()) <= 80
