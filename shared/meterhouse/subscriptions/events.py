"""The room's domain events: `subscription.created`, `.canceled`, `.continued`, `.deleted`; and the customer's."""

from meterhouse.customers.model import Customer
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform.outbox import DomainEvent
from meterhouse.subscriptions.model import Subscription


def event(what: str, subscription: Subscription) -> DomainEvent:
    """That `what` happened to the subscription when it was last updated."""
    at = subscription.updated_at
    return DomainEvent(
        id=derived_ulid(at, "subscription", what, subscription.id, format_rfc3339(at)),
        type=f"subscription.{what}",
        subject=f"subscription/{subscription.id}",
        occurred_at=at,
        data={
            "id": subscription.id,
            "customerId": subscription.customer_id,
            "planId": subscription.plan and subscription.plan.id,
            "activeFrom": format_rfc3339(subscription.active_from),
            "activeTo": subscription.active_to and format_rfc3339(subscription.active_to),
        },
    )


def currency_settled(customer: Customer) -> DomainEvent:
    """That the customer got its currency when it was last updated."""
    at = customer.updated_at
    return DomainEvent(
        id=derived_ulid(at, "customer", "currency_settled", customer.id, format_rfc3339(at)),
        type="customer.updated",
        subject=f"customer/{customer.id}",
        occurred_at=at,
        data={"customerId": customer.id, "key": customer.key},
    )
