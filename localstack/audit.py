"""`python -m localstack.audit`: what is known to be wrong with the locked packages, by pip-audit and npm audit.

Exit status: 0 nothing known, 1 a package has a known vulnerability, 2 the advisories could not be asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from layers.licences import NPM_LOCKS, ROOT
from layers.requirements import all_requirements
from localstack.node import ToolMissingError, find_node, node_environment

if TYPE_CHECKING:
    from collections.abc import Iterable


_PATIENCE_SECONDS = 120
"""For all that one tool asks: CI does not wait for a network that swallows what it is asked."""


class AdvisoriesMissingError(Exception):
    """Nobody could be asked; the message says what the tool said."""


def main() -> int:
    try:
        found = [*_of_python(), *_of_npm()]
    except (AdvisoriesMissingError, ToolMissingError) as error:
        print(f"Not audited, for the advisories cannot be asked: {error}", file=sys.stderr)
        return 2
    for line in found:
        print(line)
    print(f"{len(found)} known vulnerabilities in the locked packages")
    return 1 if found else 0


def pip_findings(report: str, said: str) -> Iterable[str]:
    """What pip-audit reports, a line a vulnerability.

    Args:
        report: its JSON; empty where it gave up.
        said: its standard error.

    Raises:
        AdvisoriesMissingError: it gave up.
    """
    for package in _read(report, said)["dependencies"]:
        for one in package["vulns"]:
            mended = ", ".join(one["fix_versions"]) or "nothing yet"
            yield f"PyPI {package['name']} {package['version']}: {one['id']}, mended in {mended}"


def npm_findings(report: str, said: str) -> Iterable[str]:
    """What `npm audit --json` reports, a line a package; arguments as above.

    Raises:
        AdvisoriesMissingError: the registry did not answer.
    """
    told = _read(report, said)
    if "vulnerabilities" not in told:
        raise AdvisoriesMissingError(told.get("message") or told["error"]["summary"])
    for name, one in told["vulnerabilities"].items():
        titles = [via["title"] if isinstance(via, dict) else f"by {via}" for via in one["via"]]
        yield f"npm {name} {one['range']}: {one['severity']}, {'; '.join(titles)}"


def _of_python() -> Iterable[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pins:
        pins.write(all_requirements(ROOT))
        pins.flush()
        options = ("--strict", "--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off")
        told = _run((sys.executable, "-m", "pip_audit", *options, "-r", pins.name))
    return pip_findings(told.stdout, told.stderr)


def _of_npm() -> Iterable[str]:
    node = find_node()
    for lock in NPM_LOCKS:
        told = _run((*node.npm, "audit", "--package-lock-only", "--json", "--prefix", str(lock.parent)))
        yield from npm_findings(told.stdout, told.stderr)


def _run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | dict(node_environment(find_node()))
    try:
        return subprocess.run(
            command, check=False, capture_output=True, text=True, env=environment, timeout=_PATIENCE_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise AdvisoriesMissingError(f"no answer within {_PATIENCE_SECONDS} s") from None


def _read(report: str, said: str) -> dict[str, Any]:
    """The tool's JSON; one that gave up wrote none."""
    try:
        told: dict[str, Any] = json.loads(report)
    except ValueError:
        raise AdvisoriesMissingError(said.strip() or "the tool said nothing") from None
    return told


if __name__ == "__main__":
    sys.exit(main())
