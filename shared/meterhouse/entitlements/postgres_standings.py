"""Standings and snapshots in PostgreSQL: one statement reads all that balances follow from but usage."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from meterhouse.catalog.usage_filter import usage_filters
from meterhouse.customers.postgres import customer_of
from meterhouse.entitlements.entitlement import ceil_minute
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.rows import entitlement_of, grant_of
from meterhouse.entitlements.snapshot import ENGINE, NewSnapshot, balance_of, state_of
from meterhouse.entitlements.standing import CustomerStanding, Found, Hold, Metered, Settled, Standing
from meterhouse.metering.postgres import meter_of
from meterhouse.platform.postgres import Database
from meterhouse.platform.postgres_read import Reads
from meterhouse.platform.postgres_transaction import Row
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.entitlements", "standings.sql")
_ROW = ("created_at", "updated_at", "deleted_at")
_ENTITLEMENT = (*_ROW, "active_from", "active_to", "anchor", "measured_from")
_GRANT = ("created_at", "updated_at", "effective_at", "expires_at", "recurrence_anchor", "voided_at")
_GRANTED = ("amount", "min_rollover", "max_rollover")


class PostgresStandings:
    """Every method is one statement."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def of_entitlements(self, entitlement_ids: Collection[str], at: datetime) -> list[Standing]:
        """Those of these ids that exist, in no order; snapshots not later than `at`."""
        found = self._found("of_entitlements", "these", at, ids=list(entitlement_ids))
        return [standing for customer in found.customers for standing in customer.standings]

    def of_holder(self, holder: Holder, at: datetime) -> Found:
        """The live customer, if there is one, with all that is active at `at`."""
        return self._found(_whose(holder), "active", at, name=holder.name)

    def named(self, holder: Holder, id_or_feature_key: str, at: datetime, now: datetime) -> Found:
        """The same with the entitlement of this id, and those of this feature key active at `at` or not over by now."""
        return self._found(_whose(holder), "named", at, name=holder.name, entitlement=id_or_feature_key, now=now)

    def of_subjects(self, names: Sequence[str], feature_keys: Collection[str] | None, at: datetime) -> Found:
        """The live customers with these keys or subjects, with what is active at `at` of these features, or of all."""
        keys = None if feature_keys is None else list(feature_keys)
        return self._found("of_subjects", "active", at, names=list(names), feature_keys=keys)

    def _found(self, whose: str, chosen: str, at: datetime, **asked: object) -> Found:
        text = _SQL["standings"].format(whose=_SQL[whose], chosen=_SQL[chosen])
        known = {"feature_keys": None, "at": at, "until": ceil_minute(at), "engine": ENGINE}
        return _Reading(self._reads.fetch_all(text, known | asked)).found()


class PostgresSnapshots:
    """Keeps snapshots, in a transaction of their own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, namespace: str, snapshots: Sequence[NewSnapshot]) -> None:
        """Those of entitlements that changed meanwhile are not kept.

        Raises:
            Unavailable: the database did not answer; nothing is lost but time.
        """
        if not snapshots:
            return
        with self._database.transaction(namespace) as transaction:
            transaction.execute_many(_SQL["keep"], map(_values, snapshots))
            kept_of = sorted({snapshot.entitlement_id for snapshot in snapshots})
            transaction.execute(_SQL["tidy"], {"entitlement_ids": kept_of})
            transaction.commit()


class _Reading:
    """The documents of one answer, by kind."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._by_kind: dict[str, list[tuple[dict[str, Any], Any]]] = {
            "customer": [], "meter": [], "feature": [], "entitlement": []
        }  # fmt: skip
        for row in rows:
            self._by_kind[row["kind"]].append((row["document"], row["more"]))
        self._meters = {
            document["id"]: (meter_of(_typed(document, (*_ROW, "event_from"))), is_complete)
            for document, is_complete in self._by_kind["meter"]
        }
        self._filters = {document["id"]: usage_filters(document["filters"]) for document, _ in self._by_kind["feature"]}

    def found(self) -> Found:
        standings: dict[str, list[Standing]] = {}
        for document, more in self._by_kind["entitlement"]:
            standings.setdefault(document["customer_id"], []).append(self._standing(document, more))
        customers = [
            CustomerStanding(customer_of(_typed(document, _ROW)), matched, standings.get(document["id"], []))
            for document, matched in sorted(self._by_kind["customer"], key=lambda one: str(one[0]["id"]))
        ]
        return Found(customers, {document["key"] for document, _ in self._by_kind["feature"]})

    def _standing(self, document: dict[str, Any], more: dict[str, Any] | None) -> Standing:
        entitlement = entitlement_of(_typed(document, _ENTITLEMENT, ("issue_amount",)))
        if more is None or entitlement.meter_id is None:
            return Standing(entitlement)
        meter, is_complete = self._meters[entitlement.meter_id]
        holds, snapshot = more["holds"], more["snapshot"]
        metered = Metered(
            meter=meter,
            filters=self._filters[entitlement.feature_id],
            subjects=tuple(more["subjects"]),
            grants=[grant_of(_typed(grant, _GRANT, _GRANTED)) for grant in more["grants"]],
            basis=more["basis"],
            seen=more["seen"],
            read_at=datetime.fromisoformat(more["read_at"]),
            is_complete=is_complete,
            holds=[_hold(hold) for hold in holds if hold["settled_at"] is None],
            settled=[_settled(hold) for hold in holds if hold["settled_at"] is not None],
            snapshot=None if snapshot is None else balance_of(snapshot),
        )
        return Standing(entitlement, metered)


def _whose(holder: Holder) -> str:
    return "of_subject" if holder.is_subject else "of_customer"


def _typed(document: Mapping[str, Any], instants: Iterable[str], amounts: Iterable[str] = ()) -> Row:
    """A document as the row that it was: JSON tells instants and exact numbers as text."""
    row = dict(document)
    row |= {name: datetime.fromisoformat(row[name]) for name in instants if row[name] is not None}
    return row | {name: Decimal(row[name]) for name in amounts if row[name] is not None}


def _hold(document: Mapping[str, Any]) -> Hold:
    row = _typed(document, ("created_at", "expires_at"), ("amount",))
    return Hold(row["id"], row["amount"], row["created_at"], row["expires_at"])


def _settled(document: Mapping[str, Any]) -> Settled:
    row = _typed(document, ("settled_at",), ("settled_amount",))
    return Settled(row["id"], row["settled_amount"], row["settled_at"])


def _values(snapshot: NewSnapshot) -> dict[str, Any]:
    return {
        "entitlement_id": snapshot.entitlement_id,
        "at": snapshot.balance.at,
        "changes": snapshot.changes,
        "basis": snapshot.basis,
        "late_mark": snapshot.seen,
        "state": json.dumps(state_of(snapshot.balance)),
        "recorded_at": snapshot.read_at,
    }
