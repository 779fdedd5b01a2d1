"""The namespaces there are, and the walk of scheduled functions over them."""

import re

from meterhouse.kernel.errors import InvalidInput, NotFound, Problem
from meterhouse.platform import clock
from meterhouse.platform.limits import Rate, rate_row
from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.platform", "namespaces.sql")
_NO_NAMESPACE = ""
_NAME = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
_LONGEST_NAME = 64


def checked_namespace(name: str) -> str:
    """The name, fit for a namespace: lower-case letters and digits in groups joined by `-` or `_`, at most 64.

    Raises:
        InvalidInput: it is not.
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        message = "lower-case letters and digits in groups joined by - or _, at most 64 characters"
        raise InvalidInput("the namespace has no valid name", [Problem("/namespace", "namespace", message)])
    return name


def all_namespaces(database: Database) -> list[str]:
    """Names in order. Their contents still open only one namespace at a time."""
    with database.transaction(_NO_NAMESPACE, walk="namespaces") as transaction:
        return [row["namespace"] for row in transaction.fetch_all(_SQL["all_namespaces"])]


def set_rate(database: Database, namespace: str, rate: Rate | None) -> None:
    """How many requests a second all keys of a namespace together may make; None: as many as they like.

    Raises:
        NotFound: there is no such namespace.
    """
    with database.transaction(namespace) as transaction:
        if not transaction.execute(_SQL["set_rate"], rate_row(rate)):
            raise NotFound("namespace", namespace)
        transaction.commit()


def add_namespace(database: Database, namespace: str) -> None:
    """Create `namespace` when it is new.

    Raises:
        InvalidInput: its name is not fit for a namespace.
    """
    with database.transaction(checked_namespace(namespace)) as transaction:
        transaction.execute(_SQL["add_namespace"], {"at": clock.now()})
        transaction.commit()
