"""What the official SDK offers, read off the SDK, and a recorder of what was called."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from openmeter import Client

ELSEWHERE: dict[str, str] = {}
"""By group, or by single operation."""


def offered() -> list[str]:
    """Every operation, as "group.method"; those of the portal are in groups of their own."""
    client = Client(endpoint="http://unused.test", token="unused")
    groups = _parts(client) | _parts(client.portal)
    return [
        f"{name}.{method}"
        for name, group in sorted(groups.items())
        for method in dir(group)
        if not method.startswith("_") and callable(getattr(group, method))
    ]


def _parts(client: object) -> dict[str, object]:
    return {name: part for name, part in vars(client).items() if not name.startswith("_")}


DRIVEN = [name for name in offered() if not {name, name.partition(".")[0]} & ELSEWHERE.keys()]


def report(passed: Iterable[str]) -> Iterator[str]:
    """The lines that tell what the tests that passed have driven, what is left of that, and what is elsewhere."""
    worked = {_operation_of(test) for test in passed}
    driven = [name for name in DRIVEN if name in worked]
    left = [name for name in DRIVEN if name not in worked]
    for names, told in ((driven, "driven"), (left, "failed or not run")):
        if names:
            yield f"{len(names)} {told}"
            yield from (f"  {name}" for name in names)
    yield f"{len(offered()) - len(DRIVEN)} elsewhere"
    yield from (f"  {name}: {reason}" for name, reason in ELSEWHERE.items())


def _operation_of(test: str) -> str:
    """What a test of test_sdk_coverage.py drives, as its parameter says; "" where it has none."""
    return test.partition("[")[2].removesuffix("]")


@dataclass
class Recorded:
    """The SDK, with a list of the operations called."""

    client: Any
    called: set[str] = field(default_factory=set)

    def __getattr__(self, group: str) -> Any:
        held = getattr(self.client, group, None) or getattr(self.client.portal, group)
        return _RecordedGroup(group, held, self.called)


@dataclass
class _RecordedGroup:
    name: str
    group: Any
    called: set[str]

    def __getattr__(self, method: str) -> Any:
        self.called.add(f"{self.name}.{method}")
        return getattr(self.group, method)
