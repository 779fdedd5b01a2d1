"""Usage that is billed while its period goes on: what is asked for and what comes of it."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from meterhouse.catalog.feature import Feature
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.model import Subscription
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import INVOICES, Api
from tests.unit.billing.samples import FakeUsage
from tests.unit.subscriptions.samples import at

TENTH, TWENTIETH = at("2024-01-10"), at("2024-01-20")
AN_HOUR = timedelta(hours=1, minutes=1)


class UsageByDay(FakeUsage):
    """What was used on each day of a period."""

    def quantities(
        self, _namespace: str, feature: Feature, period: Period, subjects: Mapping[str, Collection[str]]
    ) -> Mapping[str, Decimal]:
        found = dict.fromkeys(subjects, Decimal(0))
        for (key, day, customer), quantity in self.used.items():
            if key == feature.key and period.contains(day):
                found[customer] += quantity
        return found


def bill(api: Api, customer: str, when: datetime, used: str, **more: object) -> dict[str, Any]:
    """Invoice what there is at an instant, and collect it an hour later; the invoice then."""
    api.run.used(customer, "2024-01-01", used)
    api.run.now = when
    [made] = api.ok("POST", f"{INVOICES}/invoice", {"customerId": customer} | more)
    api.run.collect(when + AN_HOUR)
    api.run.advance(when + AN_HOUR)
    found: dict[str, Any] = api.ok("GET", f"{INVOICES}/{made['id']}")
    return found


def used_by_day(run: Run, customer: str, days: Mapping[str, int]) -> None:
    run.usage = UsageByDay({("usage", at(day), customer): Decimal(used) for day, used in days.items()})


def drafted(api: Api, customer: str, when: datetime) -> str:
    """Invoice what there is at an instant, and leave it unrated; the invoice's id."""
    api.run.now = when
    [made] = api.ok("POST", f"{INVOICES}/invoice", {"customerId": customer})
    found: str = made["id"]
    return found


def line(invoice: dict[str, Any]) -> dict[str, Any]:
    [found] = invoice["lines"]
    assert isinstance(found, dict)
    return found


def charged(run: Run) -> list[Decimal]:
    return [invoice.totals.total for invoice in run.invoices()]


def shown(invoice: dict[str, Any]) -> tuple[str, str, str, str]:
    found = line(invoice)
    period = found["period"]
    return period["from"][:10], period["to"][:10], found["meteredPreLinePeriodQuantity"], found["meteredQuantity"]


def canceled(run: Run, made: Subscription, when: datetime) -> None:
    run.change(replace(made, active_to=when, updated_at=run.now))
