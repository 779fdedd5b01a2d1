"""autocannon, installed once by its lock file, at one rate; and its requests as they are answered."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localstack.node import TOOLS, find_node, install_locked
from tests.bench.load.outcomes import Request, Step

HERE = Path(__file__).resolve().parent
CHUNK = 100
"""So many requests share a subject, by which their usage is asked for."""
_TIMEOUT_SECONDS = 40
"""Longer than API Gateway's 30: who hears nothing until then, hears nothing."""


@dataclass(frozen=True, slots=True)
class Cannon:
    node: Path
    modules: Path
    url: str
    key: str

    @classmethod
    def installed(cls, url: str, key: str) -> "Cannon":
        """Raises ToolMissingError where npm or Node is missing."""
        node = find_node()
        modules = install_locked(node, HERE / "package-lock.json", TOOLS / "load" / "node_modules")
        return cls(node.bin / "node", modules, url, key)

    def fire(self, name: str, rate: int, seconds: int, events: int, answered: Callable[[Request], None]) -> Step:
        """So many requests a second for so many seconds, until each is answered or will not be any more."""
        order = {"url": self.url, "key": self.key, "step": name, "rate": rate, "seconds": seconds, "events": events}
        order |= {"chunk": CHUNK, "timeout": _TIMEOUT_SECONDS}
        environment = {**os.environ, "NODE_PATH": str(self.modules)}
        command = (self.node, HERE / "fire.cjs", json.dumps(order))
        requests = list[Request]()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as firing:  # noqa: S603 - our own words
            assert firing.stdout is not None
            for line in firing.stdout:
                requests.append(Request(*json.loads(line)))
                answered(requests[-1])
        if firing.returncode:
            raise subprocess.CalledProcessError(firing.returncode, command[:2])
        return Step(name, rate, requests)
