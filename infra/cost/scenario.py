"""What is assumed of the use of a deployment: `scenario.toml`, or a file of one's own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path(__file__).resolve().parent / "scenario.toml"


@dataclass(frozen=True, slots=True)
class Scenario:
    """The assumptions for one profile.

    Attributes:
        events: a day.
    """

    profile: str
    events: Decimal
    namespaces: int
    subjects: int
    assumed: Mapping[str, Mapping[str, Any]]

    def number(self, about: str, name: str) -> Decimal:
        value = self.assumed[about][name]
        return Decimal(str(value[self.profile] if isinstance(value, dict) else value))

    def of_events(self, a_day: float) -> Scenario:
        """The same with another number of events a day."""
        return replace(self, events=Decimal(a_day))

    def with_requests_of(self, events: int) -> Scenario:
        """The same with so many events in a request."""
        return replace(self, assumed={**self.assumed, "ingest": {**self.assumed["ingest"], "events_a_request": events}})


def read_scenario(profile: str, path: Path = FILE) -> Scenario:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    own = document.pop("profile")[profile]
    return Scenario(profile, Decimal(own["events_a_day"]), own["namespaces"], own["subjects"], document)
