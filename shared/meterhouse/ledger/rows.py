"""Grants, transactions and movements as rows of their tables."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from meterhouse.kernel.duration import Duration
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.account import Account, CostBasis
from meterhouse.ledger.balance import Scope
from meterhouse.ledger.charge import Charge, Mode
from meterhouse.ledger.credit_grant import CreditGrant, Funding, Purchase, Settlement, Taxation
from meterhouse.ledger.ports import Movement, Place
from meterhouse.ledger.position import Advance
from meterhouse.ledger.transaction import NOTHING, Entry, Kind, Transaction, Words
from meterhouse.platform.columns import instant_text
from meterhouse.platform.postgres_transaction import Row

_GRANT = (
    "id", "customer_id", "name", "currency", "amount", "effective_at", "created_at", "updated_at", "key", "description",
    "labels", "priority", "voided_at",
)  # fmt: skip
_CHARGE = ("key", "currency", "amount", "at", "feature", "name")


def grant_of(row: Row) -> CreditGrant:
    lasts, behavior, code = row["expires_after"], row["tax_behavior"], row["tax_code_id"]
    return CreditGrant(
        **{name: row[name] for name in _GRANT},
        funding=Funding(row["funding"]),
        features=None if row["features"] is None else tuple(row["features"]),
        expires_after=None if lasts is None else Duration(lasts),
        purchase=_purchase(row),
        taxation=None if behavior is None and code is None else Taxation(behavior, code),
    )


def _purchase(row: Row) -> Purchase | None:
    basis = basis_of(row)
    if basis is None:
        return None
    return Purchase(basis, row["cost_amount"], Settlement(row["settlement"]), row["settled_at"])


def basis_of(row: Row) -> CostBasis | None:
    return None if row["cost_rate"] is None else CostBasis(row["cost_rate"], row["cost_currency"])


def grant_values(grant: CreditGrant) -> dict[str, Any]:
    purchase, taxation = grant.purchase, grant.taxation
    return {name: getattr(grant, name) for name in _GRANT} | {
        "labels": json.dumps(dict(grant.labels)),
        "funding": grant.funding.value,
        "features": None if grant.features is None else list(grant.features),
        "expires_after": grant.expires_after and grant.expires_after.iso,
        "cost_rate": purchase and purchase.cost_basis.rate,
        "cost_currency": purchase and purchase.cost_basis.currency,
        "cost_amount": purchase and purchase.amount,
        "settlement": purchase and purchase.settlement.value,
        "settled_at": purchase and purchase.settled_at,
        "tax_behavior": taxation and taxation.behavior,
        "tax_code_id": taxation and taxation.code_id,
        "available_at": grant.available_at,
        "expires_at": grant.expires_at,
    }


def charge_of(row: Row) -> Charge:
    return Charge(**{name: row[name] for name in _CHARGE}, mode=Mode(row["mode"]))


def advance_of(row: Row) -> Advance:
    return Advance(row["charge"], row["charge_feature"], row["charged_at"], row["advance"], row["charge_name"])


def charge_values(customer_id: str, charge: Charge, at: datetime) -> dict[str, Any]:
    return {name: getattr(charge, name) for name in _CHARGE} | {
        "customer_id": customer_id,
        "mode": charge.mode.value,
        "recorded_at": at,
    }


def transaction_values(transaction: Transaction) -> dict[str, Any]:
    words = transaction.words
    return {
        "id": transaction.id,
        "entries": len(transaction.entries),
        "key": transaction.key,
        "kind": transaction.kind,
        "customer_id": transaction.customer_id,
        "booked_at": instant_text(transaction.booked_at),
        "recorded_at": instant_text(transaction.recorded_at),
        "charge": transaction.charge,
        "name": words.name,
        "description": words.description,
        "labels": json.dumps(dict(words.labels)) if words.labels else None,
        "invoice": transaction.invoice,
    }


def entry_values(number: int, entry: Entry) -> dict[str, Any]:
    """What an entry has beside its transaction."""
    route, basis = entry.route, entry.route.cost_basis
    return {
        "number": number,
        "account": entry.account,
        "currency": route.currency,
        "amount": entry.amount,
        "grant_id": entry.grant_id,
        "cost_rate": basis and basis.rate,
        "cost_currency": basis and basis.currency,
        "features": None if route.features is None else list(route.features),
        "priority": route.priority,
        "payment": route.payment,
    }


def booking_values(sequence: int, transaction: Transaction) -> Iterator[dict[str, Any]]:
    """Each entry beside its transaction; transactions are written in order of their `sequence`."""
    shared = transaction_values(transaction) | {"sequence": sequence}
    for number, entry in enumerate(transaction.entries, 1):
        yield shared | entry_values(number, entry)


def unwritten_document(transaction: Transaction, scope: Scope) -> Mapping[str, Any]:
    """What a transaction that is not written yet will do to the credit of the scope, as a movement."""
    moved = NOTHING
    for entry in transaction.entries:
        if entry.account in {Account.CREDIT, Account.ADVANCE} and scope.holds_credit(entry.route.features):
            moved = EXACT.add(moved, entry.amount)
    return {
        "id": transaction.id,
        "kind": transaction.kind.value,
        "booked_at": transaction.booked_at.isoformat(),
        "name": transaction.words.name,
        "description": transaction.words.description,
        "labels": dict(transaction.words.labels),
        "currency": transaction.entries[0].route.currency,
        "amount": f"{moved:f}",
    }


def movement_of(row: Row) -> Movement:
    words = Words(row["name"], row["description"], row["labels"] or {})
    place = Place(row["booked_at"], row["rank"], row["recorded_at"], row["id"])
    return Movement(place, Kind(row["kind"]), row["currency"], row["amount"], row["after"], words)
