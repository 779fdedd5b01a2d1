"""Our customer at Stripe."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StripeCustomer:
    """How Stripe knows it.

    Attributes:
        payment_method_id: what is charged; None: the default that Stripe's customer has.
    """

    id: str
    payment_method_id: str | None = None
