"""Months at random in currencies of no and of three digits, with prices and usage of up to 38, of which some is below
zero: as in dollars, a period was charged what its usage comes to on one line, and the audit finds nothing."""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, localcontext

import pytest

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.feature import Feature
from meterhouse.catalog.postgres import PostgresFeatures
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
from meterhouse.kernel.rounding import EXACT
from meterhouse.platform.ids import new_id
from meterhouse.rating.rate import rate
from meterhouse.rating.usage import Usage
from meterhouse.subscriptions.postgres import PostgresSubscriptions
from meterhouse.subscriptions.spec import Terms, pinned, subscribe
from tests.integration.billing.audited import audited, findings
from tests.integration.billing.conftest import Run
from tests.integration.billing.late import mark
from tests.integration.billing.parts import UsageByDay
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_random_months import KEEPING, START, STOP, Months
from tests.unit.billing.samples import NOW, metered
from tests.unit.subscriptions.samples import phase, spec

AMOUNTS = ["1E-20", "123456789012345.12345678901234567891", "0.333333333333", "999.9995", "0.5", "1.0005"]
QUANTITIES = [1, 7, 300, 10**12, 10**19]


class UsageToTheLastDigit(UsageByDay):
    def quantities(
        self, _namespace: str, feature: Feature, period: Period, subjects: Mapping[str, Collection[str]]
    ) -> Mapping[str, Decimal]:
        with localcontext(EXACT):
            return super().quantities(_namespace, feature, period, subjects)


def card(r: random.Random) -> RateCard:
    least, most = Decimal(r.randint(0, 40)), Decimal(r.choice(["60", "99999999999999.5", "123"]))
    bound = Commitments(*r.choice([(None, None), (least, None), (None, most), (least, most)]))
    amount, other = Decimal(r.choice(AMOUNTS)), Decimal(r.choice(AMOUNTS))
    tiers = (
        Tier(Decimal(20), Decimal(5), amount),
        Tier(Decimal("60.000000000000000001"), None, other),
        Tier(None, Decimal(2), amount),
    )
    prices: list[Price] = [
        UnitPrice(amount, bound),
        PackagePrice(amount, Decimal("7.000000000000000003"), bound),
        DynamicPrice(Decimal("1.07"), bound),
        TieredPrice(TierMode.GRADUATED, tiers, bound),
        TieredPrice(TierMode.VOLUME, tiers, bound),
    ]
    percentage = r.choice([None, Decimal("12.5"), Decimal("33.333333333333333333")])
    return replace(metered(price=r.choice(prices)), discounts=Discounts(percentage, r.choice([None, Decimal("7.5")])))


@dataclass
class MonthsOfManyDigits(Months):
    """Of a customer who pays in `money`."""

    money: str = "JPY"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.used = self.run.usage = UsageToTheLastDigit()
        self.run.change(replace(self.sold, deleted_at=START))
        self.ann = self.run.customer("bob")
        terms = Terms(id=new_id(), customer_id=self.ann, active_from=START, created_at=NOW)
        made = subscribe(replace(spec(phase("default", None, self.card)), currency=self.money), terms)
        with self.run.database.transaction(self.run.namespace) as transaction:
            self.sold = pinned(made, PostgresFeatures(transaction).by_keys(made.feature_keys()))
            PostgresSubscriptions(transaction).add(self.sold)
            transaction.commit()

    def charged(self) -> dict[str, Decimal]:
        with localcontext(EXACT):
            return super().charged()

    def comes_to(self, ended: datetime) -> dict[str, Decimal]:
        with localcontext(EXACT):
            return super().comes_to(ended)

    def _rated(self, quantity: Decimal) -> Decimal:
        price = self.card.price
        assert price is not None
        usage = Usage("", price, currency(self.money), Period(START, STOP), quantity, discounts=self.card.discounts)
        return rate(usage).totals.charged

    def _use(self) -> None:
        parts = Decimal(self.r.randint(0, 10**18)).scaleb(-18)
        self._come(EXACT.add(Decimal(self.r.choice(QUANTITIES)), parts))

    def _take_back(self) -> None:
        used = self.r.choice(list(self.used.used.values()) or [Decimal(3)])
        self._come(self.r.choice([EXACT.minus(used), Decimal("-2.000000000000000001")]))

    def _come(self, quantity: Decimal) -> None:
        when = START + (self.run.now - START) * self.r.choice([self.r.random(), 1])
        self.used.used["usage", when, self.ann] = quantity
        mark(self.run, "bob")

    def _grant(self) -> None:
        lasts, amount = self.r.choice([None, "P10D"]), self.r.choice(["5", "12345678", "9" * 20])
        Purse(self.run).grant(self.ann, amount, currency=self.money, effective_at=self.run.now, expires_after=lasts)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("money", ["JPY", "KWD"])
def test_a_period_is_charged_what_its_usage_comes_to_however_many_digits_that_has(
    run: Run, money: str, seed: int
) -> None:
    r = random.Random(f"{money}/{seed}")  # noqa: S311 - a seed is to be repeated
    months = MonthsOfManyDigits(run, r, card(r), money=money)
    months.pass_by(KEEPING)
    ended = months.end()
    assert months.charged() == months.comes_to(ended), months.told
    assert audited(run).open == 0, (findings(run), months.told)
