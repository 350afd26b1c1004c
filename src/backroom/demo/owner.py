"""Whose a home is: a lock in it that its demo holds, and that the system frees when the demo is killed.

Enters: a home's folder; the folder that homes are made in. What never happens here: the removal of a home
that somebody lives in, that is another user's, or that was never locked (its demo is just making it).
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

HOMES: Final = "backroom-demo-"
"""How the names of homes begin."""
_LOCK: Final = "owner.lock"


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """The home is this process's until the block ends."""
    draft = folder / f"{_LOCK}.new"
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # It appears under its name when it is held: nobody meets one that is still free.
        draft.rename(folder / _LOCK)
        yield
    finally:
        os.close(descriptor)


def sweep(parent: Path) -> None:
    """Removes the homes of demos that were killed."""
    for folder in parent.glob(f"{HOMES}*"):
        # Gone meanwhile, or not to be removed: then it is not for us.
        with suppress(OSError):
            if folder.lstat().st_uid == os.getuid() and not folder.is_symlink() and _is_left(folder):
                shutil.rmtree(folder)


def _is_left(folder: Path) -> bool:
    """Raises OSError where there is no lock."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
