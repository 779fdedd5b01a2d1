from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from meterhouse.billing.for_catalog import FeaturesToBill
from meterhouse.catalog.feature import FeatureSpec
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.postgres import PostgresCatalog
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterSpec, new_meter
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.postgres import begins
from meterhouse.platform.postgres_transaction import Transaction
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY
from tests.unit.billing.samples import NOW, metered
from tests.unit.subscriptions.samples import at, fee

if TYPE_CHECKING:
    from datetime import datetime

    from meterhouse.catalog.ports import FeatureUse
    from meterhouse.subscriptions.model import Subscription
    from tests.integration.billing.conftest import Run


def catalog(transaction: Transaction) -> PostgresCatalog:
    return PostgresCatalog(transaction, PostgresMeters(transaction))


def features(run: "Run") -> FeatureService:
    return FeatureService(begins(run.database, catalog), lambda: run.now)


def sold(subscription: "Subscription") -> list[str]:
    return [item.feature_id for item in subscription.items if item.feature_id]


def test_usage_is_billed_by_the_feature_that_was_sold_whoever_has_its_key_later(run: "Run") -> None:
    ann = run.customer("ann")
    (feature_id,) = sold(run.subscribe(ann, metered()))
    features(run).archive(run.namespace, feature_id)
    with run.database.transaction(run.namespace) as transaction:
        meter = MeterSpec("other", Aggregation.SUM, "other", "Other", "$.value")
        PostgresMeters(transaction).add(new_meter("01HZ0000000000000000000055", meter, NOW))
        transaction.commit()
    heir = features(run).create(run.namespace, FeatureSpec("usage", "Heir", "other"))
    run.used(ann, "2024-01-01", "10", feature_id)
    run.used(ann, "2024-01-01", "1000", heir.id)
    run.all()
    (invoice,) = run.invoices()
    assert [(line.feature_id, line.quantity) for line in invoice.lines] == [(feature_id, Decimal(10))]


def test_a_feature_is_measured_by_until_its_last_usage_is_on_an_invoice(run: "Run") -> None:
    ann = run.customer("ann")
    made = run.subscribe(ann, fee(), metered())
    (feature_id,) = sold(made)
    clock = [AFTER_JANUARY]
    use: FeatureUse = FeaturesToBill(run.database, lambda: clock[0])

    def is_used(now: "datetime") -> bool:
        clock[0] = now
        return list(use.still_used(run.namespace, [feature_id, "other"])) == [feature_id]

    assert is_used(at("2023-12-01"))
    run.all()
    end = at("2024-02-10")
    run.change(replace(made, active_to=end))
    assert is_used(at("2024-02-09"))
    assert is_used(AFTER_FEBRUARY)
    run.sync(AFTER_FEBRUARY)
    assert is_used(AFTER_FEBRUARY)
    run.all(AFTER_FEBRUARY)
    assert not is_used(AFTER_FEBRUARY)


def test_what_is_not_charged_by_usage_or_never_begins_needs_no_meter(run: "Run") -> None:
    ann, bob = run.customer("ann"), run.customer("bob")
    (flat,) = sold(run.subscribe(ann, replace(fee("usage"), feature_key="usage")))
    assert list(FeaturesToBill(run.database, lambda: AFTER_JANUARY).still_used(run.namespace, [flat])) == []
    never = run.subscribe(bob, metered(), start="2024-03-01")
    run.change(replace(never, deleted_at=NOW))
    assert list(FeaturesToBill(run.database, lambda: AFTER_JANUARY).still_used(run.namespace, sold(never))) == []
