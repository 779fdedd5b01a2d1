"""Units of a custom currency: what credit leaves of them is charged in money, once, at what they are worth."""

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from meterhouse.billing.invoice import Line
from meterhouse.billing.overages import leaves_money
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.target import target_lines
from tests.simulation.billing.contracts import CREDITS, USD, WORTH
from tests.simulation.checks import Broken

SMALLEST = {USD: Decimal("0.01"), CREDITS.spec.code: Decimal("0.001")}
"""The finest amount of each currency."""


def check_overages(lines: Iterable[Line]) -> None:
    live = [line for line in lines if line.is_live]
    charging = {one.overage.line_id: (one, one.overage.units) for one in live if one.overage is not None}
    for line in live:
        if leaves_money(line) and not line.is_pending:
            overage, units = charging.get(line.id, (None, Decimal(0)))
            if units != line.totals.charged - line.totals.credits_total:
                raise Broken(f"credit left {line.totals.total} of {line.key}, and {units} are charged")
            worth = (units * WORTH.rate).quantize(SMALLEST[USD], ROUND_HALF_UP)
            if overage is not None and overage.quantity is not None and overage.totals.charged != worth:
                raise Broken(f"{units} of {line.key} are charged with {overage.totals.charged}, not {worth}")


def has_units(subscription: Subscription, until: datetime) -> bool:
    """Whether anything of it is priced in units; what is due in money with usage in them waits for it."""
    return any(one.invoice_currency is not None for one in target_lines(subscription, until))
