"""When invoices are collected, as the contract writes it."""

from typing import Annotated, Literal

from pydantic import Field

from meterhouse.billing.alignment import Anchored
from meterhouse.entitlements.period_schema import RecurringPeriodInterval
from meterhouse.platform.wire import Instant, Wire


class WithSubscriptions(Wire):
    type: Literal["subscription"] = "subscription"


class RecurringPeriodV2(Wire):
    interval: RecurringPeriodInterval
    anchor: Instant


class AnchoredWire(Wire):
    type: Literal["anchored"]
    recurring_period: RecurringPeriodV2


AlignmentWire = Annotated[WithSubscriptions | AnchoredWire, Field(discriminator="type")]


def anchored_from_wire(wire: WithSubscriptions | AnchoredWire) -> Anchored | None:
    if isinstance(wire, WithSubscriptions):
        return None
    return Anchored(wire.recurring_period.interval, wire.recurring_period.anchor)


def alignment_to_wire(anchored: Anchored | None) -> WithSubscriptions | AnchoredWire:
    if anchored is None:
        return WithSubscriptions()
    period = RecurringPeriodV2(interval=anchored.cadence, anchor=anchored.anchor)
    return AnchoredWire(type="anchored", recurring_period=period)
