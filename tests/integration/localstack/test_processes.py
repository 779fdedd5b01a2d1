"""Starting and stopping parts: health waits, messages, clean stops, and never the wrong process."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from localstack.fixtures import free_port
from localstack.part import Part
from localstack.process import PartFailedError, Processes, _lives, accepts
from localstack.settings import Port

SERVER = "import http.server,sys; http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), None).serve_forever()"


def server_part(port: Port, code: str = SERVER, **changes: object) -> Part:
    part = Part(
        name="probe",
        port=port,
        command=(sys.executable, "-c", code, str(port.number)),
        healthy=lambda: accepts(port.number),
        patience=60,
    )
    return dataclasses.replace(part, **changes)  # type: ignore[arg-type]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path)
    yield processes
    processes.stop("probe")


def test_a_started_part_is_well_and_known_to_a_later_command(processes: Processes) -> None:
    part = server_part(free_port())
    processes.start(part)
    assert Processes(processes.state).is_current(part)


def test_a_stopped_part_is_gone_and_its_port_free(processes: Processes) -> None:
    port = free_port()
    processes.start(server_part(port))
    assert Processes(processes.state).stop("probe")
    assert not accepts(port.number)
    assert not Processes(processes.state).stop("probe")


def test_a_part_described_otherwise_is_not_current(processes: Processes) -> None:
    part = server_part(free_port())
    processes.start(part)
    assert not processes.is_current(dataclasses.replace(part, env={"COLOUR": "green"}))


def test_a_taken_port_is_named_with_its_holder_and_its_variable(processes: Processes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = Port(holder.getsockname()[1], "METERHOUSE_PORT_PROBE")
        with pytest.raises(PartFailedError) as failure:
            processes.start(server_part(port))
    message = str(failure.value)
    assert f"port {port.number}" in message
    assert f"(pid {os.getpid()})" in message
    assert "METERHOUSE_PORT_PROBE=" in message


def test_a_part_that_ends_is_reported_with_the_end_of_its_log(processes: Processes) -> None:
    part = server_part(free_port(), "print('the reason stands here'); raise SystemExit(3)")
    with pytest.raises(PartFailedError, match=r"(?s)ended with status 3.*the reason stands here"):
        processes.start(part)
    assert processes.find("probe") is None


def test_a_part_that_never_gets_well_is_stopped_again(processes: Processes) -> None:
    part = server_part(free_port(), "import time; time.sleep(600)", patience=0.5)
    with pytest.raises(PartFailedError, match="not ready"):
        processes.start(part)
    assert processes.find("probe") is None


def test_an_interrupt_while_waiting_leaves_nothing_running(processes: Processes) -> None:
    started: list[psutil.Process] = []

    def interrupted() -> bool:
        process = processes.find("probe")
        assert process is not None
        started.append(process)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        processes.start(server_part(free_port(), healthy=interrupted))
    assert not started[0].is_running()


def test_a_record_of_a_dead_process_never_hits_the_one_that_has_its_pid_now(processes: Processes) -> None:
    with subprocess.Popen((sys.executable, "-c", "import time; time.sleep(600)")) as stranger:
        record = {
            "pid": stranger.pid,
            "created": psutil.Process(stranger.pid).create_time() - 1000,
            "fingerprint": "",
            "stop_signal": 15,
            "patience": 1,
        }
        path = processes.state / "run" / "probe.json"
        path.parent.mkdir()
        path.write_text(json.dumps(record))
        assert not processes.stop("probe")
        assert not path.exists()
        assert stranger.poll() is None
        stranger.kill()


def test_children_end_with_their_part(processes: Processes) -> None:
    spawning = "import subprocess,sys; subprocess.Popen([sys.executable,'-c','import time; time.sleep(600)']);" + SERVER
    processes.start(server_part(free_port(), spawning))
    process = processes.find("probe")
    assert process is not None
    [child] = process.children()
    processes.stop("probe")
    assert not _lives(child)


def test_a_part_that_ignores_the_stop_signal_is_killed_after_its_patience(processes: Processes) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SERVER
    port = free_port()
    processes.start(server_part(port, deaf))
    record = processes.state / "run" / "probe.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"patience": 0.2}))
    assert processes.stop("probe")
    assert not accepts(port.number)


def test_a_part_that_crashed_is_started_anew(processes: Processes) -> None:
    part = server_part(free_port())
    processes.start(part)
    process = processes.find("probe")
    assert process is not None
    process.send_signal(signal.SIGKILL)
    processes.start(part)
    assert processes.is_current(part)


def test_the_users_own_aws_account_never_reaches_a_part(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    seen = tmp_path / "seen"
    code = f"import os; open({str(seen)!r}, 'w').write(os.environ.get('AWS_PROFILE', 'none'));" + SERVER
    processes.start(server_part(free_port(), code))
    assert seen.read_text() == "none"
