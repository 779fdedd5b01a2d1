"""Our customers at Stripe."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StripeCustomer:
    """How Stripe knows a customer.

    Attributes:
        payment_method_id: what is charged; None: the default that Stripe's customer has.
    """

    id: str
    payment_method_id: str | None = None


class StripeCustomers(Protocol):
    """Whom an app of ours at Stripe knows our customers as."""

    def of(self, namespace: str, app_id: str, customer_id: str) -> StripeCustomer | None: ...

    def by_stripe_id(self, namespace: str, app_id: str, stripe_id: str) -> str | None:
        """The id of our customer."""

    def link(self, namespace: str, app_id: str, customer_id: str, customer: StripeCustomer) -> None:
        """Keep this in place of what was known.

        Raises:
            Conflict: Stripe's customer is another of ours already.
        """
