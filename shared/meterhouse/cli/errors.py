"""How a command ends when it does not end well. Each kind has its exit status; `__str__` is what is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from meterhouse.client.problem import Refusal


class CommandError(Exception):
    """Base of what is told to the person at the terminal, without a trace."""

    exit_status: ClassVar[int] = 1


class Failed(CommandError):  # noqa: N818 - named for what happened, as its siblings are
    """The command did its work, and the outcome is a bad one."""


class Refused(CommandError):  # noqa: N818 - as above
    """The endpoint answered with a problem."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class Misused(CommandError):  # noqa: N818 - as above
    """What was typed, or a file it names, cannot be understood; nothing was asked of the endpoint."""

    exit_status = 2


class Unreachable(CommandError):  # noqa: N818 - as above
    """No answer came, however often it was tried."""

    exit_status = 3
