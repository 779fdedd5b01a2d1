"""Whose usage lines are read for, and by how many questions."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.billing.invoice import Line
from meterhouse.billing.quantities import of_customers, of_invoices, quantities_of
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.kernel.period import Period
from tests.unit.billing.samples import CUSTOMER, NOW, FakeUsage, draft, metered, pending
from tests.unit.subscriptions.samples import CUSTOMER_ID, fee

FEATURE = Feature("feature-1", FeatureSpec("usage", "Usage", "meter"), NOW, NOW, meter_id="meter-1")


class Features:
    def by_ids(self, feature_ids: Collection[str]) -> Mapping[str, Feature]:
        return {FEATURE.id: FEATURE} if FEATURE.id in feature_ids else {}

    def by_keys(self, keys: Collection[str]) -> Mapping[str, Feature]:
        return {FEATURE.key: FEATURE} if FEATURE.key in keys else {}


class UsageBySubject(FakeUsage):
    """Each subject used as many units as its name is long."""

    def quantities(
        self, _namespace: str, feature: Feature, period: Period, subjects: Mapping[str, Collection[str]]
    ) -> Mapping[str, Decimal]:
        self.asked.append((feature.key, period, subjects))
        return {customer: Decimal(sum(map(len, own))) for customer, own in subjects.items()}


def january(line_id: str, customer: str, *subjects: str) -> Line:
    [line] = [one for one in pending(metered()) if one.service_period.start.month == 1]
    return replace(line, id=line_id, customer_id=customer, subjects=subjects)


def read(usage: FakeUsage, *lines: Line) -> list[object]:
    found = quantities_of("default", lines, Features(), usage)
    return [found[line.id] for line in lines]


def test_a_feature_and_a_period_are_one_question_for_all_customers_whatever_their_subjects_stand_on() -> None:
    usage, owners = UsageBySubject(), [f"customer-{number}" for number in range(9)]
    lines = [january(owner, owner, owner) for owner in owners] + [january("late", owners[0], owners[0])]
    assert read(usage, *lines) == [Decimal(10)] * 10
    [(feature, _, subjects)] = usage.asked
    assert (feature, subjects) == ("usage", {owner: (owner,) for owner in owners})


def test_two_lines_of_one_customer_are_each_read_for_their_own_subjects() -> None:
    usage = UsageBySubject()
    older, newer, other = january("1", "ann", "a"), january("2", "ann", "bb", "cc"), january("3", "bob", "ddd")
    assert read(usage, older, newer, other) == [1, 4, 3]
    assert [subjects for *_, subjects in usage.asked] == [{"ann": ("a",), "bob": ("ddd",)}, {"ann": ("bb", "cc")}]


def test_a_subject_that_moved_counts_for_each_whose_line_names_it() -> None:
    usage = UsageBySubject()
    assert read(usage, january("1", "ann", "moved", "a"), january("2", "bob", "moved")) == [6, 5]


def test_lines_of_an_invoice_have_its_subjects_and_pending_ones_those_of_today() -> None:
    first, second = draft(fee(), metered()), replace(draft(metered()), subject_keys=("older",))
    by_invoice = {(line.is_metered, line.subjects) for line in of_invoices([first, second])}
    assert by_invoice == {(False, None), (True, ("ann", "ann-1")), (True, ("older",))}
    late = replace(pending(metered())[0], subjects=("own",))
    today = of_customers([*pending(metered()), late], {CUSTOMER_ID: CUSTOMER})
    assert {line.subjects for line in today} == {("ann", "ann-1"), ("own",)}


def test_nobody_guesses_whose_usage_it_is() -> None:
    with pytest.raises(InvariantBroken, match="whose usage"):
        read(UsageBySubject(), replace(january("1", "ann"), subjects=None))
