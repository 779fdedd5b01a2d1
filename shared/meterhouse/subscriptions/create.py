"""A customer subscribes to a plan."""

from dataclasses import dataclass
from datetime import datetime

from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import Problem
from meterhouse.platform.work import Work
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.ports import SubscriptionStore
from meterhouse.subscriptions.sale import Wanted, agree, refuse_unknown, sold
from meterhouse.subscriptions.saving import locked_customer
from meterhouse.subscriptions.timing import starts_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription(Wanted):
    """A subscription of `customer`, an id or key; `customer_field` points to where the caller wrote it."""

    customer: str
    customer_field: str = "/customerId"


def create_in(work: Work[SubscriptionStore], wanted: NewSubscription, new_id: str, now: datetime) -> Subscription:
    """Subscribe the customer; one without a currency gets the plan's if anything in it has a price.

    It works in an open unit of work; the caller commits.

    Raises:
        InvalidInput: no such customer, plan or starting phase; a custom plan that could not be published; a
            timing that means nothing here.
        Conflict: the plan is not on sale, the customer pays in another currency, or has what cannot be beside it.
    """
    starts = starts_at(wanted.timing, now)
    problems: list[Problem] = []
    customer = _locked_customer(work, wanted, problems)
    what = sold(work.store, wanted, now, problems)
    if customer is None or what is None:
        raise refuse_unknown(problems)
    return agree(work, customer, what, wanted, new_id=new_id, starts=starts, now=now)


def _locked_customer(
    work: Work[SubscriptionStore], wanted: NewSubscription, problems: list[Problem]
) -> Customer | None:
    found = locked_customer(work, wanted.customer)
    if found is None:
        message = f"there is no customer {wanted.customer!r}"
        problems.append(Problem(wanted.customer_field, "customer_not_found", message))
    return found
