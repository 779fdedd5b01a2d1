"""Billing profiles in PostgreSQL."""

import json
from datetime import datetime

from meterhouse.billing.documents import (
    party_from_document,
    party_to_document,
    workflow_from_document,
    workflow_to_document,
)
from meterhouse.billing.paging import paged
from meterhouse.billing.ports import PageOf, ProfileOrder
from meterhouse.billing.profile import Profile, ProfileSpec
from meterhouse.billing.rows import Values
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_PROFILES = queries("meterhouse.billing", "profiles.sql")
_PROFILE_ORDER = {
    ProfileOrder.CREATED_AT: "created_at",
    ProfileOrder.UPDATED_AT: "updated_at",
    ProfileOrder.DEFAULT: "is_default",
    ProfileOrder.NAME: "name",
}


class PostgresProfiles:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, profile_id: str) -> Profile | None:
        return _found(self._transaction.fetch_one(_PROFILES["find_profile"], {"id": profile_id}))

    def default(self) -> Profile | None:
        return _found(self._transaction.fetch_one(_PROFILES["find_default"]))

    def page(self, page: PageOf, order: ProfileOrder, *, include_archived: bool) -> tuple[list[Profile], int]:
        arguments = {"include_archived": include_archived}
        source = f"billing_profiles WHERE {_PROFILES['matching']}"
        rows, total = paged(self._transaction, source, arguments, page, _PROFILE_ORDER[order])
        return [profile_of(row) for row in rows], total

    def add(self, profile: Profile) -> None:
        self._transaction.execute(_PROFILES["add_profile"], _profile_values(profile))

    def save(self, profile: Profile) -> None:
        self._transaction.execute(_PROFILES["save_profile"], _profile_values(profile))

    def unset_default(self, at: datetime) -> None:
        self._transaction.execute(_PROFILES["unset_default"], {"at": at})

    def is_used(self, profile_id: str) -> bool:
        return self._transaction.fetch_one(_PROFILES["uses_of_profile"], {"id": profile_id}) is not None


def _found(row: Row | None) -> Profile | None:
    return None if row is None else profile_of(row)


def profile_of(row: Row) -> Profile:
    spec = ProfileSpec(
        name=row["name"],
        description=row["description"],
        metadata=row["metadata"],
        supplier=party_from_document(row["supplier"]),
        workflow=workflow_from_document(row["workflow"]),
        is_default=row["is_default"],
    )
    return Profile(row["id"], spec, row["app_id"], row["created_at"], row["updated_at"], row["deleted_at"])


def _profile_values(profile: Profile) -> Values:
    spec = profile.spec
    return {
        "id": profile.id,
        "name": spec.name,
        "description": spec.description,
        "metadata": json.dumps(dict(spec.metadata)),
        "supplier": json.dumps(party_to_document(spec.supplier)),
        "workflow": json.dumps(workflow_to_document(spec.workflow)),
        "app_id": profile.app_id,
        "is_default": spec.is_default,
        "created_at": profile.created_at,
        "updated_at": profile.updated_at,
        "deleted_at": profile.deleted_at,
    }
