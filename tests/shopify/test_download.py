import errno
import os
import re
from pathlib import Path

import httpx
import pytest

from backroom.shopify.download import download
from backroom.vocabulary.errors import Terminal, Unreachable, UrlExpired
from tests.shopify.stub import Time

CONTENT = bytes(range(256)) * 40
URL = "https://storage.example/file?signature=topsecret"


class Cut(httpx.SyncByteStream):
    """Breaks off after some bytes."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content, self._at = content, at

    def __iter__(self):  # type: ignore[no-untyped-def]
        yield self._content[: self._at]
        raise httpx.ReadError("reset")


class Storage:
    """A file behind a signed url. `cuts`: after how many bytes each transfer breaks off."""

    def __init__(self, *cuts: int, ranges: bool = True) -> None:
        self.time = Time()
        self.requests: list[httpx.Request] = []
        self.http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.replies: list[httpx.Response] = []
        self._cuts = list(cuts)
        self._ranges = ranges

    def fetch(self, path: Path, size: int | None = len(CONTENT)) -> list[int]:
        """What progress was told."""
        told: list[int] = []
        there = download(self.http, URL, path, size=size, on_progress=told.append, timing=self.time.timing)
        assert there == path.stat().st_size
        return told

    @property
    def asked_from(self) -> list[str | None]:
        return [request.headers.get("range") for request in self.requests]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.replies:
            return self.replies.pop(0)
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        start = int(wanted[1]) if wanted and self._ranges else 0
        headers = {"Content-Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"} if start else {}
        body = CONTENT[start:]
        if self._cuts:
            return httpx.Response(206 if start else 200, headers=headers, stream=Cut(body, self._cuts.pop(0)))
        return httpx.Response(206 if start else 200, headers=headers, content=body)


def test_a_file_comes_whole_and_progress_is_told(tmp_path: Path) -> None:
    storage = Storage()
    assert storage.fetch(tmp_path / "f")[-1] == len(CONTENT)
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert "x-shopify-access-token" not in storage.requests[0].headers


def test_a_broken_transfer_goes_on_where_it_stopped(tmp_path: Path) -> None:
    storage = Storage(1000, 2000)
    storage.fetch(tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert storage.asked_from == [None, "bytes=1000-", "bytes=3000-"]


def test_a_process_that_starts_anew_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(CONTENT[:700])
    storage = Storage()
    storage.fetch(tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert storage.asked_from == ["bytes=700-"]


def test_storage_that_knows_no_ranges_sends_it_all_again(tmp_path: Path) -> None:
    storage = Storage(1000, ranges=False)
    storage.fetch(tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(CONTENT)
    storage = Storage()
    assert storage.fetch(tmp_path / "f") == []
    assert storage.requests == []


def test_what_is_too_long_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(CONTENT + b"more")
    storage = Storage()
    storage.fetch(tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_file_of_another_size_is_never_taken_for_whole(tmp_path: Path) -> None:
    for size in (len(CONTENT) + 1, len(CONTENT) - 1):
        with pytest.raises(Unreachable, match=r"were announced|another part") as caught:
            Storage().fetch(tmp_path / "f", size)
        assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_an_expired_address_is_told_apart(tmp_path: Path, status: int) -> None:
    storage = Storage()
    storage.replies = [httpx.Response(status)]
    with pytest.raises(UrlExpired):
        storage.fetch(tmp_path / "f")
    assert storage.time.slept == []


def test_storage_that_is_away_is_asked_again_and_then_given_up(tmp_path: Path) -> None:
    storage = Storage()
    storage.replies = [httpx.Response(503)] * 2
    storage.fetch(tmp_path / "f")
    assert len(storage.requests) == 3
    storage.replies = [httpx.Response(503)] * 6
    with pytest.raises(Unreachable, match=r"storage\.example does not give the file: it answers 503"):
        storage.fetch(tmp_path / "g")


def test_a_transfer_that_gets_further_is_never_given_up(tmp_path: Path) -> None:
    storage = Storage(*[500] * 20)
    storage.fetch(tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_progress_may_stop_it_and_what_came_stays(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(_there: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        download(Storage().http, URL, tmp_path / "f", size=len(CONTENT), on_progress=stop)
    assert (tmp_path / "f").read_bytes() == CONTENT[: (tmp_path / "f").stat().st_size] != b""


def test_another_part_than_was_asked_for_is_not_put_after_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(CONTENT[:700])
    storage = Storage()
    headers = {"Content-Range": f"bytes 0-{len(CONTENT) - 701}/{len(CONTENT)}"}
    storage.replies = [httpx.Response(206, headers=headers, content=CONTENT[:-700])]
    storage.fetch(tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is Linux's")
def test_a_full_disk_is_told_with_its_folder_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "f").symlink_to("/dev/full")
    storage = Storage()
    # As a part: such a disk can not be truncated, either.
    headers = {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"}
    storage.replies = [httpx.Response(206, headers=headers, content=CONTENT)]
    with pytest.raises(Terminal) as caught:
        storage.fetch(tmp_path / "f")
    said = os.strerror(errno.ENOSPC).lower()
    expected = f"the export can not be kept in {tmp_path}: {said}; make room there, then resume the run"
    assert str(caught.value) == expected
    assert storage.time.slept == []


def test_a_folder_that_can_not_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    with pytest.raises(
        Terminal, match=r"is a directory; see to it that Backroom can write there, then resume"
    ):
        Storage().fetch(tmp_path / "f")
