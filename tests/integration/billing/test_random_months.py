"""Months of a customer at random: usage late and taken back, parts, voids, drafts thrown away, credit, unpaid invoices.

Whatever happens, in the end a period was charged what its usage comes to, less what was given up by hand, and the audit
finds nothing.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from meterhouse.billing.app import Payment
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.line_keys import whole_of
from meterhouse.billing.payment_report import PaymentReport
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.state import Trigger
from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import (
    Commitments,
    DynamicPrice,
    PackagePrice,
    Price,
    Tier,
    TieredPrice,
    TierMode,
    UnitPrice,
)
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.currency import currency
from meterhouse.kernel.period import Period
from meterhouse.platform.ids import new_id
from meterhouse.rating.rate import rate
from meterhouse.rating.usage import Usage
from tests.integration.billing.audited import audited, findings
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import DISCARD, INVOICES, PROFILES, Api
from tests.integration.billing.late import mark
from tests.integration.billing.parts import UsageByDay
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.subscriptions.samples import at

START, STOP = at("2024-01-01"), at("2024-03-20")
UNPAID = {f"payment_processing.{name}" for name in ("pending", "action_required", "failed")} | {
    "overdue",
    "uncollectible",
}
OWING = UNPAID | {"payment_processing.authorized"}
KEEPING = ["use"] * 4 + ["take_back"] * 2 + ["run"] * 3 + ["bill", "bill", "void", "snapshot", "grant", "pay"]
GIVING_UP = [*KEEPING, "discard", "delete", "delete"]


def card(r: random.Random) -> RateCard:
    least, most = Decimal(r.randint(0, 40)), Decimal(r.randint(60, 200))
    bound = Commitments(*r.choice([(None, None), (least, None), (None, most), (least, most)]))
    amount = Decimal(r.choice(["0.333", "1", "0.005", "2.5"]))
    tiers = (
        Tier(Decimal(20), Decimal(5), amount),
        Tier(Decimal(60), None, amount / 2),
        Tier(None, Decimal(2), amount / 4),
    )
    prices: list[Price] = [
        UnitPrice(amount, bound),
        PackagePrice(amount * 10, Decimal(7), bound),
        DynamicPrice(Decimal("1.07"), bound),
        TieredPrice(TierMode.GRADUATED, tiers, bound),
        TieredPrice(TierMode.VOLUME, tiers, bound),
    ]
    discounts = Discounts(r.choice([None, Decimal("12.5")]), r.choice([None, Decimal("7.5")]))
    return replace(metered(price=r.choice(prices)), discounts=discounts)


@dataclass
class Months:
    run: Run
    r: random.Random
    card: RateCard
    log: list[str] = field(default_factory=list)
    given_up: set[str] = field(default_factory=set)
    """Full periods of which something was thrown away by hand."""

    def __post_init__(self) -> None:
        self.api, self.app, self.used = Api(self.run), FakeApp(payment=Payment(Trigger.PAID)), UsageByDay()
        self.run.app, self.run.usage, self.run.now = self.app, self.used, START
        period = self.r.choice(["P0D", "P3D"])
        self.api.ok("POST", PROFILES, self.api.profile(default=True, workflow={"invoicing": {"draftPeriod": period}}))
        self.ann = self.run.customer("ann")
        self.sold = self.run.subscribe(self.ann, self.card)

    def pass_by(self, steps: Collection[str]) -> None:
        while self.run.now < STOP:
            self.run.now += timedelta(minutes=self.r.randint(1, 60 * 24 * 4))
            name = self.r.choice(list(steps))
            self.log.append(f"{self.run.now} {name}")
            getattr(self, f"_{name}")()

    def end(self) -> datetime:
        """When the subscription ended; all is billed and paid by then."""
        ended = self.run.now + timedelta(days=3)
        self.run.change(replace(self.sold, active_to=ended))
        self.app.payment = Payment(Trigger.PAID)
        for _ in range(4):
            self.run.now += timedelta(days=20)
            self._run()
            for invoice in self._invoices(OWING.__contains__):
                report = PaymentReport(new_id(), Trigger.PAID, self.run.now)
                RecordPayment(self.run.begin, self.run.apps, lambda: self.run.now)(
                    self.run.namespace, invoice.id, report
                )
            self._run()
        return ended

    @property
    def told(self) -> str:
        return "\n".join([str(self.card), *self.log])

    def assert_charged(self, ended: datetime) -> None:
        """What its usage comes to, of each period; less, and never less than nothing, of one that was given up."""
        charged, wanted = self.charged(), self.comes_to(ended)
        kept, owed = ({name: of[name] for name in of.keys() - self.given_up} for of in (charged, wanted))
        assert charged, self.told
        assert kept == owed, self.told
        assert all(0 <= amount <= wanted[period] for period, amount in charged.items()), self.told

    def charged(self) -> dict[str, Decimal]:
        """By full period, what was charged for it less what went back."""
        back = {
            row["line_id"]: row["back"]
            for row in self.run.rows(
                "SELECT line_id, sum(total + credits) AS back FROM credit_note_lines WHERE namespace = %(namespace)s"
                " GROUP BY 1"
            )
        }
        found: dict[str, Decimal] = defaultdict(Decimal)
        for row in self.run.rows(
            "SELECT l.id, l.key, l.amount - l.discounts_total + l.charges_total AS charged"
            " FROM invoice_lines l JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id"
            " WHERE l.namespace = %(namespace)s AND l.is_live AND l.note_id IS NULL AND i.issued_at IS NOT NULL"
            " AND i.voided_at IS NULL"
        ):
            found[whole_of(row["key"])] += row["charged"] - back.get(row["id"], Decimal(0))
        return found

    def comes_to(self, ended: datetime) -> dict[str, Decimal]:
        """By full period, what its usage comes to on one line."""
        edges = [at(f"2024-0{month}-01") for month in (1, 2, 3, 4)]
        found = {}
        for number, (start, after) in enumerate(zip(edges, [*edges[1:], ended], strict=True)):
            if start < ended:
                until = min(after, ended)
                quantity = sum((n for (_, when, _), n in self.used.used.items() if start <= when < until), Decimal(0))
                found[f"{self.sold.id}/default/usage/v[0]/period[{number}]"] = self._rated(quantity)
        return found

    def _rated(self, quantity: Decimal) -> Decimal:
        price, dollars = self.card.price, currency("USD")
        assert price is not None
        period = Period(START, STOP)
        return rate(Usage("", price, dollars, period, quantity, discounts=self.card.discounts)).totals.charged

    def _invoices(self, is_in: Callable[[str], bool]) -> list[Invoice]:
        return [one for one in self.run.invoices() if one.lines and is_in(one.state.value)]

    def _one(
        self, is_in: Callable[[str], bool], method: str, action: str, body: object = None, *, gives_up: bool = False
    ) -> None:
        found = self._invoices(is_in)
        if found:
            chosen = self.r.choice(found)
            status, _ = self.api(method, f"{INVOICES}/{chosen.id}{action}", body)
            self.log.append(f"{action} {status}")
            assert status < 500
            if gives_up and status < 300:
                self.given_up |= {whole_of(line.key) for line in chosen.lines}

    def _use(self) -> None:
        """Now, or late by any time."""
        when = START + (self.run.now - START) * self.r.choice([self.r.random(), 1])
        self.used.used["usage", when, self.ann] = Decimal(self.r.randint(1, 300)) / self.r.choice([1, 4, 10])
        mark(self.run)

    def _take_back(self) -> None:
        if self.used.used:
            key = self.r.choice(list(self.used.used))
            self.used.used[key] *= Decimal(self.r.choice(["0", "0.5"]))
            mark(self.run)

    def _run(self) -> None:
        assert self.run.all(self.run.now).failed == {}

    def _bill(self) -> None:
        self.api("POST", f"{INVOICES}/invoice", {"customerId": self.ann})

    def _void(self) -> None:
        self._one(UNPAID.__contains__, "POST", "/void", PENDING)

    def _discard(self) -> None:
        self._one(UNPAID.__contains__, "POST", "/void", DISCARD, gives_up=True)

    def _delete(self) -> None:
        self._one(lambda state: state.startswith("draft."), "DELETE", "", gives_up=True)

    def _snapshot(self) -> None:
        self._one(lambda state: state.startswith("draft."), "POST", "/snapshot-quantities")

    def _grant(self) -> None:
        lasts = self.r.choice([None, "P10D"])
        Purse(self.run).grant(self.ann, self.r.choice([5, 100]), effective_at=self.run.now, expires_after=lasts)

    def _pay(self) -> None:
        self.app.payment = self.r.choice([Payment(Trigger.PAID), None, Payment(Trigger.FAILED, "no")])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("steps", [KEEPING, GIVING_UP], ids=["all is kept", "some is given up"])
def test_a_period_is_charged_what_its_usage_comes_to_whatever_happens_on_the_way(
    run: Run, steps: list[str], seed: int
) -> None:
    r = random.Random(f"{len(steps)}/{seed}")  # noqa: S311 - a seed is to be repeated
    months = Months(run, r, card(r))
    months.pass_by(steps)
    months.assert_charged(months.end())
    assert audited(run).open == 0, (findings(run), months.told)
