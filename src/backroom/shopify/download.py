"""A bulk operation's file, fetched to disk: in flat memory, going on where a broken transfer stopped.

The url is signed and good for seven days; no token travels there. The file counts as fetched once it has the
size that Shopify told, and is on the disk. What never happens here: a look into the file.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import httpx

from backroom.observe.log import get_log
from backroom.shopify.patience import Patience, Timing
from backroom.shopify.posting import TIMEOUT, USER_AGENT, retry_after, what_happened
from backroom.vocabulary.errors import Terminal, Unreachable, UrlExpired

PROGRESS_BYTES: Final = 1 << 20
_GONE: Final = frozenset({400, 401, 403, 404, 410})
"""How storage services refuse a signature that is over."""
_BEYOND_THE_END: Final = 416
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class _Broken(Exception):
    """This transfer ended too early; the next may go on."""

    def __init__(self, reason: str, pause_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.pause_seconds = pause_seconds


def download(
    http: httpx.Client,
    url: str,
    path: Path,
    *,
    size: int | None,
    on_progress: Callable[[int], object],
    patience: Patience | None = None,
    timing: Timing | None = None,
) -> int:
    """Fetches `url` into `path` (its folder is made), after what is there already; the number of bytes.

    `on_progress` is told the bytes that are there, each MiB, and may raise to stop: what came stays. A
    transfer that gets further starts the patience anew. Raises UrlExpired, Unreachable also where the size is
    wrong, or Terminal where this machine can not keep the file.
    """
    patience, timing = patience or Patience(), timing or Timing()
    failures, reached, began = 0, -1, timing.monotonic()
    while True:
        try:
            return _transfer(http, url, path, size, on_progress)
        except OSError as error:
            raise _not_kept(path, error) from error
        except _Broken as broken:
            there = path.stat().st_size if path.exists() else 0
            if there > reached:
                failures, reached, began = 0, there, timing.monotonic()
            failures += 1
            pause = broken.pause_seconds
            if pause is None:
                pause = patience.pause(failures - 1, timing.random)
            over = timing.monotonic() + pause - began > patience.within_seconds
            if over or failures >= patience.tries:
                raise Unreachable(
                    f"{urlsplit(url).hostname} does not give the file: {broken}; the run can be tried again"
                ) from broken
            get_log("shopify").info("download.resumed", reason=str(broken), bytes=there)
            timing.sleep(pause)


def _transfer(
    http: httpx.Client, url: str, path: Path, size: int | None, on_progress: Callable[[int], object]
) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as file:
        there = file.tell()
        if size is not None and there > size:
            file.truncate(0)
            there = 0
        if size is None or there < size:
            _fetch(http, url, file, there, on_progress)
        file.flush()
        os.fsync(file.fileno())
        there = file.tell()
    if size is not None and there != size:
        if there > size:
            path.unlink()
        raise _Broken(f"it has {there} bytes, and {size} were announced")
    return there


def _fetch(
    http: httpx.Client, url: str, file: BinaryIO, there: int, on_progress: Callable[[int], object]
) -> None:
    # Not compressed: a range of a compressed stream can not be put after another.
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if there:
        headers["Range"] = f"bytes={there}-"
    try:
        with http.stream("GET", url, headers=headers, timeout=TIMEOUT, follow_redirects=False) as response:
            there = told = _begin(response, file, there)
            # As it comes, not gathered to a size: what a broken transfer brought is to be kept.
            for part in response.iter_bytes():
                file.write(part)
                there += len(part)
                if there - told >= PROGRESS_BYTES:
                    told = there
                    on_progress(there)
            on_progress(there)
    except httpx.HTTPError as error:
        raise _Broken(what_happened(error)) from error


def _begin(response: httpx.Response, file: BinaryIO, there: int) -> int:
    """Where the body that follows belongs: after what is there, or at the start."""
    status = response.status_code
    if status in _GONE:
        raise UrlExpired("the file's address has expired")
    if status == 206 and response.headers.get("content-range", "").startswith(f"bytes {there}-"):
        return there
    if status in (200, 206, _BEYOND_THE_END):
        file.truncate(0)
    if status == 200:
        return 0
    if status in (206, _BEYOND_THE_END):
        raise _Broken("it gives another part of the file than was asked for")
    raise _Broken(f"it answers {status}", retry_after(response.headers))


def _not_kept(path: Path, error: OSError) -> Terminal:
    """The sentence for people: the disk is full, or the folder is not ours."""
    said = (error.strerror or type(error).__name__).lower()
    todo = "make room there" if error.errno in _FULL else "see to it that Backroom can write there"
    return Terminal(f"the export can not be kept in {path.parent}: {said}; {todo}, then resume the run")
