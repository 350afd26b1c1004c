"""A slower disk for programs that are started here: `slow_fsync.c`, compiled into a temporary folder.

Enters: the wait that is added to each fsync and fdatasync. Leaves: processes that take so much longer to
make anything durable, the PostgreSQL server among them. What never happens here: a wait in this process.
"""

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_suffix(".c")
_COMPILERS: Final = ("cc", "gcc", "clang")


class SlowDisk:
    """Says how long the programs under it wait, at once for all of them."""

    def __init__(self, setting: Path) -> None:
        self._setting = setting
        self.wait(0)

    def wait(self, milliseconds: float) -> None:
        """From now on each fsync takes so much longer."""
        # In place: the programs have this very file mapped.
        with self._setting.open("r+b" if self._setting.exists() else "wb") as file:
            file.write(struct.pack("=I", round(milliseconds * 1000)))


def compiler() -> str | None:
    """The C compiler's path, where there is one."""
    return next(filter(None, map(shutil.which, _COMPILERS)), None)


@contextmanager
def slow_disk(cc: str) -> Iterator[SlowDisk]:
    """Programs started within the block are under a `SlowDisk`; without a wait until it is told one.

    Raises CalledProcessError where the compiler fails.
    """
    with tempfile.TemporaryDirectory(prefix="backroom-fsync-") as name:
        folder = Path(name)
        # PostgreSQL runs as another user where we run as root.
        folder.chmod(0o755)
        library, setting = folder / "slow_fsync.so", folder / "wait"
        subprocess.run(
            [cc, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"],
            check=True,
            capture_output=True,
        )
        disk = SlowDisk(setting)
        for path in (library, setting):
            path.chmod(0o644)
        try:
            with _environment(LD_PRELOAD=str(library), SLOW_FSYNC_FILE=str(setting)):
                yield disk
        finally:
            # Whoever outlives the block, as PostgreSQL does, ends at its own speed.
            disk.wait(0)


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]
