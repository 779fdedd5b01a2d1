"""How a command of the local stack ends: with a sentence, never with a stack trace for what a user can mend."""

import signal
import subprocess
from collections.abc import Callable

from rich.console import Console

from localstack.deploy import DeployFailedError
from localstack.node import ToolMissingError
from localstack.process import PartFailedError

INTERRUPTED = 130


def exit_status(console: Console, run: Callable[[], int], *expected: type[Exception]) -> int:
    """What `run` answers, or the status of the failure it met; `expected` are failures of the caller's own."""
    # A terminated command cleans up as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    mendable: tuple[type[Exception], ...] = (PartFailedError, DeployFailedError, ToolMissingError, *expected)
    try:
        return run()
    except mendable as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 1
    except subprocess.CalledProcessError as error:
        console.print(f"{' '.join(map(str, error.cmd))} failed:\n{error.stderr or error.stdout or ''}", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("interrupted; what this command had started is stopped")
        return INTERRUPTED
