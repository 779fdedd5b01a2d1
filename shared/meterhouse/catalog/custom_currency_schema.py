"""Currencies and cost bases on the wire, to the contract's third version."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from meterhouse.catalog.custom_currency import CostBasisSpec, CurrencyCostBasis, CustomCurrencySpec
from meterhouse.catalog.custom_currency_service import ShownCurrency
from meterhouse.kernel.currency import Currency
from meterhouse.kernel.currency_names import currency_name, currency_symbol
from meterhouse.platform.wire import (
    CurrencyCode,
    CustomCurrencyCode,
    Instant,
    Name,
    Numeric,
    PaginatedMeta,
    SnakeWire,
    Ulid,
    Whole,
)

Symbol = Annotated[str, StringConstraints(min_length=1, max_length=24)]
Mark = Annotated[str, StringConstraints(min_length=1, max_length=1)]
Precision = Annotated[Whole, Field(ge=0, le=2**32 - 1)]


class _Described(SnakeWire):
    name: Name
    symbol: Symbol | None = None
    precision: Precision
    decimal_mark: Mark
    thousand_separator: Mark


class CreateCurrencyCustomRequest(_Described):
    code: CustomCurrencyCode


class CreateCostBasisRequest(SnakeWire):
    fiat_code: CurrencyCode
    rate: Numeric
    effective_from: Instant | None = None
    effective_to: Instant | None = None


class BillingCostBasis(SnakeWire):
    id: Ulid
    fiat_code: CurrencyCode
    rate: Numeric
    effective_from: Instant
    effective_to: Instant | None = None
    created_at: Instant


class BillingCurrencyFiat(_Described):
    type: Literal["fiat"] = "fiat"
    code: CurrencyCode


class BillingCurrencyCustom(_Described):
    type: Literal["custom"] = "custom"
    id: Ulid
    code: CustomCurrencyCode
    created_at: Instant
    cost_basis: list[BillingCostBasis] | None = None


class CurrencyPagePaginatedResponse(SnakeWire):
    data: list[Annotated[BillingCurrencyFiat | BillingCurrencyCustom, Field(discriminator="type")]]
    meta: PaginatedMeta


class CostBasisPagePaginatedResponse(SnakeWire):
    data: list[BillingCostBasis]
    meta: PaginatedMeta


def currency_spec(body: CreateCurrencyCustomRequest) -> CustomCurrencySpec:
    return CustomCurrencySpec(
        body.code, body.name, body.precision, body.decimal_mark, body.thousand_separator, body.symbol
    )


def cost_basis_spec(body: CreateCostBasisRequest) -> CostBasisSpec:
    return CostBasisSpec(body.fiat_code, body.rate, body.effective_from, body.effective_to)


def fiat_wire(one: Currency) -> BillingCurrencyFiat:
    return BillingCurrencyFiat(
        name=currency_name(one),
        symbol=currency_symbol(one),
        precision=one.exponent,
        decimal_mark=".",
        thousand_separator=",",
        code=one.code,
    )


def custom_wire(shown: ShownCurrency, *, with_worth: bool) -> BillingCurrencyCustom:
    spec = shown.currency.spec
    return BillingCurrencyCustom(
        name=spec.name,
        symbol=spec.symbol,
        precision=spec.exponent,
        decimal_mark=spec.decimal_mark,
        thousand_separator=spec.thousand_separator,
        id=shown.currency.id,
        code=spec.code,
        created_at=shown.currency.created_at,
        cost_basis=[cost_basis_wire(one) for one in shown.worth] if with_worth else None,
    )


def cost_basis_wire(basis: CurrencyCostBasis) -> BillingCostBasis:
    return BillingCostBasis(
        id=basis.id,
        fiat_code=basis.fiat_code,
        rate=basis.rate,
        effective_from=basis.effective_from,
        effective_to=basis.effective_to,
        created_at=basis.created_at,
    )
