"""Workflows that were asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from meterhouse.kernel.errors import Unavailable


@dataclass
class Launched:
    """`meterhouse.billing.launcher.Launcher` that remembers what it was asked to start."""

    runs: dict[str, Mapping[str, str]] = field(default_factory=dict)
    is_down: bool = False

    def start(self, name: str, given: Mapping[str, str]) -> None:
        if self.is_down:
            raise Unavailable("no workflow today")
        self.runs.setdefault(name, given)

    def backtests(self) -> list[str]:
        """The backtest of each execution, in order."""
        return [given["backtestId"] for given in self.runs.values()]

    def given(self, backtest_id: str) -> Mapping[str, str]:
        """The input of a backtest's first execution."""
        return next(given for given in self.runs.values() if given["backtestId"] == backtest_id)
