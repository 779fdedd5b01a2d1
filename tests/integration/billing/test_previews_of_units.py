"""What a preview says of lines that are priced in units of a custom currency."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import product

import pytest

from meterhouse.billing.postgres_preview import PostgresPreview
from meterhouse.billing.preview_subscription import PreviewSubscription
from meterhouse.billing.previewed_change import PreviewCancel
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.catalog.price import FlatPrice, PaymentTerm, UnitPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import begins
from meterhouse.subscriptions.timing import Soon
from tests.integration.billing.backtested import Backtested
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_credit_alone import allow_several
from tests.integration.billing.test_custom_currencies import (
    CREDITS,
    JANUARY,
    Mint,
    grant,
    mint,
    overages,
    units,
    units_left,
)
from tests.unit.billing.samples import NOW, metered
from tests.unit.subscriptions.samples import at, fee, phase, spec

__all__ = ["mint"]


def test_previews_and_backtests_count_units_with_what_they_are_worth_and_a_next_invoice_what_credit_leaves(
    run: Run, purse: Purse, mint: Mint
) -> None:
    backtested = Backtested(run)
    plan = backtested.plan(spec(phase("default", None, units())))
    dearer = backtested.plan(spec(phase("default", None, units("2"))), version=2)
    ann = run.customer("ann")
    sold = backtested.subscribe(ann, plan)
    run.used(ann, JANUARY, "20")
    grant(purse, ann, 3)
    preview = PreviewSubscription(begins(run.database, PostgresPreview), run.usage, lambda: at("2024-01-15"))
    cancel = PreviewCancel(sold.id, Soon.NEXT_BILLING_CYCLE)
    found = preview(run.namespace, cancel).next_invoice
    assert found is not None
    assert ([one.code for one in found.issues], found.totals.total) == (["no_cost_basis"], Decimal(0))
    mint.worth("0.1")
    found = preview(run.namespace, cancel).next_invoice
    assert found is not None
    # of 10 units credit bears 3
    assert (found.currency, len(found.issues), found.totals.total) == ("USD", 0, Decimal("0.70"))
    assert units_left(run, ann) == 3
    run.all()
    assert overages(run) == [(7, Decimal("0.1"), Decimal("0.70"))]
    done = backtested.done(dearer, periods=1, asOf="2024-02-01T00:00:00Z")
    assert done["totals"] == {"old": "1.00", "new": "4.00", "difference": "3.00"}


def test_a_preview_shows_no_invoice_where_credit_bears_all_units_and_shares_of_fees_in_money(
    run: Run, purse: Purse, mint: Mint
) -> None:
    backtested = Backtested(run)
    monthly = replace(fee("seat", "31"), price=FlatPrice(Decimal(31)), currency=CREDITS.currency)
    ann = run.customer("ann")
    sold = backtested.subscribe(ann, backtested.plan(spec(phase("default", None, monthly))))
    preview = PreviewSubscription(begins(run.database, PostgresPreview), run.usage, lambda: at("2024-01-15"))
    shares = []
    for worth in (None, "0.1"):
        if worth:
            mint.worth(worth)
        found = preview(run.namespace, PreviewCancel(sold.id, Soon.IMMEDIATE))
        [one] = found.prorations
        shares.append((str(one.share), one.full_amount, one.line.totals.total))
    # in units until somebody said what they are worth
    assert shares == [("14/31", 31, 14), ("14/31", Decimal("3.1"), Decimal("1.40"))]
    assert found.next_invoice is not None
    grant(purse, ann, 14)
    assert preview(run.namespace, PreviewCancel(sold.id, Soon.IMMEDIATE)).next_invoice is None


@pytest.mark.parametrize("worth", [None, "0.1"])
def test_what_credit_bears_whole_is_not_on_a_previewed_invoice_and_a_worth_is_missed_only_where_there_is_none(
    run: Run, purse: Purse, mint: Mint, worth: str | None
) -> None:
    if worth:
        mint.worth(worth)
    backtested = Backtested(run)
    monthly = replace(fee("seat", "31"), price=FlatPrice(Decimal(31)), currency=CREDITS.currency)
    unread = replace(units(), key="unheard", feature_key="unheard", currency=CREDITS.currency if worth else None)
    ann = run.customer("ann")
    sold = backtested.subscribe(ann, backtested.plan(spec(phase("default", None, monthly, unread))))
    preview = PreviewSubscription(begins(run.database, PostgresPreview), run.usage, lambda: at("2024-01-15"))
    grant(purse, ann, 14)
    found = preview(run.namespace, PreviewCancel(sold.id, Soon.IMMEDIATE)).next_invoice
    assert found is not None
    assert [line.rate_card.key for line in found.lines] == ["unheard"]
    assert [(one.code, one.field) for one in found.issues] == [("feature_not_found", "/lines/0")]


def in_arrears(key: str, amount: str) -> RateCard:
    price = FlatPrice(Decimal(amount), PaymentTerm.IN_ARREARS)
    return replace(fee(key, amount), price=price, currency=CREDITS.currency)


def in_advance(key: str, amount: str) -> RateCard:
    return replace(fee(key, amount), currency=CREDITS.currency)


@pytest.mark.parametrize("bill", [Run.all, Run.step_by_step])
def test_what_credit_alone_settles_in_the_same_units_leaves_a_previewed_invoice_what_it_leaves_the_run(
    run: Run, purse: Purse, mint: Mint, bill: Callable[[Run, datetime], object]
) -> None:
    mint.worth("0.1")
    allow_several(run)
    with run.database.transaction(run.namespace) as transaction:
        extra = FeatureSpec("extra", "Extra", "meter")
        PostgresFeatures(transaction).add(Feature(new_id(), extra, NOW, NOW, meter_id=run.meter_id))
        transaction.commit()
    usage = replace(metered("extra", UnitPrice(Decimal(1))), currency=CREDITS.currency)
    alone = [[in_arrears("seat", "8")], [in_advance("seat", "8")], [usage], [in_advance("seat", "5"), usage]]
    invoiced = [[units()], [in_arrears("base", "6"), units()]]
    sold = {}
    for number, (beside, cards, credit) in enumerate(product(alone, invoiced, (3, 12, 21, 100))):
        customer = run.customer(f"customer-{number}")
        sold[customer] = run.subscribe(customer, *cards)
        run.subscribe(customer, *beside, settlement=SettlementMode.CREDIT_ONLY)
        run.used(customer, JANUARY, "20")
        run.used(customer, JANUARY, "7", "extra")
        grant(purse, customer, credit)
    bill(run, at("2024-01-01T02:00:00Z"))
    assert run.invoices() == []
    preview = PreviewSubscription(begins(run.database, PostgresPreview), run.usage, lambda: at("2024-01-15"))
    foretold = {
        customer: preview(run.namespace, PreviewCancel(one.id, Soon.NEXT_BILLING_CYCLE)).next_invoice
        for customer, one in sold.items()
    }
    for one in sold.values():
        run.change(replace(one, active_to=at("2024-02-01")))
    bill(run, AFTER_JANUARY)
    billed = {one.customer_id: one.totals.total for one in run.invoices()}
    told = {customer: one.totals.total for customer, one in foretold.items() if one is not None}
    assert told == billed
    # 12 less the seat's 8 leave 4 for 10; which of two lines comes first at one instant is by their ids
    assert set(billed.values()) > {Decimal("0.60"), Decimal("1.00")}
    assert len(run.invoices()) == len(billed) < len(sold)
