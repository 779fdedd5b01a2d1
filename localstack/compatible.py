"""`make compatible`: whether old code bears the new schema, by running the old code's own tests on it.

The release before is checked out beside, gets today's migrations over its own, and its integration tests run on that.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console

from localstack.contracting import ROOT, every_contraction
from localstack.failure import exit_status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TESTS = (
    "tests/integration/billing",
    "tests/integration/ledger",
    "tests/integration/customers",
    "tests/integration/catalog",
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make compatible", description=__doc__)
    parser.add_argument("--ref", help="a tag or commit; else the latest tag")
    parser.add_argument("tests", nargs="*", default=TESTS, help=f"of the old code; else {' '.join(TESTS)}")
    asked = parser.parse_args(arguments)
    return exit_status(Console(stderr=True), lambda: _judged(asked))


def _judged(asked: argparse.Namespace) -> int:
    contracting = every_contraction()
    for one in contracting:
        sys.stderr.write(f"{one}\n")
    ref = asked.ref or latest_tag()
    if ref is None:
        sys.stderr.write(
            "nothing is released yet, so no old code runs: the migrations were read alone; --ref names a commit\n"
        )
        return 1 if contracting else 0
    return old_tests(ref, asked.tests) or (1 if contracting else 0)


def latest_tag() -> str | None:
    found = subprocess.run(
        ("git", "describe", "--tags", "--abbrev=0"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


def old_tests(ref: str, tests: Sequence[str]) -> int:
    """The exit status of the tests of the code at `ref`, on the migrations of today."""
    with TemporaryDirectory(prefix="meterhouse-compatible-") as folder:
        old = Path(folder) / "old"
        _git("worktree", "add", "--detach", "--quiet", str(old), ref)
        try:
            replaced = overlay(ROOT, old)
            sys.stderr.write(f"{ref} with {replaced} migrations that it does not have, or has otherwise\n")
            environment = os.environ | {"PYTHONPATH": f"{old / 'shared'}{os.pathsep}{old}"}
            present = [test for test in tests if (old / test.partition("::")[0]).exists()]
            command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *present)
            return _ended(command, old, environment)
        finally:
            _git("worktree", "remove", "--force", str(old))


def _git(*words: str) -> None:
    subprocess.run(("git", *words), cwd=ROOT, check=True, capture_output=True, text=True)


def _ended(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> int:
    """The exit status of the tests; where this command is ended, they are, and have stopped their servers."""
    # an interrupt from the terminal would reach the tests beside ours: a second one breaks off their tidying up
    tests = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True)
    try:
        return tests.wait()
    except KeyboardInterrupt:
        tests.send_signal(signal.SIGTERM)
        tests.wait()
        raise


def overlay(new: Path, old: Path) -> int:
    """Put the migrations of one tree over another's; how many files that changed. None is taken away."""
    changed = 0
    for path in sorted(new.glob("shared/meterhouse/*/migrations/**/*.sql")):
        target = old / path.relative_to(new)
        if not target.exists() or target.read_bytes() != path.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
            changed += 1
    return changed


if __name__ == "__main__":
    sys.exit(main())
