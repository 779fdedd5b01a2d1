"""Grants, transactions and movements as rows of their tables."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from meterhouse.kernel.duration import Duration
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.account import Account, CostBasis
from meterhouse.ledger.balance import Scope
from meterhouse.ledger.charge import Charge, Mode
from meterhouse.ledger.credit_grant import CreditGrant, Funding, Purchase, Settlement, Taxation
from meterhouse.ledger.ports import Movement, Place
from meterhouse.ledger.position import Advance
from meterhouse.ledger.transaction import NOTHING, Kind, Transaction
from meterhouse.platform.postgres import Row

_GRANT = (
    "id", "customer_id", "name", "currency", "amount", "effective_at", "created_at", "updated_at", "key", "description",
    "labels", "priority", "voided_at",
)  # fmt: skip


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
    fields = ("key", "currency", "amount", "at", "feature", "name")
    return Charge(**{name: row[name] for name in fields}, mode=Mode(row["mode"]))


def advance_of(row: Row) -> Advance:
    return Advance(row["charge"], row["charge_feature"], row["charged_at"], row["advance"], row["charge_name"])


def charge_document(customer_id: str, charge: Charge) -> Mapping[str, Any]:
    return {
        "customer_id": customer_id,
        "key": charge.key,
        "currency": charge.currency,
        "amount": f"{charge.amount:f}",
        "mode": charge.mode.value,
        "feature": charge.feature,
        "name": charge.name,
        "at": charge.at.isoformat(),
    }


def transaction_document(number: int, transaction: Transaction) -> dict[str, Any]:
    """For `jsonb_to_recordset`; transactions are written in order of their numbers."""
    return _shared(transaction) | {
        "number": number,
        "id": transaction.id,
        "key": transaction.key,
        "recorded_at": transaction.recorded_at.isoformat(),
        "charge": transaction.charge,
        "name": transaction.name,
        "invoice": transaction.invoice,
    }


def entry_documents(transaction: Transaction) -> Iterator[dict[str, Any]]:
    """For `jsonb_to_recordset`: decimals as texts, which lose no digit."""
    shared = _shared(transaction) | {"transaction_id": transaction.id}
    for number, entry in enumerate(transaction.entries, 1):
        route, basis = entry.route, entry.route.cost_basis
        yield shared | {
            "number": number,
            "account": entry.account.value,
            "currency": route.currency,
            "amount": f"{entry.amount:f}",
            "grant_id": entry.grant_id,
            "cost_rate": basis and f"{basis.rate:f}",
            "cost_currency": basis and basis.currency,
            "features": None if route.features is None else list(route.features),
            "priority": route.priority,
            "payment": route.payment and route.payment.value,
        }


def _shared(transaction: Transaction) -> dict[str, Any]:
    """What a transaction and its entries have in common."""
    return {
        "entries": len(transaction.entries),
        "kind": transaction.kind.value,
        "customer_id": transaction.customer_id,
        "booked_at": transaction.booked_at.isoformat(),
    }


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
        "name": transaction.name,
        "currency": transaction.entries[0].route.currency,
        "amount": f"{moved:f}",
    }


def movement_of(row: Row) -> Movement:
    place = Place(row["booked_at"], row["rank"], row["recorded_at"], row["id"])
    return Movement(place, Kind(row["kind"]), row["currency"], row["amount"], row["after"], row["name"])
