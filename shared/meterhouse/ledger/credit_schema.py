"""Credit grants and adjustments on the wire, to the contract's third version."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from meterhouse.ledger.adjust_credit import Adjustment
from meterhouse.ledger.credit_grant import PRIORITY, CreditGrant, Funding, GrantStatus, Purchase, Settlement, Taxation
from meterhouse.ledger.grant_rules import CreditGrantSpec, PurchaseSpec
from meterhouse.ledger.ports import InvoiceReference
from meterhouse.platform.wire import (
    CurrencyCode,
    Description,
    ExternalKey,
    Instant,
    Key,
    Labels,
    Name,
    Numeric,
    PaginatedMeta,
    SnakeWire,
    Ulid,
    Whole,
)

CreditCurrency = Annotated[str, StringConstraints(min_length=3, max_length=24)]
Priority = Annotated[Whole, Field(ge=1, le=1000)]
_MOST_FEATURES = 1000


class CreditGrantFilters(SnakeWire):
    features: Annotated[list[Key], Field(max_length=_MOST_FEATURES)] | None = None


class CreditGrantTaxCode(SnakeWire):
    id: Ulid


class CreditGrantTaxConfig(SnakeWire):
    behavior: Literal["inclusive", "exclusive"] | None = None
    tax_code: CreditGrantTaxCode | None = None


class CreateCreditGrantPurchase(SnakeWire):
    currency: CurrencyCode
    per_unit_cost_basis: Numeric | None = None
    availability_policy: Literal["on_creation"] = "on_creation"


class CreateCreditGrantRequest(SnakeWire):
    name: Name
    description: Description | None = None
    labels: Labels | None = None
    funding_method: Funding
    currency: CreditCurrency
    amount: Numeric
    purchase: CreateCreditGrantPurchase | None = None
    tax_config: CreditGrantTaxConfig | None = None
    filters: CreditGrantFilters | None = None
    priority: Priority = PRIORITY
    effective_at: Instant | None = None
    expires_after: str | None = None
    key: ExternalKey | None = None


class CreditGrantPurchase(SnakeWire):
    currency: CurrencyCode
    per_unit_cost_basis: Numeric
    amount: Numeric
    availability_policy: Literal["on_creation"] = "on_creation"
    settlement_status: Settlement


class CreditGrantInvoiceLine(SnakeWire):
    id: Ulid


class CreditGrantInvoice(SnakeWire):
    id: Ulid
    line: CreditGrantInvoiceLine


class BillingCreditGrant(SnakeWire):
    id: Ulid
    name: Name
    description: Description | None = None
    labels: Mapping[str, str] | None = None
    created_at: Instant
    updated_at: Instant
    funding_method: Funding
    currency: CreditCurrency
    amount: Numeric
    purchase: CreditGrantPurchase | None = None
    tax_config: CreditGrantTaxConfig | None = None
    invoice: CreditGrantInvoice | None = None
    filters: CreditGrantFilters | None = None
    priority: Priority
    effective_at: Instant
    key: ExternalKey | None = None
    expires_at: Instant | None = None
    voided_at: Instant | None = None
    status: GrantStatus


class UpdateCreditGrantExternalSettlementRequest(SnakeWire):
    status: Settlement


class VoidCreditGrantRequest(SnakeWire):
    payment_adjustment: Literal["none"] = "none"


class BillingCreditAdjustment(SnakeWire):
    name: Name
    description: Description | None = None
    labels: Labels | None = None


class CreateCreditAdjustmentRequest(BillingCreditAdjustment):
    currency: CreditCurrency
    amount: Numeric


class CreditGrantPagePaginatedResponse(SnakeWire):
    data: list[BillingCreditGrant]
    meta: PaginatedMeta


def spec_of(body: CreateCreditGrantRequest) -> CreditGrantSpec:
    bought, tax = body.purchase, body.tax_config
    return CreditGrantSpec(
        name=body.name,
        funding=body.funding_method,
        currency=body.currency,
        amount=body.amount,
        key=body.key,
        description=body.description,
        labels=body.labels or {},
        priority=body.priority,
        features=None if body.filters is None else body.filters.features,
        effective_at=body.effective_at,
        expires_after=body.expires_after,
        purchase=None if bought is None else PurchaseSpec(bought.currency, bought.per_unit_cost_basis),
        taxation=None if tax is None else Taxation(tax.behavior, None if tax.tax_code is None else tax.tax_code.id),
    )


def adjustment_of(body: CreateCreditAdjustmentRequest) -> Adjustment:
    return Adjustment(body.name, body.currency, body.amount, body.description, body.labels or {})


def adjustment_wire(body: CreateCreditAdjustmentRequest) -> BillingCreditAdjustment:
    return BillingCreditAdjustment(name=body.name, description=body.description, labels=body.labels)


def grant_wire(grant: CreditGrant, at: datetime, paid_on: InvoiceReference | None = None) -> BillingCreditGrant:
    """The grant with its status at `at`, and where it is paid."""
    return BillingCreditGrant(
        id=grant.id,
        name=grant.name,
        description=grant.description,
        labels=grant.labels or None,
        created_at=grant.created_at,
        updated_at=grant.updated_at,
        funding_method=grant.funding,
        currency=grant.currency,
        amount=grant.amount,
        purchase=None if grant.purchase is None else _purchase_wire(grant.purchase),
        tax_config=None if grant.taxation is None else _tax_wire(grant.taxation),
        invoice=None if paid_on is None else _invoice_wire(paid_on),
        filters=None if grant.features is None else CreditGrantFilters(features=list(grant.features)),
        priority=grant.priority,
        effective_at=grant.effective_at,
        key=grant.key,
        expires_at=grant.expires_at,
        voided_at=grant.voided_at,
        status=grant.status_at(at),
    )


def _invoice_wire(paid_on: InvoiceReference) -> CreditGrantInvoice:
    return CreditGrantInvoice(id=paid_on.invoice_id, line=CreditGrantInvoiceLine(id=paid_on.line_id))


def _purchase_wire(purchase: Purchase) -> CreditGrantPurchase:
    return CreditGrantPurchase(
        currency=purchase.cost_basis.currency,
        per_unit_cost_basis=purchase.cost_basis.rate,
        amount=purchase.amount,
        settlement_status=purchase.settlement,
    )


def _tax_wire(taxation: Taxation) -> CreditGrantTaxConfig:
    code = None if taxation.code_id is None else CreditGrantTaxCode(id=taxation.code_id)
    return CreditGrantTaxConfig.model_validate({"behavior": taxation.behavior, "tax_code": code})
