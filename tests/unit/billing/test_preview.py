"""What a change does to pending lines, and which of them the next invoice has."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.alignment import Anchored
from meterhouse.billing.invoice import Line, ManagedBy
from meterhouse.billing.preview import Pending, Usages, changes_between, due_by, next_edge, next_invoice
from meterhouse.billing.profile import EndProration, Workflow
from meterhouse.billing.rests import Known
from meterhouse.kernel.cadence import Cadence
from tests.unit.billing.samples import CUSTOMER, NOW, PROFILE, metered, pending
from tests.unit.subscriptions.samples import CUSTOMER_ID, at, fee, subscription

START = at("2024-01-01")
NOTHING = Pending((), Known())
days = st.integers(0, 150).map(lambda number: START + timedelta(days=number, hours=1))


def keys(lines: "Pending") -> list[str]:
    return sorted(line.key.partition("/")[2] for line in lines.lines)


@given(first=days, second=days)
def test_what_follows_in_two_steps_follows_in_one(first: datetime, second: datetime) -> None:
    agreed = subscription("2024-01-01", (fee(), metered()))
    twice = NOTHING.following([agreed], min(first, second), NOW).following([agreed], max(first, second), NOW)
    once = NOTHING.following([agreed], max(first, second), NOW)

    assert keys(twice) == keys(once)
    assert twice.known.keys == {line.key for line in twice.lines}
    assert not changes_between(once.lines, twice.lines).removed


def test_lines_that_no_subscription_asks_for_any_more_are_removed_and_may_come_again() -> None:
    agreed = subscription("2024-01-01", (fee(), metered()))
    before = NOTHING.following([agreed], at("2024-01-15"), NOW)
    after = before.following([], at("2024-01-15"), NOW)

    assert changes_between(before.lines, after.lines).removed == tuple(sorted(before.lines, key=lambda one: one.key))
    assert keys(after.following([agreed], at("2024-01-15"), NOW)) == keys(before)


def test_lines_made_by_hand_stay_whatever_subscriptions_say() -> None:
    [manual, *_] = pending()
    by_hand = replace(manual, key="by hand", managed_by=ManagedBy.MANUAL, subscription=None)

    assert Pending([by_hand], Known()).following([], at("2024-02-01"), NOW).lines == [by_hand]


def test_a_cut_line_is_a_change_and_shows_the_exact_share_unless_the_profile_bills_it_in_full() -> None:
    whole = subscription("2024-01-01", (fee(),))
    cut = replace(whole, active_to=at("2024-01-15"))
    before = NOTHING.following([whole], at("2024-01-10"), NOW)
    changes = changes_between(before.lines, before.following([cut], at("2024-01-10"), NOW).lines)

    [changed] = changes.changed
    assert (changed.before.service_period.end, changed.after.service_period.end) == (
        at("2024-02-01"),
        at("2024-01-15"),
    )
    [share] = changes.prorations(changes, Workflow())
    assert share.share == Fraction(14, 31)
    assert changes.prorations(changes, Workflow(end_proration=EndProration.BILL_FULL_PERIOD)) == []


def test_the_next_invoice_has_what_is_due_now_or_else_what_is_due_first() -> None:
    lines = pending(as_of="2024-03-15")
    first = min(line.invoice_at for line in lines)

    def due(now: str, currency: str = "USD") -> list[Line]:
        return due_by(lines, currency, next_edge(lines, currency, Workflow(), at(now)))

    assert {line.invoice_at for line in due("2023-12-01")} == {first}
    assert {line.invoice_at for line in due("2024-02-10")} == {
        line.invoice_at for line in lines if line.invoice_at <= at("2024-02-10")
    }
    assert due("2024-02-10", "EUR") == []


def test_an_invoice_without_lines_is_none() -> None:
    assert next_invoice([], CUSTOMER, PROFILE, Usages({}), NOW) is None
    made = next_invoice([pending(fee())[0]], CUSTOMER, PROFILE, Usages({}), NOW)
    assert made is not None
    assert (made.customer_id, made.issues) == (CUSTOMER_ID, ())


def test_a_profile_with_edges_of_its_own_invoices_all_that_is_due_by_the_next_edge() -> None:
    lines = pending(as_of="2024-05-15")
    quarterly = Workflow(anchored=Anchored(Cadence.parse("P3M"), at("2024-01-15")))

    def edge(now: str) -> datetime:
        return next_edge(lines, "USD", quarterly, at(now))

    assert min(line.invoice_at for line in lines) < at("2024-01-15")
    assert edge("2023-12-01") == edge("2024-01-10") == at("2024-01-15")
    # due and not collected: a run takes what is due at its last edge, and nothing of what came due since
    assert edge("2024-03-10") == at("2024-01-15")
    assert edge("2024-04-15") == edge("2024-05-20") == at("2024-04-15")
    assert next_edge([], "USD", quarterly, at("2024-05-20")) >= at("2024-04-15")
    assert due_by(lines, "USD", at("2024-04-15")) == sorted(
        (line for line in lines if line.invoice_at <= at("2024-04-15")), key=lambda one: (one.invoice_at, one.id)
    )
