"""Top-ups of credit over HTTP, in the style of the contract's third version, which has none."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import Field

from meterhouse.catalog.duration_schema import Duration
from meterhouse.ledger.credit_grant import PRIORITY, Funding
from meterhouse.ledger.credit_schema import (
    CreateCreditGrantPurchase,
    CreateCreditGrantRequest,
    CreditCurrency,
    CreditGrantFilters,
    CreditGrantTaxConfig,
    Priority,
    spec_of,
)
from meterhouse.ledger.grant_api import CREDITS, CustomerId
from meterhouse.ledger.management import Credits
from meterhouse.ledger.top_up import Limits, TopUp
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Instant, Name, Numeric, SnakeWire, Whole

_TAGS = ["Credits"]
_TOP_UPS = f"{CREDITS}/auto-top-up"
_TOP_UP = f"{_TOP_UPS}/<currency>"
_MOST = 2**31 - 1
Currency = Annotated[CreditCurrency, Path()]


class TopUpLimits(SnakeWire):
    """At most so often, and so much, in each period; at least one of both is given."""

    period: Duration
    count: Annotated[Whole, Field(ge=1, le=_MOST)] | None = None
    amount: Numeric | None = None


class PutAutoTopUpRequest(SnakeWire):
    """Below the threshold the customer is granted this credit by itself."""

    name: Name
    threshold: Numeric
    amount: Numeric
    limits: TopUpLimits
    funding_method: Funding
    purchase: CreateCreditGrantPurchase | None = None
    tax_config: CreditGrantTaxConfig | None = None
    filters: CreditGrantFilters | None = None
    priority: Priority = PRIORITY
    expires_after: str | None = None


class AutoTopUp(PutAutoTopUpRequest):
    currency: CreditCurrency
    created_at: Instant
    updated_at: Instant


class AutoTopUps(SnakeWire):
    data: list[AutoTopUp]


_GRANTED = PutAutoTopUpRequest.model_fields.keys() - {"threshold", "limits"}


def top_up_routes(credits_: Credits) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_TOP_UPS, operation_id="listAutoTopUps", tags=_TAGS, summary="List top-ups of credit")
    def every(customer_id: CustomerId) -> AutoTopUps:
        found = credits_.top_ups.of_customer(namespace(), customer_id)
        return AutoTopUps(data=[top_up_wire(one) for one in found])

    @router.put(_TOP_UP, operation_id="putAutoTopUp", tags=_TAGS, summary="Top credit up by itself")
    def put(customer_id: CustomerId, currency: Currency, body: Annotated[PutAutoTopUpRequest, Body()]) -> AutoTopUp:
        granted = {name: getattr(body, name) for name in _GRANTED}
        spec = spec_of(CreateCreditGrantRequest(currency=currency, **granted))
        limits = Limits(body.limits.period, body.limits.count, body.limits.amount)
        return top_up_wire(credits_.top_ups.put(namespace(), customer_id, spec, body.threshold, limits))

    @router.delete(_TOP_UP, operation_id="deleteAutoTopUp", tags=_TAGS, summary="Top credit up no more")
    def remove(customer_id: CustomerId, currency: Currency) -> Response[None]:
        credits_.top_ups.remove(namespace(), customer_id, currency)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def top_up_wire(top_up: TopUp) -> AutoTopUp:
    spec, limits = top_up.spec, top_up.limits
    bought, tax = spec.purchase, spec.taxation
    return AutoTopUp.model_validate(
        {
            "name": spec.name,
            "threshold": top_up.threshold,
            "amount": spec.amount,
            "limits": {"period": limits.period, "count": limits.times, "amount": limits.amount},
            "funding_method": spec.funding,
            "purchase": bought and {"currency": bought.currency, "per_unit_cost_basis": bought.rate},
            "tax_config": tax and {"behavior": tax.behavior, "tax_code": tax.code_id and {"id": tax.code_id}},
            "filters": spec.features and {"features": list(spec.features)},
            "priority": spec.priority,
            "expires_after": spec.expires_after,
            "currency": top_up.currency,
            "created_at": top_up.created_at,
            "updated_at": top_up.updated_at,
        }
    )
