"""`make compatible`: old code's own tests on today's migrations, in a repository made for it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from localstack.settings import ROOT

CONFTEST = "import signal\nsignal.signal(signal.SIGTERM, signal.default_int_handler)\n"
PASSES = "def test_old_code_reads() -> None:\n    assert True\n"
WAITS = """import os, time
from pathlib import Path
import pytest

@pytest.fixture
def server():
    yield
    time.sleep(1)
    Path({ended!r}).touch()

def test_that_takes_long(server) -> None:
    Path({begun!r}).write_text(f"{{os.getpid()}} {{Path.cwd()}}")
    time.sleep(60)
"""
# what is started in the background of a script ignores an interrupt, and so would what it starts
RUN = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "import sys; from pathlib import Path; from localstack import compatible;"
    "compatible.ROOT = Path(sys.argv[1]); sys.exit(compatible.main(sys.argv[2:]))"
)


def git(repository: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    command = ("git", *identity, *words)
    return subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout  # noqa: S603


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "tests").mkdir(parents=True)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "tests" / "test_old.py").write_text(PASSES)
    git(folder, "init", "--quiet")
    git(folder, "add", "conftest.py", "tests/test_old.py")
    git(folder, "commit", "--quiet", "--message", "old")
    return folder


def compatible(repository: Path, *words: str) -> "subprocess.Popen[str]":
    paths = os.pathsep.join((str(ROOT / "shared"), str(ROOT)))
    command = (sys.executable, "-c", RUN, str(repository), *words)
    return subprocess.Popen(  # noqa: S603 - our own words
        command, env=os.environ | {"PYTHONPATH": paths}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def worktrees(repository: Path) -> int:
    return len(git(repository, "worktree", "list").splitlines())


def test_old_tests_say_how_it_ends_and_nothing_of_them_stays(repository: Path) -> None:
    run = compatible(repository, "--ref", "HEAD", "tests")
    told, _ = run.communicate(timeout=60)

    assert (run.returncode, "1 passed" in told) == (0, True), told
    assert worktrees(repository) == 1


def test_a_commit_that_is_none_is_said_in_a_sentence(repository: Path) -> None:
    run = compatible(repository, "--ref", "nix", "tests")
    _, told = run.communicate(timeout=60)

    assert run.returncode == 1
    assert "nix" in told
    assert "Traceback" not in told
    assert worktrees(repository) == 1


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_waits_until_the_old_tests_stopped_what_they_started(
    repository: Path, tmp_path: Path, ending: signal.Signals
) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    (repository / "tests" / "test_old.py").write_text(WAITS.format(begun=str(begun), ended=str(ended)))
    git(repository, "commit", "--quiet", "--all", "--message", "waits")
    run = compatible(repository, "--ref", "HEAD", "tests")
    until = time.monotonic() + 60
    while not (begun.exists() and begun.read_text()):
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)
    pid, folder = begun.read_text().split(" ", 1)

    run.send_signal(ending)
    _, told = run.communicate(timeout=60)

    assert ended.exists()
    assert not psutil.pid_exists(int(pid))
    assert not Path(folder).exists()
    assert worktrees(repository) == 1
    assert (run.returncode, "Traceback" in told) == (130, False)
