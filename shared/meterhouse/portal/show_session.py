"""What a token opens, in words for the page: whose it is, which meters it shows, until when."""

from collections.abc import Sequence
from dataclasses import dataclass

from meterhouse.customers.model import Customer
from meterhouse.metering.model import Meter
from meterhouse.platform.work import Begin
from meterhouse.portal.caller import Caller
from meterhouse.portal.tokens import PortalStore


@dataclass(frozen=True, slots=True)
class Session:
    """`customer` is None where the token is a subject's."""

    caller: Caller
    customer: Customer | None
    meters: Sequence[Meter]


class ShowSession:
    def __init__(self, begin: Begin[PortalStore]) -> None:
        self._begin = begin

    def __call__(self, caller: Caller) -> Session:
        with self._begin(caller.namespace) as work:
            meters = [meter for meter in work.store.meters.live() if caller.scope.shows(meter.slug)]
            customer_id = caller.scope.customer_id
            customer = None if customer_id is None else work.store.customers.find(customer_id)
        return Session(caller, customer, sorted(meters, key=lambda meter: meter.slug))
