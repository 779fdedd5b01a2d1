"""`python -m localstack up|down|status|logs`: the local stack on the command line."""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from localstack.aws import function_log
from localstack.control import down, up
from localstack.failure import exit_status
from localstack.parts import NAMES
from localstack.process import Processes
from localstack.settings import Stack, read_stack
from localstack.stack_env import read_stack_env
from localstack.terminal import Terminal, watching

console = Console(highlight=False)
LINES = 200


def main() -> int:
    options = _parser().parse_args()
    return exit_status(console, lambda: _run(options, read_stack()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m localstack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("up", help="start what does not run, deploy what changed")
    starting.add_argument("--external", action="store_true", help="use the running servers of compose.yaml as stores")
    commands.add_parser("down", help="stop everything; data stays")
    commands.add_parser("status", help="what runs")
    logs = commands.add_parser("logs", help="the end of a part's log, or of a function's")
    names = f"{', '.join(NAMES)}, deploy, or a function like sink_events"
    logs.add_argument("name", nargs="?", default="aws", help=names)
    return parser


def _run(options: argparse.Namespace, stack: Stack) -> int:
    match options.command:
        case "up":
            return _up(stack, external_stores=options.external)
        case "down":
            return _down(stack)
        case "status":
            return _status(stack)
        case _:
            return _logs(stack, options.name)


def _up(stack: Stack, *, external_stores: bool) -> int:
    with watching(console) as progress:
        changed = up(stack, Terminal(progress), external_stores=external_stores)
    if not changed:
        console.print("the stack was up already, and nothing changed")
    console.print(f"METERHOUSE_URL={stack.api_url}  (key and more in {stack.state / 'stack.env'})", soft_wrap=True)
    return 0


def _down(stack: Stack) -> int:
    with watching(console) as progress:
        if not down(stack, Terminal(progress)):
            progress.console.print("nothing runs")
    return 0


def _status(stack: Stack) -> int:
    processes = Processes(stack.state)
    table = Table("part", "state", "pid", "memory", box=None)
    found = {name: processes.find(name) for name in NAMES}
    for name, process in found.items():
        if process is None:
            table.add_row(name, "[dim]stopped[/]", "", "")
        else:
            memory = sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
            table.add_row(name, "[green]runs[/]", str(process.pid), f"{memory / 2**20:.0f} MiB")
    console.print(table)
    if all(found.values()):
        console.print(f"METERHOUSE_URL={read_stack_env(stack)['METERHOUSE_URL']}")
    return 0 if all(found.values()) else 3


def _logs(stack: Stack, name: str) -> int:
    processes = Processes(stack.state)
    path = processes.log_path(name)
    if path.exists():
        lines = path.read_text(errors="replace").splitlines()
    elif processes.find("aws") is None:
        console.print(f"{name} is no part, and functions keep their logs in the emulator, which does not run")
        return 1
    else:
        lines = function_log(read_stack_env(stack), name)
    sys.stdout.write("".join(f"{line}\n" for line in lines[-LINES:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
