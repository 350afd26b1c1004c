"""Break the code on purpose, once per law, and want the law's test red.

A mutant is a file `tests/mutants/NN-some-name.patch`: a header, then a unified diff against `src/`:

    # law: 3
    # breaks: an older version overwrites a newer one.
    # red: tests/laws/test_versions.py::test_an_older_version_never_overwrites_a_newer_one
    --- a/src/backroom/cache/versions.py
    +++ b/src/backroom/cache/versions.py
    ...

Each is applied to a copy of the project, never to the project itself, and the tests it names run there. All
of them must fail (one failing parameter makes a test red; an error in set-up or in collection does not). The
named tests must first be green in a copy without a mutant. Exit code 0 only if every mutant went red and
every law has one.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
MUTANTS = PROJECT / "tests" / "mutants"
LAWS = frozenset(range(1, 13))
"""The laws that need a mutant."""
AT_ONCE = 2
TIMEOUT_SECONDS = 900
PYTEST_ALL_PASSED, PYTEST_TESTS_FAILED = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One patch file, read."""

    path: Path
    law: int
    breaks: str
    red: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one mutant: `red`, or what went wrong, and then the output that a person needs."""

    mutant: Mutant
    outcome: str
    seconds: float
    output: str = ""


class NotRunnable(Exception):
    """A patch that does not apply, a header that cannot be read, or a copy whose code does not win."""


def read(path: Path) -> Mutant:
    """Read the header of one patch file. Raises NotRunnable."""
    header = re.match(r"(?:#.*\n)*", path.read_text(encoding="utf-8"))
    lines = re.findall(r"^# (law|breaks|red): *(.+?) *$", header[0] if header else "", re.MULTILINE)
    values = {name: [value for key, value in lines if key == name] for name in ("law", "breaks", "red")}
    match values:
        case {"law": [law], "breaks": [breaks], "red": [_, *_] as red} if law.isdigit():
            return Mutant(path=path, law=int(law), breaks=breaks, red=tuple(red))
    raise NotRunnable(
        f"{path.name}: wants `# law: N`, `# breaks: a sentence`, `# red: test id` (or more) on top"
    )


def project_files() -> list[Path]:
    """What git tracks, and what is new and not ignored, relative to the project."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return [Path(name) for name in dict.fromkeys(listing.split("\0")) if name and (PROJECT / name).is_file()]


@contextmanager
def copy_of(files: Sequence[Path]) -> Iterator[Path]:
    """The project in a new folder, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="backroom-mutant-") as folder:
        copy = Path(folder).resolve() / "project"
        for file in files:
            (copy / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / file, copy / file)
        yield copy


def run(command: Sequence[str], copy: Path) -> tuple[int, str]:
    """Run a command in a copy, with the copy's code ahead of the installed one: exit code and output.

    A child that hangs is killed with all that it started, and raises NotRunnable.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy / "src"),
        "GIT_CEILING_DIRECTORIES": str(copy.parent),
        "MUTANT": "1",  # property tests stop at the first counter-example, without making it smaller
    }
    with subprocess.Popen(
        command, cwd=copy, env=environment, start_new_session=True, text=True, errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as child:  # fmt: skip
        try:
            output, _ = child.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raise NotRunnable(f"no end after {TIMEOUT_SECONDS} s: {' '.join(command)}") from None
        return child.returncode, output


def run_tests(tests: Sequence[str], copy: Path) -> tuple[int, str]:
    """Run the named tests against the copy's code: pytest's exit code and output."""
    _, origin = run([sys.executable, "-c", "import backroom; print(backroom.__file__)"], copy)
    if not Path(origin.strip()).is_relative_to(copy):
        raise NotRunnable(f"the copy's code does not win: backroom is imported from {origin}")
    options = ["-q", "-rfE", "--color=no", "--tb=short", "--no-header", "-p", "no:cacheprovider"]
    return run([sys.executable, "-m", "pytest", *options, *tests], copy)


def went_red(test: str, output: str) -> bool:
    """Whether pytest's summary lists the test, or a parameter or member of it, as failed."""
    return re.search(rf"^FAILED {re.escape(test)}(?:\[|::| - |$)", output, re.MULTILINE) is not None


def judge(mutant: Mutant, files: Sequence[Path]) -> Verdict:
    """Apply one mutant to a copy and run the tests that it names."""
    started = time.monotonic()
    outcome, output = "broken patch", ""
    try:
        with copy_of(files) as copy:
            code, output = run(["git", "apply", str(mutant.path)], copy)
            if code == 0:
                outcome = "not run"
                code, output = run_tests(mutant.red, copy)
                green = [test for test in mutant.red if not went_red(test, output)]
                if code not in (PYTEST_ALL_PASSED, PYTEST_TESTS_FAILED):
                    outcome = f"pytest exit {code}"
                elif green:
                    outcome, output = "STILL GREEN", output + "".join(f"\nnot red: {test}" for test in green)
                else:
                    outcome = "red"
    except NotRunnable as problem:
        output = str(problem)
    return Verdict(mutant=mutant, outcome=outcome, seconds=time.monotonic() - started, output=output)


def show(verdict: Verdict) -> None:
    """Print one row of the table, and below it the end of the output of a mutant that is not red."""
    mutant = verdict.mutant
    print(f"{mutant.law:>3}  {mutant.path.stem:<48} {verdict.outcome:<14} {verdict.seconds:>7.1f}")
    if verdict.outcome != "red":
        print(f"     breaks: {mutant.breaks}")
        print("".join(f"     | {line}\n" for line in verdict.output.strip().splitlines()[-25:]))
    sys.stdout.flush()


def main() -> int:
    """Judge every mutant, or with `--only NN` those whose file name starts so. Raises NotRunnable."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument(
        "--only", metavar="NN", default="", help="only mutants whose file name starts with NN"
    )
    only: str = arguments.parse_args().only

    mutants = [read(path) for path in sorted(MUTANTS.glob(f"{only}*.patch"))]
    lawless = [] if only else sorted(LAWS - {mutant.law for mutant in mutants})
    files = project_files()

    if tests := list(dict.fromkeys(test for mutant in mutants for test in mutant.red)):
        with copy_of(files) as copy:
            code, output = run_tests(tests, copy)
        if code != PYTEST_ALL_PASSED:
            raise NotRunnable(
                f"{output}\nThe named tests must be green without a mutant (pytest exit {code})."
            )

    print(f"law  {'mutant':<48} {'outcome':<14} seconds")
    failed = len(lawless)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for verdict in pool.map(lambda mutant: judge(mutant, files), mutants):
            show(verdict)
            failed += verdict.outcome != "red"
    for law in lawless:
        print(f"{law:>3}  (no mutant breaks this law)")
    print(f"{len(mutants) + len(lawless) - failed} passed, {failed} failed")
    return 1 if failed or not mutants else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NotRunnable as problem:
        sys.exit(str(problem))
