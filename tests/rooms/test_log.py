import io
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import Any

import pytest

from backroom.observe.log import Seldom, get_log, set_up_logging
from tests.untouched import logging_as_it_was
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    with logging_as_it_was():
        yield


def test_a_line_is_one_json_object_with_its_event_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    get_log("room").info("thing.happened", rows=3)
    said = capsys.readouterr()
    line = json.loads(said.err)
    assert (line["event"], line["rows"], line["level"], line["logger"]) == (
        "thing.happened",
        3,
        "info",
        "backroom.room",
    )
    assert said.out == ""


def test_libraries_leave_through_the_same_door(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    logging.getLogger("uvicorn.error").warning("odd %s", "request")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["message"], line["logger"]) == (
        "library.reported",
        "odd request",
        "uvicorn.error",
    )


def test_bad_requests_can_not_flood_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a login, each costs its sender nothing."""
    set_up_logging("json")
    library = logging.getLogger("uvicorn.error")
    for number in range(500):
        library.warning("Invalid HTTP request number %d received.", number)
    library.error("an error")
    library.error("an error")

    def line() -> dict[str, Any] | None:
        library.warning("Invalid HTTP request number %d received.", 500)
        said.extend(json.loads(each) for each in capsys.readouterr().err.splitlines())
        return said[-1] if said and said[-1].get("suppressed") else None

    said: list[dict[str, Any]] = []
    last = eventually(line, "the next line says how many were held back")
    # A machine that is slow may take more than a second for the first 500.
    warnings = [each for each in said if each["level"] == "warning"]
    assert len(warnings) <= 5
    assert last["suppressed"] + len(warnings) >= 500
    assert [each["message"] for each in said if each["level"] == "error"] == ["an error"] * 2


def test_the_chatter_of_libraries_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    logging.getLogger("uvicorn.error").info("Started server process")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_traceback_shows_no_local_variables(capsys: pytest.CaptureFixture[str], form: str) -> None:
    set_up_logging("json" if form == "json" else "text")
    token = "hush" + "-hush"
    try:
        raise RuntimeError("broken" if token else "")
    except RuntimeError:
        get_log("room").exception("thing.broke")
    said = capsys.readouterr().err
    assert "RuntimeError: broken" in said
    assert "hush-hush" not in said


def test_without_a_terminal_the_log_is_json_and_with_text_it_has_no_colours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging(None)
    get_log("room").info("thing.happened")
    assert json.loads(capsys.readouterr().err)["event"] == "thing.happened"
    set_up_logging("text")
    get_log("room").info("thing.happened", rows=3)
    said = capsys.readouterr().err
    assert "thing.happened" in said
    assert "\x1b" not in said


def test_python_warnings_are_log_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        set_up_logging("json")
        warnings.warn("old ways", stacklevel=1)
        logging.captureWarnings(False)
    assert "old ways" in json.loads(capsys.readouterr().err)["message"]


def test_a_seldom_line_says_how_many_it_held_back() -> None:
    hourly = Seldom(seconds=3600)
    assert hourly.pass_on("slow") == 0
    assert hourly.pass_on("slow") is None
    assert hourly.pass_on("unauthorized") == 0
    always = Seldom(seconds=0)
    assert [always.pass_on("slow"), always.pass_on("slow")] == [0, 0]


class Broken(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, text: str, /) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise OSError


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("how", ["its reader is gone", "it is closed"])
def test_a_stream_that_broke_is_no_error_for_whoever_writes_a_line(form: str, how: str) -> None:
    stream = Broken() if how == "its reader is gone" else io.StringIO()
    with redirect_stderr(stream):
        set_up_logging("json" if form == "json" else "text")
        if how == "it is closed":
            stream.close()
        get_log("room").info("thing.happened")
        logging.getLogger("uvicorn.error").warning("odd request")
