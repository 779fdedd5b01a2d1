"""The port to a workflow."""

from collections.abc import Mapping
from typing import Protocol


class Launcher(Protocol):
    def start(self, name: str, given: Mapping[str, str]) -> None:
        """Start the workflow's execution of this name; nothing happens if there was one.

        Raises:
            Unavailable: it cannot be started now.
        """
