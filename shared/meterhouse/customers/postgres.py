"""Customers and subjects in PostgreSQL."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from meterhouse.customers.model import Address, Customer, CustomerDetails
from meterhouse.customers.ports import CustomerFilter, CustomerOrder, PageRequest
from meterhouse.customers.subject import Subject
from meterhouse.kernel.errors import Conflict, Problem
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.customers", "customers.sql")
_SUBJECTS = queries("meterhouse.customers", "subjects.sql")
_COLUMNS = {CustomerOrder.ID: "id", CustomerOrder.NAME: "name", CustomerOrder.CREATED_AT: "created_at"}


class PostgresCustomers:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, id_or_key: str) -> Customer | None:
        return _customer(self._transaction.fetch_one(_SQL["find"], {"id_or_key": id_or_key}))

    def find_deleted(self, customer_id: str) -> Customer | None:
        return _customer(self._transaction.fetch_one(_SQL["find_deleted"], {"id": customer_id}))

    def by_ids(self, customer_ids: Iterable[str]) -> dict[str, Customer]:
        """Customers by id, deleted ones too: what was billed to them still names them."""
        rows = self._transaction.fetch_all(_SQL["by_ids"], {"ids": list(customer_ids)})
        return {row["id"]: customer_of(row) for row in rows}

    def by_keys(self, keys: Iterable[str]) -> dict[str, str]:
        """The ids of live customers by their keys; keys of nobody are left out."""
        rows = self._transaction.fetch_all(_SQL["by_keys"], {"keys": list(keys)})
        return {row["subject"]: row["customer_id"] for row in rows}

    def by_subjects(self, subjects: Iterable[str]) -> dict[str, str]:
        """The id of the live customer each subject's usage belongs to; subjects of nobody are left out."""
        rows = self._transaction.fetch_all(_SQL["by_subjects"], {"subjects": list(subjects)})
        return {row["subject"]: row["customer_id"] for row in rows}

    def ids_after(self, after: str, limit: int) -> list[str]:
        """At most `limit` ids of live customers that follow `after` ("" for the first), in order."""
        return [row["id"] for row in self._transaction.fetch_all(_SQL["ids_after"], {"after": after, "limit": limit})]

    def page(self, wanted: CustomerFilter, page: PageRequest) -> tuple[list[Customer], int]:
        parameters = asdict(wanted) | {"ids": None if wanted.ids is None else list(wanted.ids)}
        count = self._transaction.fetch_one(f"SELECT count(*) FROM customers WHERE {_SQL['matching']}", parameters)
        direction = "DESC" if page.descending else "ASC"
        rows = self._transaction.fetch_all(
            f"SELECT * FROM customers WHERE {_SQL['matching']}"
            f" ORDER BY {_COLUMNS[page.order_by]} {direction}, id {direction}"
            " LIMIT %(limit)s OFFSET %(offset)s",
            parameters | {"limit": page.size, "offset": (page.number - 1) * page.size},
        )
        return [customer_of(row) for row in rows], count["count"] if count else 0

    def add(self, customer: Customer) -> None:
        self._transaction.execute(_SQL["insert"], _written(customer))
        self._hold_subjects(customer)

    def update(self, customer: Customer) -> None:
        self._transaction.execute(_SQL["update"], _written(customer))
        self._hold_subjects(customer)

    def _hold_subjects(self, customer: Customer) -> None:
        """Claim, then release: customers that want each other's subjects are refused and do not wait in a circle."""
        subjects = customer.usage_subjects if customer.deleted_at is None else ()
        held = {"id": customer.id, "key": customer.key, "subjects": list(subjects)}
        # one more turn is needed when an owner gives a subject up while it is being claimed
        while unclaimed := self._transaction.fetch_all(_SQL["unclaimed"], held):
            taken = {row["subject"]: row["customer_id"] for row in unclaimed if row["customer_id"] is not None}
            if taken:
                raise _conflict(customer, taken)
            self._transaction.execute(_SQL["claim_subjects"], held)
        self._transaction.execute(_SQL["tell_key"], held)
        self._transaction.execute(_SQL["release_subjects"], held)


def _conflict(customer: Customer, taken: Mapping[str, str]) -> Conflict:
    problems = []
    if customer.key is not None and customer.key in taken:
        message = f"{customer.key!r} is the key or a subject of customer {taken[customer.key]}"
        problems.append(Problem("/key", "key_conflict", message))
    for index, subject in enumerate(customer.details.subject_keys):
        if subject in taken:
            message = f"{subject!r} is the key or a subject of customer {taken[subject]}"
            problems.append(Problem(f"/usageAttribution/subjectKeys/{index}", "subject_key_conflict", message))
    return Conflict("another customer has the key or a subject", problems[0].code, problems)


def _customer(row: Row | None) -> Customer | None:
    return None if row is None else customer_of(row)


def customer_of(row: Row) -> Customer:
    details = CustomerDetails(
        name=row["name"],
        key=row["key"],
        subject_keys=tuple(row["subject_keys"]),
        description=row["description"],
        metadata=row["metadata"],
        primary_email=row["primary_email"],
        currency=row["currency"],
        billing_address=None if row["billing_address"] is None else Address(**row["billing_address"]),
    )
    return Customer(row["id"], details, row["created_at"], row["updated_at"], row["deleted_at"])


def _written(customer: Customer) -> dict[str, Any]:
    details = customer.details
    return {
        **{name: getattr(details, name) for name in ("name", "key", "description", "primary_email", "currency")},
        "id": customer.id,
        "subject_keys": list(details.subject_keys),
        "metadata": _json(details.metadata),
        "billing_address": _json(None if details.billing_address is None else asdict(details.billing_address)),
        "created_at": customer.created_at,
        "updated_at": customer.updated_at,
        "deleted_at": customer.deleted_at,
    }


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value)


class PostgresSubjects:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, id_or_key: str) -> Subject | None:
        return _subject(self._transaction.fetch_one(_SUBJECTS["find"], {"id_or_key": id_or_key}))

    def find_by_key(self, key: str) -> Subject | None:
        return _subject(self._transaction.fetch_one(_SUBJECTS["find_by_key"], {"key": key}))

    def all(self) -> list[Subject]:
        return [_read_subject(row) for row in self._transaction.fetch_all(_SUBJECTS["all"])]

    def save(self, subject: Subject) -> None:
        written = {name: getattr(subject, name) for name in Subject.__slots__}
        self._transaction.execute(_SUBJECTS["save"], written | {"metadata": _json(subject.metadata)})

    def delete(self, subject_id: str, at: datetime) -> None:
        self._transaction.execute(_SUBJECTS["delete"], {"id": subject_id, "at": at})


def _subject(row: Row | None) -> Subject | None:
    return None if row is None else _read_subject(row)


def _read_subject(row: Row) -> Subject:
    return Subject(**{name: row[name] for name in Subject.__slots__})
