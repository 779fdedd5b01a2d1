"""`meterhouse subjects`."""

from meterhouse.cli.command import command, commands
from meterhouse.cli.http import path_of
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import show_table

group = commands("Subjects: the producers' names for who used.")
_COLUMNS = ("key", "displayName", "createdAt", "id")


@command(group, "list")
def list_(session: Session) -> None:
    """Every subject."""
    subjects = session.endpoint.items(path_of("subjects"))
    session.answer(subjects, lambda: show_table(_COLUMNS, ([one.get(name) for name in _COLUMNS] for one in subjects)))
