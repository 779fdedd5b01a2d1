"""What is settled for one customer apart from the namespace's default: the billing profile it is pinned to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from meterhouse.billing.profile import Profile
from meterhouse.customers.model import Customer


@dataclass(frozen=True, slots=True)
class CustomerOverride:
    """`profile_id` None: nothing is pinned, the customer follows the default as if there were no override."""

    customer_id: str
    profile_id: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BilledBy:
    """A customer with the profile it is invoiced on now, and the override that says so, if there is one."""

    customer: Customer
    override: CustomerOverride | None
    profile: Profile


class OverrideOrder(StrEnum):
    CUSTOMER_ID = "customerId"
    CUSTOMER_NAME = "customerName"
    CUSTOMER_KEY = "customerKey"
    CUSTOMER_PRIMARY_EMAIL = "customerPrimaryEmail"
    CUSTOMER_CREATED_AT = "customerCreatedAt"


@dataclass(frozen=True, slots=True)
class OverrideFilter:
    """None means any; texts match anywhere in the field, whatever their case.

    Attributes:
        profiles: of which the customer is invoiced on one, pinned or by default.
        include_all: customers without an override, too.
        only_unpinned: those alone who follow the default.
    """

    profiles: Sequence[str] | None = None
    customers: Sequence[str] | None = None
    name: str | None = None
    key: str | None = None
    primary_email: str | None = None
    include_all: bool = True
    only_unpinned: bool = False
