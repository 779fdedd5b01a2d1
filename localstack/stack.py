"""The stack for programs: brings it up and says where it is."""

from rich.console import Console

from localstack.control import up
from localstack.settings import read_stack
from localstack.stack_env import read_stack_env
from localstack.terminal import Terminal, watching


def bring_up(console: Console) -> dict[str, str]:
    """Starts what does not run, deploys what changed, and returns what stands in `stack.env`.

    Raises:
        PartFailedError, DeployFailedError, ToolMissingError: as `control.up`.
    """
    stack = read_stack()
    with watching(console) as progress:
        up(stack, Terminal(progress))
    return read_stack_env(stack)
