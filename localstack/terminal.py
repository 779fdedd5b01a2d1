"""What `up` and `down` look like: one line per part, and a moving line for what goes on now."""

import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from localstack.deploy import Deployment


@dataclass(slots=True)
class Terminal:
    """One line per part; a moving line for what is going on now."""

    progress: Progress
    _task: TaskID = field(init=False)
    _since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._task = self.progress.add_task("", total=None)

    def starting(self, name: str) -> None:
        self._since = time.monotonic()
        text = "synthesising the app" if name == "app" else f"starting {name}"
        self.progress.update(self._task, description=text, completed=0, total=None)

    def started(self, name: str, detail: str) -> None:
        self._line("green", "started", name, f"{detail:<18} {time.monotonic() - self._since:5.1f} s")

    def unchanged(self, name: str, detail: str) -> None:
        self._line("dim", "runs", name, detail)

    def stopped(self, name: str) -> None:
        self._line("yellow", "stopped", name, "")

    def deploying(self, done: int, total: int) -> None:
        self.progress.update(self._task, description=f"deploying {done} of {total}", completed=done, total=total)

    def deployed(self, deployment: Deployment) -> None:
        if deployment.fresh:
            self._line("green", "deployed", "app", f"{'':<18} {time.monotonic() - self._since:5.1f} s")
        else:
            self._line("dim", "unchanged", "app", "")

    def _line(self, colour: str, state: str, name: str, detail: str) -> None:
        self.progress.console.print(f"  [{colour}]{state:<9}[/] {name:<11} {detail}".rstrip())


def watching(console: Console) -> Progress:
    """The frame in which a Terminal writes; leaves only the lines behind."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(20),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
