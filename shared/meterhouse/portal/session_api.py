"""What a token opens, over HTTP."""

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.customers.model import Customer
from meterhouse.metering.aggregation import Aggregation
from meterhouse.platform.wire import Instant, Ulid, Wire
from meterhouse.portal.caller import caller_of
from meterhouse.portal.show_session import Session, ShowSession


class PortalCustomer(Wire):
    id: Ulid
    key: str | None = None
    name: str
    currency: str | None = None


class PortalMeter(Wire):
    """`groupBy` are the keys by which its usage can be told apart."""

    slug: str
    name: str | None = None
    description: str | None = None
    aggregation: Aggregation
    group_by: list[str]


class PortalSession(Wire):
    """`customer` is absent where the token shows one subject's usage alone."""

    subject: str
    customer: PortalCustomer | None = None
    meters: list[PortalMeter]
    expires_at: Instant


def session_routes(show: ShowSession) -> Router:
    router = Router()

    @router.get(
        "/api/v1/portal/session",
        operation_id="getPortalSession",
        tags=["Portal"],
        summary="Tell what a portal token opens",
    )
    def get() -> PortalSession:
        return _to_wire(show(caller_of(router.current_event.raw_event)))

    return router


def _customer_wire(customer: Customer) -> PortalCustomer:
    details = customer.details
    return PortalCustomer(id=customer.id, key=customer.key, name=details.name, currency=details.currency)


def _to_wire(session: Session) -> PortalSession:
    customer = session.customer
    return PortalSession(
        subject=session.caller.scope.subject,
        customer=None if customer is None else _customer_wire(customer),
        meters=[
            PortalMeter(
                slug=meter.slug,
                name=meter.name,
                description=meter.description,
                aggregation=meter.aggregation,
                group_by=sorted(meter.group_by),
            )
            for meter in session.meters
        ],
        expires_at=session.caller.token.expires_at,
    )
