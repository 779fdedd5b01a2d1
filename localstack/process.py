"""Starts parts, knows their processes again, and stops them: always by pid and creation time, never by name."""

import hashlib
import json
import os
import socket
import subprocess
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from localstack.part import Part
from localstack.settings import HOST, ROOT, Port

# Parts outlive the command that starts them. Where that command goes on (a test, the demo), it has to wait for those
# that end in its time; nothing else does.
_children: dict[int, subprocess.Popen[bytes]] = {}


class PartFailedError(Exception):
    """A part did not come up; the message says why and shows the end of its log."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is written down about a started process: enough to know it again, whoever has its pid, and to stop it."""

    pid: int
    created: float
    fingerprint: str
    stop_signal: int
    patience: float


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of one stack, remembered in its state folder."""

    state: Path

    def log_path(self, name: str) -> Path:
        return self.state / "log" / f"{name}.log"

    def find(self, name: str) -> psutil.Process | None:
        """The live process of this part, or None; the record of a dead one is dropped."""
        record = self._read(name)
        if record is None:
            return None
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(record.pid)
            if process.create_time() == record.created and _lives(process):
                return process
        _reap(record)
        self._record_path(name).unlink(missing_ok=True)
        return None

    def is_current(self, part: Part) -> bool:
        """Whether the part runs, is well, and was started from this very description."""
        record = self._read(part.name)
        return (
            self.find(part.name) is not None
            and record is not None
            and record.fingerprint == fingerprint(part)
            and part.healthy()
        )

    def start(self, part: Part) -> None:
        """Starts the part and returns once it is well.

        Raises:
            PartFailedError: its port is taken, it ended, or it was not well in time. Nothing is left running.
        """
        self.stop(part.name)
        if part.port is not None:
            require_free(part.port, part.name)
        part.prepare()
        process = self._spawn(part)
        try:
            self._await_health(part, process)
            part.settle()
        except BaseException:
            self.stop(part.name)
            raise

    def stop(self, name: str) -> bool:
        """Ends the part's process with its children. False: it did not run."""
        record, process = self._read(name), self.find(name)
        if record is None or process is None:
            return False
        family = [process, *process.children(recursive=True)]
        with suppress(psutil.NoSuchProcess):
            process.send_signal(record.stop_signal)
        _await_end([process], record.patience)
        for survivor in family:
            with suppress(psutil.NoSuchProcess):
                survivor.kill()
        _await_end(family, record.patience)
        _reap(record)
        self._record_path(name).unlink(missing_ok=True)
        return True

    def _spawn(self, part: Part) -> subprocess.Popen[bytes]:
        log = self.log_path(part.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            # A session of its own: Ctrl-C at the terminal reaches the starter, which then stops parts in order.
            process = subprocess.Popen(
                part.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment() | dict(part.env),
                cwd=part.cwd or ROOT,
                start_new_session=True,
            )
        try:
            _children[process.pid] = process
            self._write(part.name, _record(part, process.pid))
        except BaseException:
            process.kill()
            raise
        return process

    def _await_health(self, part: Part, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + part.patience
        while not part.healthy():
            if process.poll() is not None:
                raise PartFailedError(self._failure(part, f"ended with status {process.returncode}"))
            if time.monotonic() > deadline:
                raise PartFailedError(self._failure(part, f"was not ready after {part.patience:.0f} s"))
            time.sleep(0.02)

    def _failure(self, part: Part, what: str) -> str:
        log = self.log_path(part.name)
        with log.open(errors="replace") as lines:
            tail = "".join(deque(lines, maxlen=20))
        return f"{part.name} {what}; the end of {log}:\n{tail}"

    def _record_path(self, name: str) -> Path:
        return self.state / "run" / f"{name}.json"

    def _read(self, name: str) -> Record | None:
        try:
            return Record(**json.loads(self._record_path(name).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _write(self, name: str, record: Record) -> None:
        path = self._record_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(record)))


def _lives(process: psutil.Process) -> bool:
    """Whether it still does anything: a zombie only waits for a parent that may be slow to look."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _await_end(processes: Iterable[psutil.Process], patience: float) -> None:
    deadline = time.monotonic() + patience
    while any(map(_lives, processes)) and time.monotonic() < deadline:
        time.sleep(0.02)


def _reap(record: Record | None) -> None:
    if record and (child := _children.pop(record.pid, None)):
        child.wait()


def _record(part: Part, pid: int) -> Record:
    # The child is not waited for yet, so its entry in the process table stands even if it has ended.
    created = psutil.Process(pid).create_time()
    return Record(pid, created, fingerprint(part), part.stop_signal, part.patience)


def _environment() -> dict[str, str]:
    """Ours, without the user's own AWS account: a part must never reach it by mistake."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def fingerprint(part: Part) -> str:
    """Changes when the part's command or environment does: a running part of another kind is restarted."""
    return hashlib.sha256(json.dumps([part.command, sorted(part.env.items())]).encode()).hexdigest()


def accepts(port: int) -> bool:
    """Whether somebody listens on this port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def require_free(port: Port, name: str) -> None:
    """Raises PartFailedError naming the port, its holder and the variable that moves it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((HOST, port.number))
            return
    raise PartFailedError(
        f"{name} needs port {port.number}, which {_holder(port.number)} holds; "
        f"choose another with {port.variable}=<port>"
    )


def _holder(port: int) -> str:
    """Who listens there, or whose outgoing connection was given that port; as far as this user may see."""
    with suppress(psutil.Error):
        ours = [one for one in psutil.net_connections("tcp") if one.laddr and one.laddr.port == port and one.pid]
        for connection in sorted(ours, key=lambda one: one.status != psutil.CONN_LISTEN):
            return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return "another process"
