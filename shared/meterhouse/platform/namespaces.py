"""The namespaces there are, and the walk of scheduled functions over them."""

import re
from dataclasses import dataclass

from meterhouse.kernel.errors import InvalidInput, NotFound, Problem
from meterhouse.platform import clock
from meterhouse.platform.limits import Rate, rate_of, rate_row
from meterhouse.platform.postgres import Database
from meterhouse.platform.quotas import Quota, quota_of, quota_row
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


@dataclass(frozen=True, slots=True)
class Allowance:
    """What all keys of a namespace may together, and each portal token; None: as much as they like, or the usual."""

    rate: Rate | None = None
    quota: Quota | None = None
    portal_rate: Rate | None = None


UNLIMITED = Allowance()


def set_allowance(database: Database, namespace: str, allowance: Allowance) -> None:
    """Raises: NotFound: there is no such namespace."""
    portal = {f"portal_{name}": value for name, value in rate_row(allowance.portal_rate).items()}
    row = {**rate_row(allowance.rate), **quota_row(allowance.quota), **portal}
    with database.transaction(namespace) as transaction:
        if not transaction.execute(_SQL["set_allowance"], row):
            raise NotFound("namespace", namespace)
        transaction.commit()


def allowance_of(database: Database, namespace: str) -> Allowance | None:
    """None: there is no such namespace."""
    with database.transaction(namespace) as transaction:
        row = transaction.fetch_one(_SQL["allowance"], {})
    if row is None:
        return None
    return Allowance(
        rate_of(row["requests_per_second"], row["burst"]),
        quota_of(row["monthly_requests"], row["monthly_events"]),
        rate_of(row["portal_requests_per_second"], row["portal_burst"]),
    )


def add_namespace(database: Database, namespace: str) -> None:
    """Create `namespace` when it is new.

    Raises:
        InvalidInput: its name is not fit for a namespace.
    """
    with database.transaction(checked_namespace(namespace)) as transaction:
        transaction.execute(_SQL["add_namespace"], {"at": clock.now()})
        transaction.commit()
